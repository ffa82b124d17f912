package registry

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"conclave/keys"
	"conclave/keys/policy"
	"conclave/keys/registry/store"
	"conclave/keys/registry/wire"
	"conclave/keys/tlog"
)

// missing says what no service can give, in exports and disclosures.
func missing() []string {
	return []string{
		"What was said, shown or written in meetings: the service never has the keys.",
		"Phone numbers and sign-on identities: only keyed hashes are kept.",
		"Who redeemed which voucher: it cannot be known.",
	}
}

// caller returns the account of a calling device.
func (g *Registry) caller(ctx context.Context, by Caller) (person account, err error) {
	err = g.cfg.Store.Read(ctx, func(tx store.Tx) (err error) {
		person, err = callerOf(tx, by.Device)
		return err
	})
	return person, err
}

// Account describes the caller's account.
func (g *Registry) Account(ctx context.Context, by Caller) (out wire.Account, err error) {
	err = g.cfg.Store.Read(ctx, func(tx store.Tx) error {
		person, err := callerOf(tx, by.Device)
		if err != nil {
			return err
		}
		out, err = g.describe(tx, person)
		return err
	})
	return out, err
}

func (g *Registry) describe(tx store.Tx, person account) (wire.Account, error) {
	all, _, err := list[verification](tx, kindVerification, person.ID.String())
	if err != nil {
		return wire.Account{}, err
	}
	out := wire.Account{
		ID: person.ID, Name: wire.Text(person.Name), Address: wire.Text(person.Address), Created: person.Created,
		Verifications: []wire.Verification{},
	}
	now := g.cfg.Now()
	for _, class := range preference {
		for _, v := range all {
			if v.Class == class {
				evidence, _, _ := strings.Cut(v.Evidence, " ")
				out.Verifications = append(out.Verifications, wire.Verification{
					Class: v.Class, Issuer: v.Issuer, Evidence: evidence, Verified: v.Verified, Expires: v.Expires,
				})
			}
		}
	}
	v, found := best(all, now)
	if !found {
		return wire.Account{}, errUnauthorized()
	}
	out.Class = v.Class
	return out, nil
}

// Rename sets the display name of the caller's account, for passports from now
// on.
func (g *Registry) Rename(ctx context.Context, by Caller, name string) (out wire.Account, err error) {
	clean, err := keys.CleanName(name)
	if err != nil {
		return out, wire.Fail(wire.CodeName)
	}
	err = g.cfg.Store.Write(ctx, func(tx store.Tx) error {
		person, err := callerOf(tx, by.Device)
		if err != nil {
			return err
		}
		person.Name = clean
		owner := person.ID.String()
		if err := put(tx, kindAccount, owner, owner, time.Time{}, person); err != nil {
			return err
		}
		out, err = g.describe(tx, person)
		return err
	})
	return out, err
}

// Export returns all that the service holds about the caller's account.
func (g *Registry) Export(ctx context.Context, by Caller) (out wire.Export, err error) {
	err = g.cfg.Store.Read(ctx, func(tx store.Tx) error {
		person, err := callerOf(tx, by.Device)
		if err != nil {
			return err
		}
		out, err = g.export(tx, person)
		return err
	})
	return out, err
}

func (g *Registry) export(tx store.Tx, person account) (wire.Export, error) {
	out := wire.Export{Made: g.cfg.Now().UTC().Truncate(time.Second), Missing: missing()}
	var err error
	if out.Account, err = g.describe(tx, person); err != nil {
		return out, err
	}
	devices, _, err := list[device](tx, kindDevice, person.ID.String())
	if err != nil {
		return out, err
	}
	for _, d := range devices {
		out.Devices = append(out.Devices, wire.Device(d))
	}
	passports, _, err := list[passport](tx, kindPassport, person.ID.String())
	for _, p := range passports {
		out.Passports = append(out.Passports, p.Chain[0])
	}
	return out, err
}

// Delete removes the caller's account with all that belongs to it, after its
// passports were revoked in the log. From the first moment nobody can use it.
func (g *Registry) Delete(ctx context.Context, by Caller) error {
	var person account
	err := g.cfg.Store.Write(ctx, func(tx store.Tx) (err error) {
		if person, err = callerOf(tx, by.Device); err != nil {
			return err
		}
		person.Deleting = true
		owner := person.ID.String()
		return errors.Join(
			put(tx, kindAccount, owner, owner, time.Time{}, person),
			g.promise(tx, person.ID, func(passport) bool { return true }),
		)
	})
	if err != nil {
		return err
	}
	return g.erase(ctx, person)
}

// erase finishes a deletion.
func (g *Registry) erase(ctx context.Context, person account) error {
	owner := person.ID.String()
	if err := g.flushRevocations(ctx, owner); err != nil {
		return err
	}
	return g.cfg.Store.Write(ctx, func(tx store.Tx) error {
		for _, kind := range []store.Kind{kindDevice, kindVerification, kindProof, kindPassport, kindAddress, kindAccount} {
			records, err := tx.List(kind, owner)
			if err != nil {
				return err
			}
			for _, r := range records {
				if err := tx.Delete(kind, r.Key); err != nil {
					return err
				}
			}
		}
		return disownTerms(tx, owner)
	})
}

