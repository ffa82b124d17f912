package registry

import (
	"context"
	"errors"
	"net/mail"
	"strings"
	"time"

	"conclave/keys"
	"conclave/keys/registry/store"
	"conclave/keys/registry/wire"
)

// StartSignIn sends a code to an e-mail address. Whether the address has an
// account cannot be told from the answer.
func (g *Registry) StartSignIn(ctx context.Context, by Caller, address string) (wire.Started, error) {
	address, err := cleanAddress(address)
	if err != nil {
		return wire.Started{}, err
	}
	if err := g.allowCode(by, g.cfg.Secrets.keyed("limit", address)); err != nil {
		return wire.Started{}, err
	}
	return g.sendCode(ctx, by, attempt{Purpose: purposeSignIn, Target: address}, address, g.cfg.Mail)
}

// FinishSignIn takes the code and makes the device one of the account's. name
// is that of a new account; an existing one keeps its own.
func (g *Registry) FinishSignIn(ctx context.Context, by Caller, id, code, name string) (wire.Account, error) {
	var out wire.Account
	err := g.useCode(ctx, by, purposeSignIn, id, code, func(tx store.Tx, a attempt) error {
		now := g.cfg.Now().UTC().Truncate(time.Second)
		r, err := tx.Get(kindAddress, a.Target)
		var person account
		switch {
		case errors.Is(err, store.ErrNotFound):
			if person, err = g.newAccount(tx, a.Target, name, now); err != nil {
				return err
			}
		case err != nil:
			return err
		default:
			if person, _, err = get[account](tx, kindAccount, r.Owner); err != nil {
				return err
			}
			if person.Deleting {
				return wire.Fail(wire.CodeExpired) // it is gone in a moment; a new code makes a new one
			}
		}
		if err := addDevice(tx, person.ID, by.Device, now); err != nil {
			return err
		}
		out, err = g.describe(tx, person)
		return err
	})
	if err != nil {
		return wire.Account{}, err
	}
	return out, nil
}

func (g *Registry) newAccount(tx store.Tx, address, name string, now time.Time) (account, error) {
	clean, err := keys.CleanName(name)
	if err != nil {
		return account{}, wire.Fail(wire.CodeName)
	}
	person := account{ID: keys.NewAccountID(), Name: clean, Address: address, Created: now}
	owner := person.ID.String()
	return person, errors.Join(
		put(tx, kindAccount, owner, owner, time.Time{}, person),
		put(tx, kindAddress, address, owner, time.Time{}, struct{}{}),
		verify(tx, person.ID, verification{Class: keys.ClassEmail, Evidence: "code", Verified: now}),
	)
}

// addDevice binds a device to an account. A device that belongs to another
// account must be revoked there first: one key, one person.
func addDevice(tx store.Tx, id keys.AccountID, key keys.PublicKey, now time.Time) error {
	d, r, err := get[device](tx, kindDevice, key.String())
	switch {
	case err == nil && r.Owner != id.String() && d.Revoked.IsZero():
		return wire.Fail(wire.CodeUsed)
	case err == nil && r.Owner == id.String() && d.Revoked.IsZero():
		return nil
	case err != nil && !errors.Is(err, store.ErrNotFound):
		return err
	}
	return put(tx, kindDevice, key.String(), id.String(), time.Time{}, device{Key: key, Added: now})
}

// cleanAddress returns an e-mail address in the one form in which it is kept:
// ASCII, in lower case, without a display name. Addresses beyond ASCII are not
// taken, because many of them look like others.
func cleanAddress(s string) (string, error) {
	s = strings.ToLower(strings.TrimSpace(s))
	if len(s) > 254 || strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "", wire.Fail(wire.CodeBadRequest)
	}
	parsed, err := mail.ParseAddress(s)
	if err != nil || parsed.Address != s || parsed.Name != "" || strings.Contains(s, `"`) {
		return "", wire.Fail(wire.CodeBadRequest)
	}
	_, domain, _ := strings.Cut(s, "@")
	if !isDomain(domain) {
		return "", wire.Fail(wire.CodeBadRequest)
	}
	return s, nil
}

func isDomain(s string) bool {
	if len(s) > 253 || !strings.Contains(s, ".") {
		return false
	}
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' ||
			strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
			return false
		}
	}
	return true
}

func domainOf(address string) string {
	return address[strings.LastIndexByte(address, '@')+1:]
}
