package registry

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"conclave/keys"
	"conclave/keys/registry/store"
	"conclave/keys/registry/voucher"
	"conclave/keys/registry/wire"
)

// StartPhone sends a code to a phone. The number is kept nowhere: the attempt
// holds a keyed hash of it.
func (g *Registry) StartPhone(ctx context.Context, by Caller, number string) (wire.Started, error) {
	if g.cfg.Text == nil {
		return wire.Started{}, wire.Fail(wire.CodeUnavailable)
	}
	number, err := cleanNumber(number)
	if err != nil {
		return wire.Started{}, err
	}
	person, err := g.caller(ctx, by)
	if err != nil {
		return wire.Started{}, err
	}
	hash := g.cfg.Secrets.keyed("phone", number)
	if err := g.allowCode(by, hash); err != nil {
		return wire.Started{}, err
	}
	return g.sendCode(ctx, by, attempt{Purpose: purposePhone, Account: person.ID, Target: hash}, number, g.cfg.Text)
}

// FinishPhone takes the code. That a number verifies another account already is
// said only now, to somebody who holds the phone.
func (g *Registry) FinishPhone(ctx context.Context, by Caller, id, code string) (wire.Account, error) {
	var out wire.Account
	err := g.useCode(ctx, by, purposePhone, id, code, func(tx store.Tx, a attempt) error {
		return g.upgrade(tx, by, a.Account, verification{
			Class: keys.ClassPhone, Evidence: "code", Proof: a.Target, Expires: g.cfg.Now().Add(phoneLifetime),
		}, &out)
	})
	return out, err
}

// upgrade adds a verification to the caller's account, which must be the one
// that began (zero for any).
func (g *Registry) upgrade(tx store.Tx, by Caller, began keys.AccountID, v verification, out *wire.Account) error {
	person, err := callerOf(tx, by.Device)
	if err != nil {
		return err
	}
	if !began.IsZero() && began != person.ID {
		return wire.Fail(wire.CodeExpired)
	}
	v.Verified = g.cfg.Now().UTC().Truncate(time.Second)
	v.Expires = v.Expires.UTC().Truncate(time.Second)
	if err := verify(tx, person.ID, v); err != nil {
		return err
	}
	*out, err = g.describe(tx, person)
	return err
}

// StartOrganisation says where the people of a domain sign on.
func (g *Registry) StartOrganisation(ctx context.Context, by Caller, domain string) (wire.SignOn, error) {
	if g.cfg.SignOn == nil {
		return wire.SignOn{}, wire.Fail(wire.CodeUnavailable)
	}
	domain = strings.ToLower(strings.TrimSpace(domain))
	if !isDomain(domain) {
		return wire.SignOn{}, wire.Fail(wire.CodeBadRequest)
	}
	person, err := g.caller(ctx, by)
	if err != nil {
		return wire.SignOn{}, err
	}
	if err := g.limits.codesDevice.take(by.Device.String(), g.cfg.Now()); err != nil {
		return wire.SignOn{}, err
	}
	issuer, clientID, err := g.cfg.SignOn.Start(ctx, domain)
	if err != nil {
		return wire.SignOn{}, signOnError(err)
	}
	out := wire.SignOn{Attempt: newID(), Issuer: issuer, ClientID: clientID, Nonce: newID(), Scopes: []string{"openid", "email"}}
	a := attempt{Purpose: purposeOrganisation, Account: person.ID, Target: domain, Code: out.Nonce}
	return out, g.storeAttempt(ctx, by, out.Attempt, a, g.cfg.Now().Add(CodeLifetime))
}

// FinishOrganisation takes the ID token that the organisation issued.
func (g *Registry) FinishOrganisation(ctx context.Context, by Caller, id, token string) (wire.Account, error) {
	if g.cfg.SignOn == nil {
		return wire.Account{}, wire.Fail(wire.CodeUnavailable)
	}
	if err := g.limits.tries.take(by.Network, g.cfg.Now()); err != nil {
		return wire.Account{}, err
	}
	var a attempt
	err := g.cfg.Store.Read(ctx, func(tx store.Tx) (err error) {
		a, err = g.attemptOf(tx, by, purposeOrganisation, id)
		return err
	})
	if err != nil {
		return wire.Account{}, err
	}
	subject, err := g.cfg.SignOn.Verify(ctx, a.Target, a.Code, token) // slow: outside of the transaction
	if err != nil {
		return wire.Account{}, signOnError(err)
	}
	var out wire.Account
	err = g.cfg.Store.Write(ctx, func(tx store.Tx) error {
		if _, err := g.attemptOf(tx, by, purposeOrganisation, id); err != nil {
			return err // somebody else finished it meanwhile
		}
		if err := tx.Delete(kindAttempt, id); err != nil {
			return err
		}
		return g.upgrade(tx, by, a.Account, verification{
			Class: keys.ClassOrganisation, Issuer: a.Target, Evidence: "sign-on",
			Proof: g.cfg.Secrets.keyed("organisation", a.Target, subject), Expires: g.cfg.Now().Add(orgLifetime),
		}, &out)
	})
	return out, err
}

func signOnError(err error) error {
	switch {
	case errors.Is(err, ErrNotProved):
		return wire.Fail(wire.CodeNotProved)
	case errors.Is(err, ErrUnknown):
		return wire.Fail(wire.CodeUnavailable)
	case errors.Is(err, ErrToken):
		return wire.Fail(wire.CodeSignOn)
	case errors.Is(err, ErrProvider):
		return wire.Fail(wire.CodeChannelDown)
	}
	return err
}

