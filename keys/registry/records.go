package registry

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"conclave/keys"
	"conclave/keys/registry/store"
	"conclave/keys/tlog"
)

// The kinds of records.
const (
	kindAccount      store.Kind = "account"      // key: account
	kindAddress      store.Kind = "address"      // key: e-mail address; owner: account
	kindDevice       store.Kind = "device"       // key: device; owner: account
	kindVerification store.Kind = "verification" // key: account/class; owner: account
	kindProof        store.Kind = "proof"        // key: keyed hash of a phone or an organisation's identity; owner: account
	kindAttempt      store.Kind = "attempt"      // key: attempt; owner: device
	kindVoucher      store.Kind = "voucher"      // key: spent voucher; owner: nobody, on purpose
	kindPassport     store.Kind = "passport"     // key: commitment; owner: account
	kindSeat         store.Kind = "seat"         // key: address or domain
	kindEvent        store.Kind = "event"        // key: webhook that was carried out
	kindDisclosure   store.Kind = "disclosure"   // key: index in the log
	kindPolicy       store.Kind = "policy"       // key: hash; body: signed policy
	kindTerms        store.Kind = "terms"        // key: hash; owner: account that left them first; body: terms of a meeting
	kindLogged       store.Kind = "logged"       // key: what was logged today
	kindNonce        store.Kind = "nonce"        // key: of a request, where services share the store
)

type account struct {
	ID       keys.AccountID `json:"id"`
	Name     string         `json:"name"`
	Address  string         `json:"address"`
	Created  time.Time      `json:"created"`
	Deleting bool           `json:"deleting,omitempty"`
}

type device struct {
	Key     keys.PublicKey `json:"key"`
	Added   time.Time      `json:"added"`
	Revoked time.Time      `json:"revoked,omitzero"`
}

type verification struct {
	Class    keys.Class `json:"class"`
	Issuer   string     `json:"issuer"`
	Evidence string     `json:"evidence"` // its kind: code, sign-on, operator, billing, voucher
	Verified time.Time  `json:"verified"`
	Expires  time.Time  `json:"expires,omitzero"`
	Proof    string     `json:"proof,omitempty"` // key of the proof record
}

type attempt struct {
	Purpose string         `json:"purpose"` // signin, phone, organisation
	Account keys.AccountID `json:"account,omitzero"`
	Target  string         `json:"target"` // address; keyed hash of a number; domain
	Code    string         `json:"code"`   // keyed hash; nonce for organisations
	Tries   int            `json:"tries"`
	Failed  bool           `json:"failed,omitempty"` // the gateway reported that it did not deliver
}

type passport struct {
	Device  keys.PublicKey  `json:"device"`
	Chain   [][]byte        `json:"chain"`
	Opening []byte          `json:"opening"`
	Day     uint32          `json:"day"`
	Receipt keys.LogReceipt `json:"receipt,omitzero"`
	// Revoke is set with the promise to revoke, Revoked once the log has it.
	Revoke  bool `json:"revoke,omitempty"`
	Revoked bool `json:"revoked,omitempty"`
}

type seat struct {
	Organisation string    `json:"organisation"`
	Expires      time.Time `json:"expires,omitzero"`
	Evidence     string    `json:"evidence"`
}

// get reads a record's body, or returns store.ErrNotFound.
func get[T any](tx store.Tx, kind store.Kind, key string) (T, store.Record, error) {
	var out T
	r, err := tx.Get(kind, key)
	if err != nil {
		return out, r, err
	}
	return out, r, read(r, &out)
}

func read(r store.Record, into any) error {
	if err := json.Unmarshal(r.Body, into); err != nil {
		return fmt.Errorf("read record of kind %s: damaged", r.Kind)
	}
	return nil
}

// put writes a record with body as JSON.
func put(tx store.Tx, kind store.Kind, key, owner string, until time.Time, body any) error {
	data, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("write record of kind %s: %w", kind, err)
	}
	return tx.Put(store.Record{Kind: kind, Key: key, Owner: owner, Until: until, Body: data})
}

// list reads all records of an owner.
func list[T any](tx store.Tx, kind store.Kind, owner string) ([]T, []store.Record, error) {
	records, err := tx.List(kind, owner)
	if err != nil {
		return nil, nil, err
	}
	out := make([]T, len(records))
	for i, r := range records {
		if err := read(r, &out[i]); err != nil {
			return nil, nil, err
		}
	}
	return out, records, nil
}

// callerOf returns the account of a device that is not revoked.
func callerOf(tx store.Tx, key keys.PublicKey) (account, error) {
	d, r, err := get[device](tx, kindDevice, key.String())
	if errors.Is(err, store.ErrNotFound) || err == nil && !d.Revoked.IsZero() {
		return account{}, errUnauthorized()
	}
	if err != nil {
		return account{}, err
	}
	a, _, err := get[account](tx, kindAccount, r.Owner)
	if errors.Is(err, store.ErrNotFound) || err == nil && a.Deleting {
		return account{}, errUnauthorized()
	}
	return a, err
}

func (p passport) entry(id keys.AccountID, kind tlog.Kind) tlog.Entry {
	return tlog.Entry{
		Kind: kind, Day: p.Day, Label: keys.LogLabel(id, p.Day),
		Commitment: keys.Commitment([32]byte(p.Opening), p.Chain[0]),
	}
}

func (p passport) bundle() keys.PassportBundle {
	return keys.PassportBundle{Chain: p.Chain, Opening: [32]byte(p.Opening), Log: p.Receipt}
}
