package registry

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"strings"
	"time"

	"conclave/keys"
	"conclave/keys/registry/channel"
	"conclave/keys/registry/store"
	"conclave/keys/registry/wire"
)

// The purposes of attempts.
const (
	purposeSignIn       = "signin"
	purposePhone        = "phone"
	purposeOrganisation = "organisation"
)

func hashOf(data []byte) [32]byte { return sha256.Sum256(data) }

// newID draws 128 bits as 26 characters.
func newID() string {
	var raw [16]byte
	_, _ = rand.Read(raw[:])
	return strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(raw[:]))
}

// newCode draws six digits.
func newCode() (string, error) {
	n, err := rand.Int(rand.Reader, big.NewInt(1_000_000))
	if err != nil {
		return "", fmt.Errorf("draw code: %w", err)
	}
	return fmt.Sprintf("%06d", n.Int64()), nil
}

// allowCode applies the limits on asking for codes: network, device, target.
func (g *Registry) allowCode(by Caller, target string) error {
	now := g.cfg.Now()
	if err := g.limits.codesNetwork.take(by.Network, now); err != nil {
		return err
	}
	if err := g.limits.codesDevice.take(by.Device.String(), now); err != nil {
		return err
	}
	return g.limits.codesAddress.take(target, now)
}

// sendCode stores an attempt and sends its code. The attempt is stored first:
// a code that somebody holds always belongs to an attempt that counts tries.
func (g *Registry) sendCode(ctx context.Context, by Caller, a attempt, to string, via channel.Channel) (wire.Started, error) {
	code, err := newCode()
	if err != nil {
		return wire.Started{}, err
	}
	id, until := newID(), g.cfg.Now().Add(CodeLifetime).UTC().Truncate(time.Second)
	a.Code = g.cfg.Secrets.keyed("code", id, code)
	if err := g.storeAttempt(ctx, by, id, a, until); err != nil {
		return wire.Started{}, err
	}
	err = via.Send(ctx, channel.Message{Attempt: id, To: to, Code: code, Until: until, Service: g.cfg.Name})
	switch {
	case errors.Is(err, channel.ErrRefused):
		return wire.Started{}, wire.Fail(wire.CodeUndelivered)
	case errors.Is(err, channel.ErrDown):
		g.cfg.Log.Warn("a code could not be sent: its channel is down", slog.String("purpose", a.Purpose)) // err may name the person
		return wire.Started{}, wire.Fail(wire.CodeChannelDown)
	case err != nil:
		return wire.Started{}, err
	}
	return wire.Started{Attempt: id, Until: until, Outbox: g.cfg.Outbox != nil}, nil
}

func (g *Registry) storeAttempt(ctx context.Context, by Caller, id string, a attempt, until time.Time) error {
	return g.cfg.Store.Write(ctx, func(tx store.Tx) error {
		if err := tx.Prune(kindAttempt, g.cfg.Now().Add(-time.Hour)); err != nil {
			return err
		}
		return put(tx, kindAttempt, id, by.Device.String(), until, a)
	})
}

// useCode checks a code and, when it is right, runs then in the transaction
// that uses the attempt up. A wrong code costs a try, which is stored.
func (g *Registry) useCode(ctx context.Context, by Caller, purpose, id, code string, then func(store.Tx, attempt) error) error {
	if err := g.limits.tries.take(by.Network, g.cfg.Now()); err != nil {
		return err
	}
	code = strings.Map(func(r rune) rune {
		if r == ' ' || r == '-' {
			return -1
		}
		return r
	}, code)
	var failure error // what the client is told although the transaction stands
	err := g.cfg.Store.Write(ctx, func(tx store.Tx) error {
		failure = nil
		a, err := g.attemptOf(tx, by, purpose, id)
		if err != nil {
			return err
		}
		if a.Failed {
			return wire.Fail(wire.CodeUndelivered)
		}
		if a.Tries >= maxTries {
			return wire.Fail(wire.CodeExpired)
		}
		right := subtle.ConstantTimeCompare([]byte(a.Code), []byte(g.cfg.Secrets.keyed("code", id, code))) == 1
		if right {
			if err := then(tx, a); err != nil {
				return err
			}
			return tx.Delete(kindAttempt, id)
		}
		a.Tries++
		failure = &wire.Error{Code: wire.CodeWrongCode, TriesLeft: maxTries - a.Tries}
		if a.Tries >= maxTries {
			failure = wire.Fail(wire.CodeExpired)
		}
		_, r, err := get[attempt](tx, kindAttempt, id)
		if err != nil {
			return err
		}
		return put(tx, kindAttempt, id, r.Owner, r.Until, a)
	})
	if err == nil && failure == nil && g.cfg.Outbox != nil {
		g.cfg.Outbox.Forget(id)
	}
	if err != nil {
		return err
	}
	return failure
}

// attemptOf returns an attempt that this device began and that still runs.
// Somebody else's attempt looks like one that never was.
func (g *Registry) attemptOf(tx store.Tx, by Caller, purpose, id string) (attempt, error) {
	a, r, err := get[attempt](tx, kindAttempt, id)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return a, wire.Fail(wire.CodeExpired)
	case err != nil:
		return a, err
	case r.Owner != by.Device.String() || a.Purpose != purpose || !g.cfg.Now().Before(r.Until):
		return a, wire.Fail(wire.CodeExpired)
	}
	return a, nil
}

// OutboxCode returns the code of an attempt of this device, where codes lie in
// a folder.
func (g *Registry) OutboxCode(ctx context.Context, by Caller, id string) (string, error) {
	if g.cfg.Outbox == nil {
		return "", wire.Fail(wire.CodeUnavailable)
	}
	err := g.cfg.Store.Read(ctx, func(tx store.Tx) error {
		_, r, err := get[attempt](tx, kindAttempt, id)
		if err == nil && r.Owner != by.Device.String() {
			return store.ErrNotFound
		}
		return err
	})
	if err != nil {
		return "", notFound(err)
	}
	code, err := g.cfg.Outbox.Code(id)
	if err != nil {
		return "", wire.Fail(wire.CodeNotFound)
	}
	return code, nil
}

// Undelivered notes that the gateway could not deliver the code of an attempt.
// The body of the webhook was checked before.
func (g *Registry) Undelivered(ctx context.Context, id string) error {
	return g.cfg.Store.Write(ctx, func(tx store.Tx) error {
		a, r, err := get[attempt](tx, kindAttempt, id)
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		a.Failed = true
		return put(tx, kindAttempt, id, r.Owner, r.Until, a)
	})
}

// verify adds a verification to an account, with a proof that no other account
// may have. It returns CodeUsed when one has.
func verify(tx store.Tx, id keys.AccountID, v verification) error {
	owner := id.String()
	if v.Proof != "" {
		r, err := tx.Get(kindProof, v.Proof)
		switch {
		case err == nil && r.Owner != owner:
			return wire.Fail(wire.CodeUsed)
		case err != nil && !errors.Is(err, store.ErrNotFound):
			return err
		}
		if err := put(tx, kindProof, v.Proof, owner, time.Time{}, struct{}{}); err != nil {
			return err
		}
	}
	key := owner + "/" + v.Class.String()
	before, _, err := get[verification](tx, kindVerification, key)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	if err == nil && before.Proof != "" && before.Proof != v.Proof {
		if err := tx.Delete(kindProof, before.Proof); err != nil { // a new phone frees the old one
			return err
		}
	}
	return put(tx, kindVerification, key, owner, time.Time{}, v)
}
