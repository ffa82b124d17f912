package core

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"conclave/keys"
)

// plansFile is the plans' name in Config.Keep.
const plansFile = "plans"

// plan is a meeting to be hosted, with what is needed to create it: the
// descriptor, whose signature anybody with the device key can make again, the
// private half of its lobby key, and the passcode to check knocks with.
type plan struct {
	title        string
	service, pin string
	about        keys.Descriptor
	lobby        keys.LobbyKey
	passcode     string
	start        time.Time
	duration     time.Duration
}

// Format implements fmt.Formatter.
func (plan) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, hidden) }

func (p plan) link() keys.Link {
	return keys.Link{Service: p.service, Meeting: p.about.ID(), Pin: p.pin}
}

// keptPlan is a plan as it lies in the sealed file.
type keptPlan struct {
	Title    string `json:"title"`
	Link     string `json:"link"`
	About    []byte `json:"about"`
	Lobby    []byte `json:"lobby"`
	Passcode string `json:"passcode,omitempty"`
	Start    int64  `json:"start"`   // Unix seconds
	Minutes  int    `json:"minutes"` // how long
}

func encodePlans(plans []plan) ([]byte, error) {
	kept := make([]keptPlan, 0, len(plans))
	for _, p := range plans {
		lobby := p.lobby.Bytes()
		kept = append(kept, keptPlan{
			p.title, p.link().String(), p.about.Encode(), lobby[:], p.passcode, p.start.Unix(), int(p.duration / time.Minute),
		})
	}
	return json.Marshal(kept)
}

var errPlans = errors.New("parse plans: malformed")

// parsePlans reads the plans of this device, soonest first. It takes nothing
// half: one malformed entry refuses the whole file.
func parsePlans(data []byte, self keys.PublicKey) ([]plan, error) {
	if len(data) == 0 {
		return nil, nil
	}
	var kept []keptPlan
	if json.Unmarshal(data, &kept) != nil || len(kept) > MaxPlans {
		return nil, errPlans
	}
	plans, seen := make([]plan, 0, len(kept)), map[keys.MeetingID]bool{}
	for _, k := range kept {
		p, err := k.parse(self)
		if err != nil || seen[p.about.ID()] {
			return nil, errPlans
		}
		seen[p.about.ID()] = true
		plans = append(plans, p)
	}
	slices.SortStableFunc(plans, func(a, b plan) int { return a.start.Compare(b.start) })
	return plans, nil
}

func (k keptPlan) parse(self keys.PublicKey) (plan, error) {
	about, err := keys.ParseDescriptor(k.About)
	if err != nil || about.Host != self {
		return plan{}, errPlans
	}
	link, err := keys.ParseLink(k.Link)
	if err != nil || link.Meeting != about.ID() || link.String() != k.Link {
		return plan{}, errPlans
	}
	if len(k.Lobby) != 32 {
		return plan{}, errPlans
	}
	lobby, err := keys.LobbyKeyFromBytes([32]byte(k.Lobby))
	if err != nil || lobby.Public() != about.LobbyKey {
		return plan{}, errPlans
	}
	title, ok := CleanTitle(k.Title)
	length := time.Duration(k.Minutes) * time.Minute
	if !ok || title != k.Title || k.Minutes < 0 || k.Minutes > 24*60 || length < ShortestPlan ||
		k.Start < 0 || k.Start > latest || len(k.Passcode) > keys.MaxPasscode || about.Passcode != (k.Passcode != "") {
		return plan{}, errPlans
	}
	return plan{
		title: title, service: link.Service, pin: link.Pin, about: about, lobby: lobby, passcode: k.Passcode,
		start: time.Unix(k.Start, 0).UTC(), duration: length,
	}, nil
}
