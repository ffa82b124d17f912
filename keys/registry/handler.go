package registry

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"conclave/keys/registry/channel"
	"conclave/keys/registry/store"
	"conclave/keys/registry/voucher"
	"conclave/keys/registry/wire"
)

// Handler serves the registry below wire.Prefix; the server that mounts it sets
// the time for headers and TLS. Every answer is JSON, except policies and terms.
func (g *Registry) Handler() http.Handler {
	mux := http.NewServeMux()
	get := func(path string, f func(*http.Request) (any, error)) {
		mux.HandleFunc("GET "+wire.Prefix+path, g.timed(path, func(w http.ResponseWriter, r *http.Request) {
			out, err := g.allowed(r, f)
			g.answer(w, path, out, err)
		}))
	}
	get("about", func(*http.Request) (any, error) { return g.About(), nil })
	get("disclosures", func(r *http.Request) (any, error) { return g.Report(r.Context()) })
	get("policy", func(r *http.Request) (any, error) { return g.Policy(r.Context(), "") })
	get("policy/{hash}", func(r *http.Request) (any, error) { return g.Policy(r.Context(), r.PathValue("hash")) })
	get("terms/{hash}", func(r *http.Request) (any, error) { return g.Terms(r.Context(), r.PathValue("hash")) })
	for path, f := range g.methods() {
		mux.HandleFunc("POST "+wire.Prefix+path, g.timed(path, func(w http.ResponseWriter, r *http.Request) { g.serve(w, r, path, f) }))
	}
	mux.HandleFunc("POST "+wire.Prefix+"hooks/delivery", g.timed("hooks/delivery", g.delivery))
	mux.HandleFunc("POST "+wire.Prefix+"hooks/billing", g.timed("hooks/billing", g.billing))
	mux.HandleFunc(wire.Prefix, func(w http.ResponseWriter, _ *http.Request) {
		g.answer(w, "unknown", nil, wire.Fail(wire.CodeNotFound))
	})
	return mux
}

// method answers one signed request.
type method func(ctx context.Context, by Caller, body []byte) (any, error)

// on decodes the body of a method strictly.
func on[T any](f func(context.Context, Caller, T) (any, error)) method {
	return func(ctx context.Context, by Caller, body []byte) (any, error) {
		var request T
		if err := wire.Decode(body, &request); err != nil {
			return nil, wire.Fail(wire.CodeBadRequest)
		}
		return f(ctx, by, request)
	}
}

// methods maps the paths of signed requests.
func (g *Registry) methods() map[string]method {
	return map[string]method{
		"signin/start": on(func(ctx context.Context, by Caller, r wire.SignInStart) (any, error) {
			return g.StartSignIn(ctx, by, string(r.Address))
		}),
		"signin/finish": on(func(ctx context.Context, by Caller, r wire.Finish) (any, error) {
			return g.FinishSignIn(ctx, by, r.Attempt, string(r.Code), string(r.Name))
		}),
		"phone/start": on(func(ctx context.Context, by Caller, r wire.PhoneStart) (any, error) {
			return g.StartPhone(ctx, by, string(r.Number))
		}),
		"phone/finish": on(func(ctx context.Context, by Caller, r wire.Finish) (any, error) {
			return g.FinishPhone(ctx, by, r.Attempt, string(r.Code))
		}),
		"organisation/start": on(func(ctx context.Context, by Caller, r wire.SignOnStart) (any, error) {
			return g.StartOrganisation(ctx, by, r.Domain)
		}),
		"organisation/finish": on(func(ctx context.Context, by Caller, r wire.SignOnFinish) (any, error) {
			return g.FinishOrganisation(ctx, by, r.Attempt, string(r.Token))
		}),
		"seat/claim": on(func(ctx context.Context, by Caller, _ wire.Empty) (any, error) { return g.ClaimSeat(ctx, by) }),
		"voucher/redeem": on(func(ctx context.Context, by Caller, r wire.Voucher) (any, error) {
			return g.RedeemVoucher(ctx, by, r.Partner, voucher.Voucher{Message: r.Message, Signature: r.Signature})
		}),
		"outbox": on(func(ctx context.Context, by Caller, r wire.Outbox) (any, error) {
			code, err := g.OutboxCode(ctx, by, r.Attempt)
			return wire.OutboxMessage{Code: wire.Text(code)}, err
		}),
		"account": on(func(ctx context.Context, by Caller, _ wire.Empty) (any, error) { return g.Account(ctx, by) }),
		"account/name": on(func(ctx context.Context, by Caller, r wire.Rename) (any, error) {
			return g.Rename(ctx, by, string(r.Name))
		}),
		"passport": on(func(ctx context.Context, by Caller, _ wire.Empty) (any, error) {
			b, err := g.Issue(ctx, by)
			if err != nil {
				return nil, err
			}
			data, err := b.Encode()
			return wire.Passport{Bundle: data}, err
		}),
		"passports": on(func(ctx context.Context, by Caller, _ wire.Empty) (any, error) { return g.encodedPassports(ctx, by) }),
		"devices":   on(func(ctx context.Context, by Caller, _ wire.Empty) (any, error) { return g.Devices(ctx, by) }),
		"devices/revoke": on(func(ctx context.Context, by Caller, r wire.Revoke) (any, error) {
			return wire.Empty{}, g.Revoke(ctx, by, r.Device)
		}),
		"export": on(func(ctx context.Context, by Caller, _ wire.Empty) (any, error) { return g.Export(ctx, by) }),
		"delete": on(func(ctx context.Context, by Caller, _ wire.Empty) (any, error) {
			return wire.Empty{}, g.Delete(ctx, by)
		}),
		"terms": func(ctx context.Context, by Caller, body []byte) (any, error) {
			return wire.Empty{}, errOf(g.StoreTerms(ctx, by, body))
		},
	}
}

