package runner

import (
	"context"
	"time"

	"conclave/call"
	"conclave/keys"
)

// Passports is this device's standing with the meeting's service, and its eyes
// on the service's log. Methods may be called from any goroutine.
type Passports interface {
	// Own returns this device's newest passport bundle, encoded, or nil without
	// one. It may wait for the service, until ctx ends.
	Own(ctx context.Context) []byte
	// Check says what somebody's passport proves under the terms of the meeting
	// about. It may ask the service, until ctx ends; what it could not find out
	// is call.CheckedAway.
	Check(ctx context.Context, about keys.Descriptor, shown call.Shown) call.Proof
}

// checkLimit bounds one check: a service that answers slowly keeps somebody
// waiting at the door for this long.
const checkLimit = 15 * time.Second

// What a check posts.
type (
	ownFetched struct {
		conn  *connection
		knock int // the number of the knock that waits for it, or 0
		event call.OwnPassport
	}
	examined struct {
		conn  *connection // that the question came over; nil: any
		event call.Event
	}
)

// check runs one check apart from the runner's goroutine and posts the answer.
func (r *Runner) check(shown call.Shown, post func(call.Proof)) {
	about := r.state.About
	r.tasks.Go(func() {
		ctx, cancel := r.limited()
		defer cancel()
		post(r.cfg.Passports.Check(ctx, about, shown))
	})
}

// limited is a context for one check; it ends with the runner.
func (r *Runner) limited() (context.Context, context.CancelFunc) {
	return context.WithTimeout(r.life, checkLimit)
}

// examine has the passport of a knock checked before the host's side hears of
// the knock at all.
func (r *Runner) examine(k call.KnockOpened) {
	if k.Broken || !k.Passcode {
		r.event(k)
		return
	}
	if r.cfg.Passports == nil {
		k.Proof = call.NoAccounts()
		r.event(k)
		return
	}
	conn := r.conn
	r.check(call.Shown{Device: k.Device, Name: k.Name.Name, Bundle: k.Passport}, func(p call.Proof) {
		k.Proof = p
		r.post(examined{conn, k})
	})
}

func (r *Runner) checkMember(shown call.Shown) {
	if r.cfg.Passports == nil {
		r.event(call.PassportChecked{Device: shown.Device, Bundle: shown.Bundle, Proof: call.NoAccounts()})
		return
	}
	r.check(shown, func(p call.Proof) {
		r.post(examined{event: call.PassportChecked{Device: shown.Device, Bundle: shown.Bundle, Proof: p}})
	})
}

// fetchOwn gets the own passport and what it proves in this meeting; knock is the
// number of the knock that goes on then, or 0.
func (r *Runner) fetchOwn(knock int) {
	if r.cfg.Passports == nil {
		r.event(call.OwnPassport{Proof: call.NoAccounts()})
		if knock != 0 {
			r.knock()
		}
		return
	}
	about, self, conn := r.state.About, r.state.Self, r.conn
	r.tasks.Go(func() {
		ctx, cancel := r.limited()
		defer cancel()
		out := call.OwnPassport{Bundle: r.cfg.Passports.Own(ctx)}
		out.Proof = r.cfg.Passports.Check(ctx, about, call.Shown{Device: self, Bundle: out.Bundle})
		r.post(ownFetched{conn, knock, out})
	})
}

// ownFetched takes the own passport over, and knocks where that waited for it
// and still makes sense.
func (r *Runner) ownFetched(w ownFetched) {
	if w.knock != 0 && (w.conn != r.conn || w.knock != r.knocks) {
		return // the link broke meanwhile; there is a newer knock, or will be
	}
	r.event(w.event)
	r.settle()
	if w.knock != 0 && r.state.Seat == call.SeatKnocking {
		r.knock()
	}
}
