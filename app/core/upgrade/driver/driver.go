// Package driver carries out the effects of package upgrade: it asks the
// registry, opens the organisation's page, and fetches and checks passports.
//
// It owns one goroutine an effect; answers arrive through Config.Report with
// the number of their effect. Trust zone: device. A passport is handed on only
// after the log was asked: a service that lies is reported as such.
package driver

import (
	"context"
	"encoding/base64"
	"errors"
	"strings"
	"sync"
	"time"

	"conclave/app/core/upgrade"
	"conclave/keys"
	"conclave/keys/registry/client"
	"conclave/keys/registry/wire"
	"conclave/keys/tlog"
)

// Config is what a Driver works with. All but Renewing and Open must be set.
type Config struct {
	Device keys.PublicKey
	Client *client.Client
	// Roots and Log check new passports.
	Roots keys.Roots
	Log   *tlog.Client
	// Report takes answers; it may be called from any goroutine and must not
	// block for long.
	Report func(upgrade.Event)
	// Passport takes a new passport that was checked, before Issued is reported.
	Passport func(keys.PassportBundle, keys.Passport)
	// Renewing is held while a passport of the course is fetched, so that nobody
	// who reads the log meanwhile takes it for a stranger's; nil for none.
	Renewing sync.Locker
	// Open shows a page in the system's browser; nil offers no signing on.
	Open func(url string) error
	// Now is the clock; time.Now when nil.
	Now func() time.Time
}

// Driver carries effects out. Its methods may be called from any goroutine.
type Driver struct {
	cfg    Config
	ctx    context.Context
	cancel context.CancelFunc
	work   sync.WaitGroup

	mutex   sync.Mutex
	running map[uint64]context.CancelFunc
}

// signOnTime is how long somebody may take on the organisation's page.
const signOnTime = 10 * time.Minute

// effectTime is how long any other effect may take.
const effectTime = 45 * time.Second

// New makes a driver; Close ends it.
func New(cfg Config) *Driver {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	ctx, cancel := context.WithCancel(context.Background())
	return &Driver{cfg: cfg, ctx: ctx, cancel: cancel, running: map[uint64]context.CancelFunc{}}
}

// Close ends all effects and returns when no goroutine is left. Nothing is
// reported afterwards.
func (d *Driver) Close() {
	d.cancel()
	d.work.Wait()
}

// Carry starts effects.
func (d *Driver) Carry(effects []upgrade.Effect) {
	for _, e := range effects {
		switch e := e.(type) {
		case upgrade.Cancel:
			d.mutex.Lock()
			if cancel := d.running[e.Number]; cancel != nil {
				cancel()
			}
			d.mutex.Unlock()
		case upgrade.SendCode:
			d.start(e.Number, effectTime, func(ctx context.Context) (upgrade.Event, error) { return d.sendCode(ctx, e) })
		case upgrade.CheckCode:
			d.start(e.Number, effectTime, func(ctx context.Context) (upgrade.Event, error) { return d.checkCode(ctx, e) })
		case upgrade.SignOn:
			d.start(e.Number, signOnTime, func(ctx context.Context) (upgrade.Event, error) { return d.signOn(ctx, e) })
		case upgrade.ClaimSeat:
			d.start(e.Number, effectTime, func(ctx context.Context) (upgrade.Event, error) {
				a, err := d.cfg.Client.ClaimSeat(ctx)
				return upgrade.Verified{Number: e.Number, Class: a.Class}, err
			})
		case upgrade.Redeem:
			d.start(e.Number, effectTime, func(ctx context.Context) (upgrade.Event, error) { return d.redeem(ctx, e) })
		case upgrade.Renew:
			d.start(e.Number, effectTime, func(ctx context.Context) (upgrade.Event, error) {
				if d.cfg.Renewing != nil {
					d.cfg.Renewing.Lock()
					defer d.cfg.Renewing.Unlock()
				}
				return upgrade.Issued(e), d.Renew(ctx)
			})
		}
	}
}

func (d *Driver) start(number uint64, limit time.Duration, f func(context.Context) (upgrade.Event, error)) {
	ctx, cancel := context.WithTimeout(d.ctx, limit)
	d.mutex.Lock()
	d.running[number] = cancel
	d.mutex.Unlock()
	d.work.Go(func() {
		defer cancel()
		event, err := f(ctx)
		d.mutex.Lock()
		delete(d.running, number)
		d.mutex.Unlock()
		if d.ctx.Err() != nil {
			return
		}
		if err != nil {
			event = d.failed(number, err)
		}
		d.cfg.Report(event)
	})
}

func (d *Driver) sendCode(ctx context.Context, e upgrade.SendCode) (upgrade.Event, error) {
	send := d.cfg.Client.StartPhone
	if e.Way == keys.ClassEmail {
		send = d.cfg.Client.StartSignIn
	}
	started, err := send(ctx, string(e.To))
	if err != nil {
		return nil, err
	}
	sent := upgrade.Sent{Number: e.Number, Attempt: started.Attempt, Until: started.Until, Outbox: started.Outbox}
	if started.Outbox {
		// A code that cannot be read here still lies in the folder, where the
		// operator finds it: Shown stays empty, so that nobody waits for mail.
		if code, err := d.cfg.Client.OutboxCode(ctx, started.Attempt); err == nil {
			sent.Shown = upgrade.Text(code)
		}
	}
	return sent, nil
}