func errOf(_ string, err error) error { return err }

func (g *Registry) encodedPassports(ctx context.Context, by Caller) (wire.Passports, error) {
	out := wire.Passports{Bundles: [][]byte{}}
	bundles, err := g.Passports(ctx, by)
	for _, b := range bundles {
		data, err := b.Encode()
		if err != nil {
			return wire.Passports{}, err
		}
		out.Bundles = append(out.Bundles, data)
	}
	return out, err
}

// allowed runs f within the limits of a network.
func (g *Registry) allowed(r *http.Request, f func(*http.Request) (any, error)) (any, error) {
	if err := g.limits.requests.take(networkOf(r.RemoteAddr), g.cfg.Now()); err != nil {
		return nil, err
	}
	return f(r)
}

// serve checks limits, size and signature, in this order, and runs a method.
func (g *Registry) serve(w http.ResponseWriter, r *http.Request, path string, f method) {
	out, err := g.allowed(r, func(r *http.Request) (any, error) {
		body, err := g.readBody(w, r)
		if err != nil {
			return nil, err
		}
		now := g.cfg.Now()
		device, nonce, err := wire.Verify(r.Header.Get(wire.Header), r.Host, r.URL.Path, body, now)
		if err != nil {
			return nil, errUnauthorized()
		}
		if err := g.spend(r.Context(), nonce[:], now); err != nil {
			return nil, err
		}
		return f(r.Context(), Caller{Device: device, Network: networkOf(r.RemoteAddr)}, body)
	})
	g.answer(w, path, out, err)
}

// spend refuses a nonce that was there before, and all new ones while it can
// remember no more. Services that share a store
// share what was spent, or a request could be repeated at the next one.
func (g *Registry) spend(ctx context.Context, nonce []byte, now time.Time) error {
	switch err := g.nonces.take(string(nonce), now); {
	case errors.Is(err, errFull):
		return err // unauthorized would sign people out who have done nothing
	case err != nil:
		return errUnauthorized()
	}
	if !g.cfg.Shared {
		return nil
	}
	err := g.cfg.Store.Write(ctx, func(tx store.Tx) error {
		if err := tx.Prune(kindNonce, now); err != nil {
			return err
		}
		return tx.Add(store.Record{Kind: kindNonce, Key: string(nonce), Until: now.Add(2 * wire.Skew)})
	})
	if errors.Is(err, store.ErrExists) {
		return errUnauthorized()
	}
	return err
}

func (g *Registry) readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(g.cfg.BodyWithin)) // recorders in tests have none
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, wire.MaxBody))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, wire.Fail(wire.CodeTooLarge)
	case err != nil:
		return nil, wire.Fail(wire.CodeBadRequest)
	}
	return body, nil
}