// AssignSeat gives a seat to an e-mail address, or to all addresses of a domain
// ("@school.example"), until expires (zero for ever). The operator and the
// billing webhook call it.
func (g *Registry) AssignSeat(ctx context.Context, pattern, organisation string, expires time.Time, evidence string) error {
	pattern, organisation = strings.ToLower(pattern), strings.ToLower(organisation)
	if !isPattern(pattern) || !isDomain(organisation) {
		return wire.Fail(wire.CodeBadRequest)
	}
	return g.cfg.Store.Write(ctx, func(tx store.Tx) error {
		return put(tx, kindSeat, pattern, "", time.Time{}, seat{organisation, expires.UTC().Truncate(time.Second), evidence})
	})
}

// WithdrawSeat takes a seat back. Verifications that came from it end at once,
// and so do their passports: when it returns nil the log has the revocations.
func (g *Registry) WithdrawSeat(ctx context.Context, pattern string) error {
	pattern = strings.ToLower(pattern)
	var owners []string
	err := g.cfg.Store.Write(ctx, func(tx store.Tx) error {
		owners = nil
		if err := tx.Delete(kindSeat, pattern); err != nil {
			return err
		}
		all, records, err := list[verification](tx, kindVerification, "*")
		if err != nil {
			return err
		}
		for i, v := range all {
			if v.Class != keys.ClassSeat || v.Proof != "" || v.Evidence != "seat "+g.cfg.Secrets.keyed("seat", pattern) {
				continue
			}
			id, err := keys.ParseAccountID(records[i].Owner)
			if err != nil {
				return fmt.Errorf("withdraw seat: %w", err)
			}
			owners = append(owners, records[i].Owner)
			err = errors.Join(tx.Delete(kindVerification, records[i].Key), g.promise(tx, id, isSeats))
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, owner := range owners {
		if err := g.flushRevocations(ctx, owner); err != nil {
			return err
		}
	}
	return nil
}

// isSeats reports whether a passport states a seat.
func isSeats(p passport) bool {
	stated, err := keys.ParsePassport(p.Chain[0])
	return err == nil && stated.Class == keys.ClassSeat
}

func isPattern(s string) bool {
	if domain, ok := strings.CutPrefix(s, "@"); ok {
		return isDomain(domain)
	}
	clean, err := cleanAddress(s)
	return err == nil && clean == s
}

// ClaimSeat takes the seat of the caller's address or domain.
func (g *Registry) ClaimSeat(ctx context.Context, by Caller) (wire.Account, error) {
	var out wire.Account
	err := g.cfg.Store.Write(ctx, func(tx store.Tx) error {
		person, err := callerOf(tx, by.Device)
		if err != nil {
			return err
		}
		for _, pattern := range []string{person.Address, "@" + domainOf(person.Address)} {
			s, _, err := get[seat](tx, kindSeat, pattern)
			if errors.Is(err, store.ErrNotFound) || err == nil && !s.Expires.IsZero() && !g.cfg.Now().Before(s.Expires) {
				continue
			}
			if err != nil {
				return err
			}
			return g.upgrade(tx, by, person.ID, verification{
				Class: keys.ClassSeat, Issuer: s.Organisation, Expires: s.Expires,
				Evidence: "seat " + g.cfg.Secrets.keyed("seat", pattern),
			}, &out)
		}
		return wire.Fail(wire.CodeNoSeat)
	})
	return out, err
}

// RedeemVoucher takes a partner's voucher. The store remembers that it was
// spent, and not by whom.
func (g *Registry) RedeemVoucher(ctx context.Context, by Caller, partner string, v voucher.Voucher) (wire.Account, error) {
	verifier, known := g.partners[partner]
	if !known {
		return wire.Account{}, wire.Fail(wire.CodeUnavailable)
	}
	if err := g.limits.tries.take(by.Network, g.cfg.Now()); err != nil {
		return wire.Account{}, err
	}
	if err := verifier.Verify(v); err != nil {
		return wire.Account{}, wire.Fail(wire.CodeVoucher)
	}
	id := v.ID()
	var out wire.Account
	err := g.cfg.Store.Write(ctx, func(tx store.Tx) error {
		err := tx.Add(store.Record{Kind: kindVoucher, Key: g.cfg.Secrets.keyed("voucher", partner, string(id[:]))})
		if errors.Is(err, store.ErrExists) {
			return wire.Fail(wire.CodeUsed)
		}
		if err != nil {
			return err
		}
		return g.upgrade(tx, by, keys.AccountID{}, verification{
			Class: keys.ClassVoucher, Issuer: partner, Evidence: "voucher", Expires: g.cfg.Now().Add(VoucherLifetime),
		}, &out)
	})
	return out, err
}

// preference orders classes for passports: what says most about a person first.
var preference = []keys.Class{keys.ClassOrganisation, keys.ClassSeat, keys.ClassPhone, keys.ClassVoucher, keys.ClassEmail}

// best returns the verification that passports of an account state.
func best(all []verification, now time.Time) (verification, bool) {
	for _, class := range preference {
		i := slices.IndexFunc(all, func(v verification) bool {
			return v.Class == class && (v.Expires.IsZero() || now.Before(v.Expires))
		})
		if i >= 0 {
			return all[i], true
		}
	}
	return verification{}, false
}

// cleanNumber returns a phone number in E.164: a plus and 8 to 15 digits.
func cleanNumber(s string) (string, error) {
	s = strings.Map(func(r rune) rune {
		if strings.ContainsRune(" -()./", r) {
			return -1
		}
		return r
	}, s)
	digits, ok := strings.CutPrefix(s, "+")
	if !ok || len(digits) < 8 || len(digits) > 15 || digits[0] == '0' || strings.Trim(digits, "0123456789") != "" {
		return "", wire.Fail(wire.CodeBadRequest)
	}
	return s, nil
}