func (d *Driver) checkCode(ctx context.Context, e upgrade.CheckCode) (upgrade.Event, error) {
	var a wire.Account
	var err error
	if e.Way == keys.ClassEmail {
		a, err = d.cfg.Client.FinishSignIn(ctx, e.Attempt, string(e.Code), string(e.Name))
	} else {
		a, err = d.cfg.Client.FinishPhone(ctx, e.Attempt, string(e.Code))
	}
	return upgrade.Verified{Number: e.Number, Class: a.Class}, err
}

func (d *Driver) signOn(ctx context.Context, e upgrade.SignOn) (upgrade.Event, error) {
	if d.cfg.Open == nil {
		return nil, wire.Fail(wire.CodeUnavailable)
	}
	start, err := d.cfg.Client.StartOrganisation(ctx, string(e.Domain))
	if err != nil {
		return nil, err
	}
	token, err := client.SignOn(ctx, start, func(page string) error {
		d.cfg.Report(upgrade.Opened{Number: e.Number, Page: page})
		return d.cfg.Open(page)
	}, nil)
	if err != nil {
		return nil, err
	}
	a, err := d.cfg.Client.FinishOrganisation(ctx, start.Attempt, token)
	return upgrade.Verified{Number: e.Number, Class: a.Class}, err
}

// errVoucher is for text that is no voucher at all.
var errVoucher = wire.Fail(wire.CodeVoucher)

func (d *Driver) redeem(ctx context.Context, e upgrade.Redeem) (upgrade.Event, error) {
	partner, message, signature, ok := ParseVoucher(string(e.Voucher))
	if !ok {
		return nil, errVoucher
	}
	a, err := d.cfg.Client.RedeemVoucher(ctx, partner, message, signature)
	return upgrade.Verified{Number: e.Number, Class: a.Class}, err
}

// FormatVoucher writes a voucher as one line of text: partner, message and
// signature with dots between, the last two in base64url. ParseVoucher reads it.
func FormatVoucher(partner string, message, signature []byte) string {
	return partner + ":" + base64.RawURLEncoding.EncodeToString(message) + "." + base64.RawURLEncoding.EncodeToString(signature)
}

// ParseVoucher reads what FormatVoucher writes.
func ParseVoucher(text string) (partner string, message, signature []byte, ok bool) {
	partner, rest, found := strings.Cut(strings.TrimSpace(text), ":")
	m, s, dotted := strings.Cut(rest, ".")
	message, err := base64.RawURLEncoding.Strict().DecodeString(m)
	signature, err2 := base64.RawURLEncoding.Strict().DecodeString(s)
	return partner, message, signature, found && dotted && err == nil && err2 == nil && len(message) > 0 && len(signature) > 0
}

// errPassport means that a passport did not stand the check.
var errPassport = errors.New("renew passport: it did not stand the check")

// Renew fetches a passport, checks it as any other client would, remembers that
// this device asked for it, and hands it on. The app also calls it before a
// passport ends.
func (d *Driver) Renew(ctx context.Context) error {
	b, err := d.cfg.Client.Passport(ctx)
	if err != nil {
		return err
	}
	if err := d.cfg.Log.Expect(b); err != nil {
		return errors.Join(errPassport, err)
	}
	p, err := d.cfg.Log.Check(ctx, d.cfg.Roots, b, d.cfg.Device, d.cfg.Now())
	if err != nil {
		if errors.Is(err, client.ErrDown) || ctx.Err() != nil {
			return client.ErrDown
		}
		return errors.Join(errPassport, err)
	}
	d.cfg.Passport(b, p)
	return nil
}

// troubles maps the service's codes.
var troubles = map[wire.Code]upgrade.Trouble{
	wire.CodeBadRequest: upgrade.TroubleInput, wire.CodeTooLarge: upgrade.TroubleInput, wire.CodeUnauthorized: upgrade.TroubleSignedOut,
	wire.CodeTooFast: upgrade.TroubleTooFast, wire.CodeNotFound: upgrade.TroubleUnavailable, wire.CodeWrongCode: upgrade.TroubleWrongCode,
	wire.CodeExpired: upgrade.TroubleExpired, wire.CodeUsed: upgrade.TroubleUsed, wire.CodeChannelDown: upgrade.TroubleGatewayDown,
	wire.CodeUndelivered: upgrade.TroubleUndelivered, wire.CodeNotProved: upgrade.TroubleNotProved, wire.CodeSignOn: upgrade.TroubleDenied,
	wire.CodeNoSeat: upgrade.TroubleNoSeat, wire.CodeVoucher: upgrade.TroubleVoucher, wire.CodeName: upgrade.TroubleName,
	wire.CodeUnavailable: upgrade.TroubleUnavailable, wire.CodeInternal: upgrade.TroubleServiceDown,
}

func (d *Driver) failed(number uint64, err error) upgrade.Failed {
	out := upgrade.Failed{Number: number, Trouble: upgrade.TroubleServiceDown}
	var refused *wire.Error
	switch {
	case errors.As(err, &refused):
		out.Trouble, out.TriesLeft = troubles[refused.Code], refused.TriesLeft
		if refused.RetryAfter > 0 {
			out.RetryAt = d.cfg.Now().Add(time.Duration(refused.RetryAfter) * time.Second)
		}
	case errors.Is(err, errPassport):
		out.Trouble = upgrade.TroublePassport
	case errors.Is(err, client.ErrDenied):
		out.Trouble = upgrade.TroubleDenied
	case errors.Is(err, client.ErrProvider):
		out.Trouble = upgrade.TroubleGatewayDown
	}
	return out
}