// answer writes what a method returned. Errors that are not for clients become
// "internal" and one line in the log, with the path and the error: errors of
// this package and its stores hold no personal data.
func (g *Registry) answer(w http.ResponseWriter, path string, out any, err error) {
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Type", "application/json")
	var failed *wire.Error
	switch {
	case err == nil:
	case errors.As(err, &failed):
	default:
		g.cfg.Log.Error("registry request failed", slog.String("path", path), slog.Any("error", err))
		failed = wire.Fail(wire.CodeInternal)
	}
	code := "ok"
	if failed != nil {
		code = string(failed.Code)
	}
	g.figures.requests.WithLabelValues(path, code).Inc()
	if failed != nil {
		if failed.RetryAfter > 0 {
			h.Set("Retry-After", strconv.Itoa(failed.RetryAfter))
		}
		w.WriteHeader(failed.Code.Status())
		_ = json.NewEncoder(w).Encode(failed) // the client is gone
		return
	}
	if raw, isRaw := out.([]byte); isRaw {
		h.Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = w.Write(raw)
		return
	}
	_ = json.NewEncoder(w).Encode(out)
}

// networkOf returns the /24 or /64 of an address: who has one address there
// usually has them all.
func networkOf(remote string) string {
	host, _, err := net.SplitHostPort(remote)
	if err != nil {
		return "unknown"
	}
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return "unknown"
	}
	bits := 64
	if addr = addr.Unmap().WithZone(""); addr.Is4() {
		bits = 24
	}
	prefix, err := addr.Prefix(bits)
	if err != nil {
		return "unknown"
	}
	return prefix.String()
}

// delivery takes the gateway's report on a message.
func (g *Registry) delivery(w http.ResponseWriter, r *http.Request) {
	var report struct {
		Attempt string `json:"reference"`
		Status  string `json:"status"` // delivered or failed
	}
	err := g.hook(w, r, g.cfg.GatewaySecret, &report)
	if err == nil && report.Status == "failed" {
		err = g.Undelivered(r.Context(), report.Attempt)
	}
	g.answer(w, "hooks/delivery", wire.Empty{}, err)
}

// billing takes the assignment or the end of a seat.
func (g *Registry) billing(w http.ResponseWriter, r *http.Request) {
	var change struct {
		Event        string    `json:"event"` // unique; repeated events change nothing
		Action       string    `json:"action"`
		Seat         string    `json:"seat"` // address or @domain
		Organisation string    `json:"organisation"`
		Expires      time.Time `json:"expires"`
	}
	err := g.hook(w, r, g.cfg.BillingSecret, &change)
	if err == nil {
		err = g.once(r.Context(), change.Event, func() error {
			switch change.Action {
			case "assign":
				return g.AssignSeat(r.Context(), change.Seat, change.Organisation, change.Expires, "billing")
			case "withdraw":
				return g.WithdrawSeat(r.Context(), change.Seat)
			}
			return wire.Fail(wire.CodeBadRequest)
		})
	}
	g.answer(w, "hooks/billing", wire.Empty{}, err)
}

// hook reads and checks a webhook.
func (g *Registry) hook(w http.ResponseWriter, r *http.Request, secret []byte, into any) error {
	_, err := g.allowed(r, func(r *http.Request) (any, error) {
		body, err := g.readBody(w, r)
		if err != nil {
			return nil, err
		}
		if channel.Verify(secret, r.Header.Get(channel.SignatureHeader), body, g.cfg.Now()) != nil {
			return nil, errUnauthorized()
		}
		if wire.Decode(body, into) != nil {
			return nil, wire.Fail(wire.CodeBadRequest)
		}
		return nil, nil
	})
	return err
}

// once carries an event out unless it was before. What it does must bear being
// done twice, for a crash in between.
func (g *Registry) once(ctx context.Context, event string, f func() error) error {
	if event == "" || len(event) > 128 || strings.ContainsFunc(event, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return wire.Fail(wire.CodeBadRequest)
	}
	err := g.cfg.Store.Read(ctx, func(tx store.Tx) error { _, err := tx.Get(kindEvent, event); return err })
	if !errors.Is(err, store.ErrNotFound) {
		return err // carried out before, or the store is down
	}
	if err := f(); err != nil {
		return err
	}
	return g.cfg.Store.Write(ctx, func(tx store.Tx) error {
		return put(tx, kindEvent, event, "", g.cfg.Now().Add(4*channel.Tolerance), struct{}{})
	})
}
