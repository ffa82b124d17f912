package tlog

import (
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"conclave/keys"
)

// Kind says what an entry records.
type Kind uint8

// The kinds of entries.
const (
	KindNone       Kind = iota
	KindPassport        // a passport was issued
	KindRevocation      // a passport was revoked before its end
	KindPolicy          // a policy version is in force
	KindDisclosure      // an operator exported data of accounts
	KindAuthority       // an authority signs passports from now on
)

var kindNames = [...]string{"", "passport", "revocation", "policy", "disclosure", "authority"}

// String returns the name of the kind as it stands in entries.
func (k Kind) String() string {
	if k == KindNone || int(k) >= len(kindNames) {
		return "invalid"
	}
	return kindNames[k]
}

// The closed lists of disclosures.
var (
	grounds = []string{"emergency", "child-abuse", "court-order", "search-warrant", "subpoena", "owner-request"}
	subject = []string{"account", "devices", "verifications"}
)

// Grounds lists the legal grounds of disclosures.
func Grounds() []string { return slices.Clone(grounds) }

// Disclosed lists what a disclosure can hold. Meeting contents are not in it,
// because no service has them.
func Disclosed() []string { return slices.Clone(subject) }

// ErrEntry is returned for bytes that are no entry.
var ErrEntry = errors.New("parse log entry: malformed")

// Entry is one record of the log. Which fields are used depends on Kind.
type Entry struct {
	Kind       Kind
	Day        uint32   // days since 1970, UTC
	Label      [32]byte // passport, revocation: keys.LogLabel of the account and Day
	Commitment [32]byte // passport, revocation: keys.Commitment of the certificate; policy, authority: hash
	Version    uint64   // policy: its version
	Ground     string   // disclosure: one of Grounds
	What       string   // disclosure: one of Disclosed
	Count      uint64   // disclosure: how many accounts
}

// Day returns the day of an entry that is made at t.
func Day(t time.Time) uint32 { return uint32(t.Unix() / 86400) }

// PassportEntry is the entry that a passport must have in the log.
func PassportEntry(p keys.Passport, opening [32]byte, certificate []byte) Entry {
	day := Day(p.NotBefore)
	return Entry{
		Kind: KindPassport, Day: day,
		Label: keys.LogLabel(p.Account, day), Commitment: keys.Commitment(opening, certificate),
	}
}

const entryPrefix = "conclave-log/1 "

// Encode returns the one text of e: a line with the kind, then one line a field.
func (e Entry) Encode() []byte {
	out := &strings.Builder{}
	fmt.Fprintf(out, "%s%s\nday %d\n", entryPrefix, e.Kind, e.Day)
	switch e.Kind {
	case KindPassport, KindRevocation:
		fmt.Fprintf(out, "label %s\ncommitment %s\n", encode32(e.Label), encode32(e.Commitment))
	case KindPolicy:
		fmt.Fprintf(out, "version %d\nhash %s\n", e.Version, encode32(e.Commitment))
	case KindAuthority:
		fmt.Fprintf(out, "hash %s\n", encode32(e.Commitment))
	case KindDisclosure:
		fmt.Fprintf(out, "ground %s\nwhat %s\ncount %d\n", e.Ground, e.What, e.Count)
	case KindNone:
	}
	return []byte(out.String())
}

func encode32(b [32]byte) string { return base64.RawURLEncoding.EncodeToString(b[:]) }

// ParseEntry reads what Encode writes, and no other bytes.
func ParseEntry(data []byte) (Entry, error) {
	if len(data) > 512 {
		return Entry{}, ErrEntry
	}
	lines := strings.Split(string(data), "\n")
	kind, ok := strings.CutPrefix(lines[0], entryPrefix)
	if !ok || len(lines) < 3 {
		return Entry{}, ErrEntry
	}
	e := Entry{Kind: Kind(max(0, slices.Index(kindNames[:], kind)))}
	for _, line := range lines[1 : len(lines)-1] {
		name, value, _ := strings.Cut(line, " ")
		e.set(name, value)
	}
	// Whatever set misread does not come out again as it went in.
	if e.Kind == KindNone || string(e.Encode()) != string(data) {
		return Entry{}, ErrEntry
	}
	if e.Kind == KindDisclosure && (!slices.Contains(grounds, e.Ground) || !slices.Contains(subject, e.What) || e.Count == 0) {
		return Entry{}, ErrEntry
	}
	return e, nil
}

func (e *Entry) set(name, value string) {
	switch name {
	case "day":
		n, _ := strconv.ParseUint(value, 10, 32)
		e.Day = uint32(n)
	case "label":
		e.Label = decode32(value)
	case "commitment", "hash":
		e.Commitment = decode32(value)
	case "version":
		e.Version, _ = strconv.ParseUint(value, 10, 64)
	case "count":
		e.Count, _ = strconv.ParseUint(value, 10, 64)
	case "ground":
		e.Ground = value
	case "what":
		e.What = value
	}
}

func decode32(s string) (out [32]byte) {
	raw, _ := base64.RawURLEncoding.DecodeString(s)
	copy(out[:], raw)
	return out
}