// disownTerms takes an account's name off the terms that it left: they are of
// meetings that others join.
func disownTerms(tx store.Tx, owner string) error {
	records, err := tx.List(kindTerms, owner)
	if err != nil {
		return err
	}
	for _, r := range records {
		r.Owner = ""
		if err := tx.Put(r); err != nil {
			return err
		}
	}
	return nil
}

// StoreTerms keeps the terms of a meeting for those who join it, and returns
// their hash. They are checked by everybody who reads them. An account leaves
// termsMost at a time, not counting those that somebody left before.
func (g *Registry) StoreTerms(ctx context.Context, by Caller, text []byte) (string, error) {
	t, err := policy.ParseTerms(text)
	if err != nil {
		return "", wire.Fail(wire.CodeBadRequest)
	}
	key := fmt.Sprintf("%x", t.Hash())
	return key, g.cfg.Store.Write(ctx, func(tx store.Tx) error {
		person, err := callerOf(tx, by.Device)
		if err != nil {
			return err
		}
		owner := person.ID.String()
		switch r, err := tx.Get(kindTerms, key); {
		case err == nil:
			owner = r.Owner
		case !errors.Is(err, store.ErrNotFound):
			return err
		default:
			left, err := tx.List(kindTerms, owner)
			if err != nil {
				return err
			}
			if len(left) >= termsMost {
				return &wire.Error{Code: wire.CodeTooFast, RetryAfter: 24 * 60 * 60}
			}
		}
		return put(tx, kindTerms, key, owner, g.cfg.Now().Add(termsLifetime), text)
	})
}

// Terms returns what StoreTerms kept.
func (g *Registry) Terms(ctx context.Context, hash string) (out []byte, err error) {
	err = g.cfg.Store.Read(ctx, func(tx store.Tx) (err error) {
		out, _, err = get[[]byte](tx, kindTerms, hash)
		return err
	})
	return out, notFound(err)
}

// Disclose exports accounts by e-mail address on a legal ground: the only way
// for an operator to get at an account's data. The log has the ground, the kind
// and the count before the data is read.
func (g *Registry) Disclose(ctx context.Context, ground, what string, addresses []string) ([]wire.Export, error) {
	if !slices.Contains(tlog.Grounds(), ground) || !slices.Contains(tlog.Disclosed(), what) {
		return nil, fmt.Errorf("disclose: want a ground of %v and a kind of %v", tlog.Grounds(), tlog.Disclosed())
	}
	if len(addresses) == 0 {
		return nil, errors.New("disclose: no account is named")
	}
	now := g.cfg.Now()
	e := tlog.Entry{Kind: tlog.KindDisclosure, Day: tlog.Day(now), Ground: ground, What: what, Count: uint64(len(addresses))}
	receipt, err := g.cfg.Ledger.Append(ctx, e)
	if err != nil {
		return nil, fmt.Errorf("disclose: %w", err)
	}
	err = g.cfg.Store.Write(ctx, func(tx store.Tx) error {
		d := wire.Disclosure{Day: now.UTC().Format(time.DateOnly), Ground: ground, What: what, Count: e.Count, Index: receipt.Index}
		return put(tx, kindDisclosure, fmt.Sprintf("%020s", strconv.FormatUint(receipt.Index, 10)), "", time.Time{}, d)
	})
	if err != nil {
		return nil, fmt.Errorf("disclose: logged, but then: %w", err)
	}
	var out []wire.Export
	err = g.cfg.Store.Read(ctx, func(tx store.Tx) error {
		for _, address := range addresses {
			r, err := tx.Get(kindAddress, strings.ToLower(address))
			if err != nil {
				return notFound(err)
			}
			person, _, err := get[account](tx, kindAccount, r.Owner)
			if err != nil {
				return err
			}
			export, err := g.export(tx, person)
			if err != nil {
				return err
			}
			out = append(out, narrow(export, what))
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("disclose: logged, but then: %w", err)
	}
	return out, nil
}

// narrow leaves in an export what the ground was given for.
func narrow(e wire.Export, what string) wire.Export {
	out := wire.Export{Made: e.Made, Missing: e.Missing, Account: wire.Account{ID: e.Account.ID}}
	switch what {
	case "account":
		out.Account = e.Account
		out.Account.Verifications = nil
	case "devices":
		out.Devices = e.Devices
	case "verifications":
		out.Account.Class, out.Account.Verifications = e.Account.Class, e.Account.Verifications
	}
	return out
}

// Report lists all disclosures: the transparency report.
func (g *Registry) Report(ctx context.Context) (wire.Report, error) {
	out := wire.Report{Disclosures: []wire.Disclosure{}}
	err := g.cfg.Store.Read(ctx, func(tx store.Tx) error {
		all, _, err := list[wire.Disclosure](tx, kindDisclosure, "*")
		out.Disclosures = append(out.Disclosures, all...)
		return err
	})
	return out, err
}
