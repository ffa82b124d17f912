package registry

import (
	"context"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"conclave/keys"
	"conclave/keys/policy"
	"conclave/keys/registry/channel"
	"conclave/keys/registry/store"
	"conclave/keys/registry/wire"
	"conclave/keys/tlog"
	"conclave/keys/tlog/tlogtest"
)

// fuzzLedger is a log in memory.
type fuzzLedger struct{ log *tlogtest.Log }

// Append implements Ledger.
func (l fuzzLedger) Append(_ context.Context, e tlog.Entry) (keys.LogReceipt, error) {
	return l.log.Receipt(l.log.Append(e.Encode())), nil
}

// FuzzEveryBody sends any body to any path, signed by somebody with an account
// or by a stranger, and to the webhooks with their signatures. Nothing may
// panic, fail inside, or let a stranger do anything.
func FuzzEveryBody(f *testing.F) {
	g, outbox := fuzzRegistry(f)
	ana, stranger := keys.DeviceKeyFromSeed([32]byte{1}), keys.DeviceKeyFromSeed([32]byte{2})
	enter := func(t testing.TB) {
		by := Caller{Device: ana.Public(), Network: "n"}
		started, err := g.StartSignIn(t.Context(), by, "ana@home.example")
		if err != nil {
			t.Fatal(err)
		}
		code, err := outbox.Code(started.Attempt)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := g.FinishSignIn(t.Context(), by, started.Attempt, code, "Ana"); err != nil {
			t.Fatal(err)
		}
	}
	enter(f)
	paths := slices.Sorted(maps.Keys(g.methods()))
	for i, body := range []string{
		`{"address":"ben@home.example"}`, `{"attempt":"a","code":"123456","name":"Ana"}`, `{"number":"+491701234567"}`, `{"domain":"school.example"}`,
		`{"attempt":"a","token":"e30.e30."}`, `{"partner":"p","message":"AA==","signature":"AA=="}`, `{"name":"Ana"}`, `{"device":""}`, `{}`,
		`{"policy":"00","demand":{}}`, `{"event":"e","action":"assign","seat":"@firm.example","organisation":"firm.example"}`, `{"reference":"a","status":"failed"}`,
	} {
		for n := range paths {
			f.Add(uint8(n), i%2 == 0, []byte(body))
		}
		f.Add(uint8(len(paths)), true, []byte(body))
		f.Add(uint8(len(paths)+1), true, []byte(body))
	}
	h := g.Handler()
	f.Fuzz(func(t *testing.T, which uint8, known bool, body []byte) {
		n := int(which) % (len(paths) + 2)
		var r *http.Request
		switch n {
		case len(paths), len(paths) + 1:
			r = httptest.NewRequest(http.MethodPost, "http://h/v1/hooks/"+[]string{"delivery", "billing"}[n-len(paths)], strings.NewReader(string(body)))
			r.Header.Set(channel.SignatureHeader, channel.Sign([]byte("hook"), time.Now(), body))
		default:
			device := stranger
			if known {
				device = ana
			}
			path := wire.Prefix + paths[n]
			r = httptest.NewRequest(http.MethodPost, "http://h"+path, strings.NewReader(string(body)))
			r.Header.Set(wire.Header, wire.Sign(device, "h", path, body, time.Now()))
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code >= 500 && w.Code != wire.CodeChannelDown.Status() {
			t.Fatalf("%s: %d %s", r.URL.Path, w.Code, w.Body)
		}
		if n < len(paths) && !known && w.Code == http.StatusOK && paths[n] != "signin/start" {
			t.Fatalf("a stranger was served at %s", r.URL.Path)
		}
		if n < len(paths) && known && w.Code == http.StatusOK && (paths[n] == "delete" || paths[n] == "devices/revoke") {
			enter(t) // the next round needs the account
		}
	})
}

func fuzzRegistry(f *testing.F) (*Registry, *channel.Outbox) {
	f.Helper()
	must := func(err error) {
		f.Helper()
		if err != nil {
			f.Fatal(err)
		}
	}
	secrets, err := NewSecrets("fuzz.test", time.Now())
	must(err)
	outbox, err := channel.NewOutbox(f.TempDir())
	must(err)
	rules, err := policy.Preset(policy.DefaultPreset)
	must(err)
	many := Rate{Burst: 1 << 30, Every: 1}
	g, err := New(Config{
		Store: store.NewMemory(), Ledger: fuzzLedger{tlogtest.New("log.fuzz.test")}, Secrets: secrets, Name: "fuzz.test",
		Mail: outbox, Text: outbox, Outbox: outbox, Policy: rules, BillingSecret: []byte("hook"), GatewaySecret: []byte("hook"),
		Limits: Limits{CodesPerDevice: many, CodesPerAddress: many, CodesPerNetwork: many, TriesPerNetwork: many, Requests: many, Passports: many},
	})
	must(err)
	must(g.Start(f.Context()))
	return g, outbox
}
