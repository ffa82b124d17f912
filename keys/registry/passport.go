package registry

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"conclave/keys"
	"conclave/keys/registry/store"
	"conclave/keys/registry/wire"
	"conclave/keys/tlog"
)

// Issue makes a passport for the calling device: it is stored, logged, and only
// then given away.
func (g *Registry) Issue(ctx context.Context, by Caller) (keys.PassportBundle, error) {
	if err := g.limits.passports.take(by.Device.String(), g.cfg.Now()); err != nil {
		return keys.PassportBundle{}, err
	}
	var person account
	var p passport
	err := g.cfg.Store.Write(ctx, func(tx store.Tx) (err error) {
		if person, err = callerOf(tx, by.Device); err != nil {
			return err
		}
		all, _, err := list[verification](tx, kindVerification, person.ID.String())
		if err != nil {
			return err
		}
		if p, err = g.makePassport(person, by.Device, all); err != nil {
			return err
		}
		return g.putPassport(tx, person.ID, p)
	})
	if err != nil {
		return keys.PassportBundle{}, err
	}
	if p.Receipt, err = g.cfg.Ledger.Append(ctx, p.entry(person.ID, tlog.KindPassport)); err != nil {
		return keys.PassportBundle{}, fmt.Errorf("issue passport: %w", err)
	}
	err = g.cfg.Store.Write(ctx, func(tx store.Tx) error {
		now, _, err := get[passport](tx, kindPassport, keyOf(p))
		if errors.Is(err, store.ErrNotFound) || err == nil && now.Revoke {
			return errUnauthorized() // the device or the account ended meanwhile
		}
		if err != nil {
			return err
		}
		return g.putPassport(tx, person.ID, p)
	})
	if err != nil {
		return keys.PassportBundle{}, err
	}
	return p.bundle(), nil
}

func (g *Registry) makePassport(person account, key keys.PublicKey, all []verification) (passport, error) {
	now := g.cfg.Now().UTC().Truncate(time.Second)
	v, found := best(all, now)
	if !found {
		return passport{}, errUnauthorized()
	}
	end := now.Add(keys.PassportLifetime)
	chain, err := g.cfg.Secrets.sign(keys.Passport{
		Account: person.ID, Device: key, Name: person.Name, Class: v.Class, Issuer: v.Issuer,
		Verified: v.Verified, Expires: v.Expires, NotBefore: now, NotAfter: end,
	})
	if err != nil {
		return passport{}, err
	}
	p := passport{Device: key, Chain: chain, Opening: make([]byte, 32), Day: tlog.Day(now)}
	_, _ = rand.Read(p.Opening)
	return p, nil
}

func keyOf(p passport) string {
	commitment := keys.Commitment([32]byte(p.Opening), p.Chain[0])
	return hex.EncodeToString(commitment[:])
}

// putPassport keeps a passport a day longer than it is valid, for revocations
// at the edge and for owners whose clients were away.
func (g *Registry) putPassport(tx store.Tx, id keys.AccountID, p passport) error {
	until := time.Unix(int64(p.Day)*86400, 0).Add(3 * keys.PassportLifetime)
	return put(tx, kindPassport, keyOf(p), id.String(), until, p)
}

// Passports returns all passports of the caller's account that were issued
// lately, for tlog.Client.Explain.
func (g *Registry) Passports(ctx context.Context, by Caller) ([]keys.PassportBundle, error) {
	var out []keys.PassportBundle
	err := g.cfg.Store.Read(ctx, func(tx store.Tx) error {
		person, err := callerOf(tx, by.Device)
		if err != nil {
			return err
		}
		all, _, err := list[passport](tx, kindPassport, person.ID.String())
		for _, p := range all {
			out = append(out, p.bundle())
		}
		return err
	})
	return out, err
}

// Revoke ends a device of the caller's account, and its passports. When it
// returns nil the log has the revocations.
func (g *Registry) Revoke(ctx context.Context, by Caller, key keys.PublicKey) error {
	var person account
	err := g.cfg.Store.Write(ctx, func(tx store.Tx) (err error) {
		if person, err = callerOf(tx, by.Device); err != nil {
			return err
		}
		d, r, err := get[device](tx, kindDevice, key.String())
		if err == nil && r.Owner != person.ID.String() {
			err = store.ErrNotFound
		}
		if err != nil {
			return notFound(err)
		}
		if d.Revoked.IsZero() {
			d.Revoked = g.cfg.Now().UTC().Truncate(time.Second)
		}
		return errors.Join(
			put(tx, kindDevice, key.String(), r.Owner, r.Until, d),
			g.promise(tx, person.ID, func(p passport) bool { return p.Device == key }),
		)
	})
	if err != nil {
		return err
	}
	return g.flushRevocations(ctx, person.ID.String())
}

// promise marks passports of an account that will be revoked.
func (g *Registry) promise(tx store.Tx, id keys.AccountID, which func(passport) bool) error {
	all, _, err := list[passport](tx, kindPassport, id.String())
	if err != nil {
		return err
	}
	for _, p := range all {
		if which(p) && !p.Revoke {
			p.Revoke = true
			if err := g.putPassport(tx, id, p); err != nil {
				return err
			}
		}
	}
	return nil
}

// flushRevocations logs what was promised to an owner, or to "*" everybody. A
// crash may log one twice, which means nothing else.
func (g *Registry) flushRevocations(ctx context.Context, owner string) error {
	var waiting []passport
	var owners []keys.AccountID
	err := g.cfg.Store.Read(ctx, func(tx store.Tx) error {
		all, records, err := list[passport](tx, kindPassport, owner)
		for i, p := range all {
			if !p.Revoke || p.Revoked {
				continue
			}
			id, err := keys.ParseAccountID(records[i].Owner)
			if err != nil {
				return fmt.Errorf("log revocations: %w", err)
			}
			waiting, owners = append(waiting, p), append(owners, id)
		}
		return err
	})
	if err != nil {
		return err
	}
	for i, p := range waiting {
		if _, err := g.cfg.Ledger.Append(ctx, p.entry(owners[i], tlog.KindRevocation)); err != nil {
			return fmt.Errorf("log revocations: %w", err)
		}
		p.Revoked = true
		err := g.cfg.Store.Write(ctx, func(tx store.Tx) error { return g.putPassport(tx, owners[i], p) })
		if err != nil {
			return err
		}
	}
	return nil
}

// Devices lists the devices of the caller's account.
func (g *Registry) Devices(ctx context.Context, by Caller) (wire.Devices, error) {
	out := wire.Devices{Devices: []wire.Device{}}
	err := g.cfg.Store.Read(ctx, func(tx store.Tx) error {
		person, err := callerOf(tx, by.Device)
		if err != nil {
			return err
		}
		all, _, err := list[device](tx, kindDevice, person.ID.String())
		for _, d := range all {
			out.Devices = append(out.Devices, wire.Device(d))
		}
		return err
	})
	return out, err
}
