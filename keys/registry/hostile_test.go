package registry_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"conclave/keys"
	"conclave/keys/registry"
	"conclave/keys/registry/channel"
	"conclave/keys/registry/registrytest"
	"conclave/keys/registry/store"
	"conclave/keys/registry/store/storetest"
	"conclave/keys/registry/wire"
)

// post sends a signed body as a device would, and returns the status and code.
func post(t *testing.T, s *registrytest.Service, device keys.DeviceKey, path string, body []byte) (int, wire.Code) {
	t.Helper()
	host := strings.TrimPrefix(s.URL, "http://")
	return send(t, s, path, body, map[string]string{wire.Header: wire.Sign(device, host, path, body, time.Now())})
}

func send(t *testing.T, s *registrytest.Service, path string, body []byte, header map[string]string) (int, wire.Code) {
	t.Helper()
	r, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+path, bytes.NewReader(body))
	for k, v := range header {
		r.Header.Set(k, v)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	data, _ := io.ReadAll(response.Body)
	var failed wire.Error
	_ = json.Unmarshal(data, &failed)
	return response.StatusCode, failed.Code
}

func TestHostileRequestsGetTheRightStatusAndChangeNothing(t *testing.T) {
	onStores(t, hostileRequests)
}

// onStores runs a test on SQLite and on PostgreSQL.
func onStores(t *testing.T, f func(*testing.T, *registrytest.Service)) {
	t.Run("sqlite", func(t *testing.T) { f(t, registrytest.NewService(t, nil)) })
	t.Run("postgres", func(t *testing.T) {
		database, err := store.OpenPostgres(t.Context(), storetest.Start(t).Database(t))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = database.Close() })
		f(t, registrytest.NewService(t, func(c *registry.Config) { c.Store, c.Shared = database, true }))
	})
}

func hostileRequests(t *testing.T, s *registrytest.Service) {
	ana := s.SignedIn(t, "ana@home.example", "Ana")
	stranger, _ := keys.NewDeviceKey()
	before := snapshot(t, s)
	js := func(v any) []byte { data, _ := json.Marshal(v); return data }
	for name, row := range map[string]struct {
		device keys.DeviceKey
		path   string
		body   []byte
		status int
		code   wire.Code
	}{
		"10 MB body":           {ana.Device, "/v1/signin/start", make([]byte, 10<<20), 413, wire.CodeTooLarge},
		"not JSON":             {ana.Device, "/v1/signin/start", []byte("hello"), 400, wire.CodeBadRequest},
		"unknown field":        {ana.Device, "/v1/signin/start", []byte(`{"address":"a@b.example","admin":true}`), 400, wire.CodeBadRequest},
		"unknown path":         {ana.Device, "/v1/admin", []byte("{}"), 404, wire.CodeNotFound},
		"no address":           {ana.Device, "/v1/signin/start", js(wire.SignInStart{Address: "ana"}), 400, wire.CodeBadRequest},
		"two addresses":        {ana.Device, "/v1/signin/start", js(wire.SignInStart{Address: "a@b.example,c@d.example"}), 400, wire.CodeBadRequest},
		"header in address":    {ana.Device, "/v1/signin/start", js(wire.SignInStart{Address: "a@b.example\r\nBcc: x@y.example"}), 400, wire.CodeBadRequest},
		"homoglyph address":    {ana.Device, "/v1/signin/start", js(wire.SignInStart{Address: "аna@home.example"}), 400, wire.CodeBadRequest},
		"SQL in address":       {ana.Device, "/v1/signin/start", js(wire.SignInStart{Address: `x'; DROP TABLE records;--@b.example`}), 400, wire.CodeBadRequest},
		"unknown attempt":      {ana.Device, "/v1/signin/finish", js(wire.Finish{Attempt: "'; DELETE FROM records", Code: "123456", Name: "x"}), 410, wire.CodeExpired},
		"bad number":           {ana.Device, "/v1/phone/start", js(wire.PhoneStart{Number: "12345"}), 400, wire.CodeBadRequest},
		"number of a stranger": {stranger, "/v1/phone/start", js(wire.PhoneStart{Number: "+491701234567"}), 401, wire.CodeUnauthorized},
		"bidi name":            {ana.Device, "/v1/account/name", js(wire.Rename{Name: "Ana\u202egnp"}), 422, wire.CodeName},
		"endless name":         {ana.Device, "/v1/account/name", js(wire.Rename{Name: wire.Text(strings.Repeat("a", 3000))}), 422, wire.CodeName},
		"stranger":             {stranger, "/v1/account", []byte("{}"), 401, wire.CodeUnauthorized},
		"stranger's passport":  {stranger, "/v1/passport", []byte("{}"), 401, wire.CodeUnauthorized},
		"unknown organisation": {ana.Device, "/v1/organisation/start", js(wire.SignOnStart{Domain: "evil.example"}), 404, wire.CodeUnavailable},
		"malformed domain":     {ana.Device, "/v1/organisation/start", js(wire.SignOnStart{Domain: "../x"}), 400, wire.CodeBadRequest},
		"no seat":              {ana.Device, "/v1/seat/claim", []byte("{}"), 404, wire.CodeNoSeat},
		"false voucher":        {ana.Device, "/v1/voucher/redeem", js(wire.Voucher{Partner: registrytest.PartnerName, Message: make([]byte, 83), Signature: make([]byte, 256)}), 422, wire.CodeVoucher},
		"unknown partner":      {ana.Device, "/v1/voucher/redeem", js(wire.Voucher{Partner: "x"}), 404, wire.CodeUnavailable},
		"unknown device":       {ana.Device, "/v1/devices/revoke", js(wire.Revoke{Device: stranger.Public()}), 404, wire.CodeNotFound},
		"outbox that is none":  {ana.Device, "/v1/outbox", js(wire.Outbox{Attempt: "a"}), 404, wire.CodeUnavailable},
		"NUL in attempt":       {ana.Device, "/v1/signin/finish", js(wire.Finish{Attempt: "\x00\xff", Code: "123456", Name: "x"}), 410, wire.CodeExpired},
		"NUL in partner":       {ana.Device, "/v1/voucher/redeem", js(wire.Voucher{Partner: "\x00"}), 404, wire.CodeUnavailable},
		"NUL in name":          {ana.Device, "/v1/account/name", js(wire.Rename{Name: "Ana\x00"}), 422, wire.CodeName},
		"zero width name":      {ana.Device, "/v1/account/name", js(wire.Rename{Name: "An\u200ba"}), 422, wire.CodeName},
		"isolate in name":      {ana.Device, "/v1/account/name", js(wire.Rename{Name: "\u2067Ana"}), 422, wire.CodeName},
		"tag in name":          {ana.Device, "/v1/account/name", js(wire.Rename{Name: "Ana\U000e0041"}), 422, wire.CodeName},
		"name of marks":        {ana.Device, "/v1/account/name", js(wire.Rename{Name: wire.Text("A" + strings.Repeat("\u0301", 40))}), 422, wire.CodeName},
		"two objects":          {ana.Device, "/v1/account", []byte("{}{}"), 400, wire.CodeBadRequest},
		"deep nesting":         {ana.Device, "/v1/account", []byte(strings.Repeat("[", 8000)), 400, wire.CodeBadRequest},
		"10 MB of terms":       {ana.Device, "/v1/terms", make([]byte, 10<<20), 413, wire.CodeTooLarge},
		"10 MB to delete":      {ana.Device, "/v1/delete", make([]byte, 10<<20), 413, wire.CodeTooLarge},
		"10 MB to a hook":      {ana.Device, "/v1/hooks/billing", make([]byte, 10<<20), 413, wire.CodeTooLarge},
		"false terms":          {ana.Device, "/v1/terms", []byte("{}"), 400, wire.CodeBadRequest},
	} {
		if status, code := post(t, s, row.device, row.path, row.body); status != row.status || code != row.code {
			t.Errorf("%s: %d %s, want %d %s", name, status, code, row.status, row.code)
		}
	}
	host := strings.TrimPrefix(s.URL, "http://")
	for name, header := range map[string]string{
		"no signature": "", "another path": wire.Sign(ana.Device, host, "/v1/export", []byte("{}"), time.Now()),
		"another service": wire.Sign(ana.Device, "evil.example", "/v1/account", []byte("{}"), time.Now()),
		"old":             wire.Sign(ana.Device, host, "/v1/account", []byte("{}"), time.Now().Add(-time.Hour)),
	} {
		if status, _ := send(t, s, "/v1/account", []byte("{}"), map[string]string{wire.Header: header}); status != 401 {
			t.Errorf("%s: %d", name, status)
		}
	}
	once := map[string]string{wire.Header: wire.Sign(ana.Device, host, "/v1/account", []byte("{}"), time.Now())}
	if status, _ := send(t, s, "/v1/account", []byte("{}"), once); status != 200 {
		t.Errorf("a good request: %d", status)
	}
	if status, _ := send(t, s, "/v1/account", []byte("{}"), once); status != 401 {
		t.Errorf("replayed: %d", status)
	}
	if after := snapshot(t, s); after != before {
		t.Errorf("something changed:\n%s\n%s", before, after)
	}
}

// snapshot counts records by kind.
func snapshot(t *testing.T, s *registrytest.Service) string {
	var out strings.Builder
	for _, kind := range []string{"account", "address", "device", "verification", "proof", "attempt", "voucher", "passport", "seat", "terms"} {
		out.WriteString(kind + strings.Repeat("|", count(t, s, kind)) + " ")
	}
	return out.String()
}

func TestCodesAreTriedFiveTimesAndForTenMinutes(t *testing.T) {
	now := time.Now()
	clock := &now
	s := registrytest.NewService(t, func(c *registry.Config) { c.Now = func() time.Time { return *clock } })
	by := registry.Caller{Device: keys.DeviceKeyFromSeed([32]byte{1}).Public(), Network: "n"}
	other := registry.Caller{Device: keys.DeviceKeyFromSeed([32]byte{2}).Public(), Network: "n"}
	start := func() (string, string) {
		t.Helper()
		started, err := s.Registry.StartSignIn(t.Context(), by, "Ana@Home.example")
		if err != nil {
			t.Fatal(err)
		}
		return started.Attempt, s.Mail.Code("ana@home.example")
	}
	wrong := func(code string) string {
		if code == "000000" {
			return "000001"
		}
		return "000000"
	}
	id, code := start()
	for left := 4; left > 0; left-- {
		_, err := s.Registry.FinishSignIn(t.Context(), by, id, wrong(code), "Ana")
		wantCode(t, "wrong code", err, wire.CodeWrongCode)
		var failed *wire.Error
		if errors.As(err, &failed) && failed.TriesLeft != left {
			t.Errorf("%d tries left, want %d", failed.TriesLeft, left)
		}
	}
	_, err := s.Registry.FinishSignIn(t.Context(), by, id, wrong(code), "Ana")
	wantCode(t, "fifth wrong code", err, wire.CodeExpired)
	_, err = s.Registry.FinishSignIn(t.Context(), by, id, code, "Ana")
	wantCode(t, "right code too late", err, wire.CodeExpired)

	id, code = start()
	_, err = s.Registry.FinishSignIn(t.Context(), other, id, code, "Eve")
	wantCode(t, "another device", err, wire.CodeExpired)
	_, err = s.Registry.FinishPhone(t.Context(), by, id, code)
	wantCode(t, "another purpose", err, wire.CodeExpired)
	now = now.Add(registry.CodeLifetime)
	_, err = s.Registry.FinishSignIn(t.Context(), by, id, code, "Ana")
	wantCode(t, "after ten minutes", err, wire.CodeExpired)

	id, code = start()
	_, err = s.Registry.FinishSignIn(t.Context(), by, id, code, "")
	wantCode(t, "no name", err, wire.CodeName)
	if _, err = s.Registry.FinishSignIn(t.Context(), by, id, code[:3]+" "+code[3:], "Ana"); err != nil {
		t.Errorf("right code with a space: %v", err)
	}
	_, err = s.Registry.FinishSignIn(t.Context(), by, id, code, "Ana")
	wantCode(t, "replayed code", err, wire.CodeExpired)
}

func TestLimitsHoldForDeviceAddressAndNetwork(t *testing.T) {
	now := time.Now()
	rate := registry.Rate{Burst: 3, Every: time.Minute}
	many := registry.Rate{Burst: 1000, Every: time.Millisecond}
	device := func(i byte) keys.PublicKey { return keys.DeviceKeyFromSeed([32]byte{i + 1}).Public() }
	for name, row := range map[string]struct {
		limits registry.Limits
		call   func(i byte) (registry.Caller, string)
	}{
		"device": {registry.Limits{CodesPerDevice: rate, CodesPerAddress: many, CodesPerNetwork: many}, func(i byte) (registry.Caller, string) {
			return registry.Caller{device(0), string('a' + i)}, string('a'+i) + "@b.example"
		}},
		"address": {registry.Limits{CodesPerDevice: many, CodesPerAddress: rate, CodesPerNetwork: many}, func(i byte) (registry.Caller, string) {
			return registry.Caller{device(i), string('a' + i)}, "a@b.example"
		}},
		"network": {registry.Limits{CodesPerDevice: many, CodesPerAddress: many, CodesPerNetwork: rate}, func(i byte) (registry.Caller, string) {
			return registry.Caller{device(i), "n"}, string('a'+i) + "@b.example"
		}},
	} {
		t.Run(name, func(t *testing.T) {
			current := now
			s := registrytest.NewService(t, func(c *registry.Config) {
				c.Limits, c.Now = row.limits, func() time.Time { return current }
			})
			ask := func(i byte) error {
				by, address := row.call(i)
				_, err := s.Registry.StartSignIn(t.Context(), by, address)
				return err
			}
			for i := range byte(3) {
				if err := ask(i); err != nil {
					t.Fatal(err)
				}
			}
			err := ask(4)
			wantCode(t, "the fourth", err, wire.CodeTooFast)
			var failed *wire.Error
			if !errors.As(err, &failed) || failed.RetryAfter < 59 || failed.RetryAfter > 61 {
				t.Errorf("retry after: %v", failed)
			}
			current = current.Add(time.Minute)
			if err := ask(5); err != nil {
				t.Errorf("a minute later: %v", err)
			}
		})
	}
}

func TestChannelsThatFailSaySo(t *testing.T) {
	s := registrytest.NewService(t, nil)
	ctx := t.Context()
	ana := s.SignedIn(t, "ana@home.example", "Ana")
	phone := func() error { _, err := ana.StartPhone(ctx, "+491701234567"); return err }
	s.Text.Answer(500)
	wantCode(t, "gateway broken", phone(), wire.CodeChannelDown)
	s.Text.Answer(422)
	wantCode(t, "gateway refuses", phone(), wire.CodeUndelivered)
	s.Text.Answer(302)
	wantCode(t, "gateway redirects", phone(), wire.CodeChannelDown)
	s.Text.Answer(0)
	s.Text.Hang(true)
	wantCode(t, "gateway hangs", phone(), wire.CodeChannelDown)
	s.Text.Hang(false)
	if err := phone(); err != nil || s.Text.Forged() != 0 {
		t.Errorf("gateway is back: %v, %d forged", err, s.Text.Forged())
	}
	s.Mail.Refuse("550 no such person")
	_, err := ana.StartSignIn(ctx, "nobody@home.example")
	wantCode(t, "no such mailbox", err, wire.CodeUndelivered)
	s.Mail.Refuse("451 later")
	_, err = ana.StartSignIn(ctx, "nobody@home.example")
	wantCode(t, "mail server busy", err, wire.CodeChannelDown)
	s.Mail.Refuse("")
	s.Mail.Plain(true)
	_, err = ana.StartSignIn(ctx, "nobody@home.example")
	wantCode(t, "mail server without encryption", err, wire.CodeChannelDown)
	if s.Mail.InClear() != 0 || len(s.Mail.Messages("nobody@home.example")) != 0 {
		t.Error("an address or a code went unencrypted")
	}
}

func TestAPhoneVerifiesOneAccount(t *testing.T) {
	s := registrytest.NewService(t, nil)
	ctx := t.Context()
	number := "+491701234567"
	upgrade := func(p registrytest.Person, number string) error {
		started, err := p.StartPhone(ctx, number)
		if err != nil {
			return err
		}
		_, err = p.FinishPhone(ctx, started.Attempt, s.Text.Code(number))
		return err
	}
	ana, ben := s.SignedIn(t, "ana@home.example", "Ana"), s.SignedIn(t, "ben@home.example", "Ben")
	if err := upgrade(ana, number); err != nil {
		t.Fatal(err)
	}
	wantCode(t, "the same phone again for another", upgrade(ben, number), wire.CodeUsed)
	if err := upgrade(ana, number); err != nil {
		t.Errorf("the same phone again for the same: %v", err)
	}
	if err := upgrade(ana, "+491707654321"); err != nil {
		t.Errorf("a new phone: %v", err)
	}
	if err := upgrade(ben, number); err != nil {
		t.Errorf("the phone that was given up: %v", err)
	}
	if a, err := ben.Account(ctx); err != nil || a.Class != keys.ClassPhone {
		t.Errorf("Ben is %s, %v", a.Class, err)
	}
}

func TestVouchersAreUsedOnce(t *testing.T) {
	s := registrytest.NewService(t, nil)
	ctx := t.Context()
	ana, ben := s.SignedIn(t, "ana@home.example", "Ana"), s.SignedIn(t, "ben@home.example", "Ben")
	stranger := s.NewPerson(t)
	message, signature := newVoucher(t, s)
	_, err := stranger.RedeemVoucher(ctx, registrytest.PartnerName, message, signature)
	wantCode(t, "without an account", err, wire.CodeUnauthorized)
	if _, err := ana.RedeemVoucher(ctx, registrytest.PartnerName, message, signature); err != nil {
		t.Fatal(err)
	}
	_, err = ben.RedeemVoucher(ctx, registrytest.PartnerName, message, signature)
	wantCode(t, "somebody else's", err, wire.CodeUsed)
	_, err = ana.RedeemVoucher(ctx, registrytest.PartnerName, message, signature)
	wantCode(t, "one's own again", err, wire.CodeUsed)
}

func TestSeatsComeFromBillingOrTheOperator(t *testing.T) {
	s := registrytest.NewService(t, nil)
	ctx := t.Context()
	ana := s.SignedIn(t, "ana@firm.example", "Ana")
	hook := func(secret, body string, at time.Time) (int, wire.Code) {
		return send(t, s, "/v1/hooks/billing", []byte(body), map[string]string{
			channel.SignatureHeader: channel.Sign([]byte(secret), at, []byte(body)),
		})
	}
	assign := `{"event":"e1","action":"assign","seat":"@firm.example","organisation":"firm.example"}`
	for name, row := range map[string]struct {
		secret, body string
		at           time.Time
		want         int
	}{
		"forged": {"guess", assign, time.Now(), 401}, "old": {registrytest.BillingSecret, assign, time.Now().Add(-time.Hour), 401},
		"malformed": {registrytest.BillingSecret, "{", time.Now(), 400}, "no event": {registrytest.BillingSecret, `{"action":"assign"}`, time.Now(), 400},
		"whole world": {registrytest.BillingSecret, `{"event":"e0","action":"assign","seat":"@","organisation":"firm.example"}`, time.Now(), 400},
	} {
		if got, _ := hook(row.secret, row.body, row.at); got != row.want {
			t.Errorf("%s: %d, want %d", name, got, row.want)
		}
	}
	_, err := ana.ClaimSeat(ctx)
	wantCode(t, "before", err, wire.CodeNoSeat)
	if got, code := hook(registrytest.BillingSecret, assign, time.Now()); got != 200 {
		t.Fatalf("assign: %d %s", got, code)
	}
	if a, err := ana.ClaimSeat(ctx); err != nil || a.Class != keys.ClassSeat || a.Verifications[0].Issuer != "firm.example" {
		t.Fatalf("claim: %v", err)
	}
	if got, _ := hook(registrytest.BillingSecret, `{"event":"e2","action":"withdraw","seat":"@firm.example"}`, time.Now()); got != 200 {
		t.Fatal("withdraw")
	}
	if a, err := ana.Account(ctx); err != nil || a.Class != keys.ClassEmail {
		t.Errorf("after withdrawal: %s, %v", a.Class, err)
	}
	if got, _ := hook(registrytest.BillingSecret, assign, time.Now()); got != 200 {
		t.Error("a repeated event is no error")
	}
	_, err = ana.ClaimSeat(ctx)
	wantCode(t, "a replayed event", err, wire.CodeNoSeat)
	if err := s.Registry.AssignSeat(ctx, "ana@firm.example", "firm.example", time.Now().Add(-time.Minute), "operator"); err != nil {
		t.Fatal(err)
	}
	_, err = ana.ClaimSeat(ctx)
	wantCode(t, "an expired seat", err, wire.CodeNoSeat)
}

func TestUndeliveredCodesAreReported(t *testing.T) {
	s := registrytest.NewService(t, nil)
	ana := s.SignedIn(t, "ana@home.example", "Ana")
	started, err := ana.StartPhone(t.Context(), "+491701234567")
	if err != nil {
		t.Fatal(err)
	}
	body := []byte(`{"reference":"` + s.Text.Last() + `","status":"failed"}`)
	if status, _ := send(t, s, "/v1/hooks/delivery", body, map[string]string{channel.SignatureHeader: channel.Sign([]byte("guess"), time.Now(), body)}); status != 401 {
		t.Errorf("forged: %d", status)
	}
	if status, _ := send(t, s, "/v1/hooks/delivery", body, map[string]string{channel.SignatureHeader: channel.Sign(s.Text.Secret, time.Now(), body)}); status != 200 {
		t.Errorf("signed: %d", status)
	}
	_, err = ana.FinishPhone(t.Context(), started.Attempt, s.Text.Code("+491701234567"))
	wantCode(t, "a code that was not delivered", err, wire.CodeUndelivered)
}

func TestHandlerBearsAnyBody(t *testing.T) {
	s := registrytest.NewService(t, nil)
	h := s.Registry.Handler()
	for _, method := range []string{"GET", "PUT", "DELETE", "PATCH"} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(method, "/v1/account", strings.NewReader("{}")))
		if w.Code < 400 {
			t.Errorf("%s: %d", method, w.Code)
		}
	}
}

// TestStrangeNamesAreKeptAsTheyAre takes names that are nobody's attack, or only
// look like one, and brings them back letter by letter; those that imitate are
// marked by the clients.
func TestStrangeNamesAreKeptAsTheyAre(t *testing.T) {
	onStores(t, func(t *testing.T, s *registrytest.Service) {
		ana := s.SignedIn(t, "ana@home.example", "Ana")
		before := snapshot(t, s)
		roots := rootsOf(t, s.Secrets)
		for _, name := range []string{
			`Robert'); DROP TABLE records;--`, `$1 OR 1=1`, `ana" OR ""="`, "%_\\", "<script>alert(1)</script>", "{{.}}", "שרה לוי", "أحمد", "Аna", "ana", "김민준", "Zoë 🦊",
		} {
			if a, err := ana.Rename(t.Context(), name); err != nil || string(a.Name) != name {
				t.Errorf("%q: %v", name, err)
				continue
			}
			b, err := ana.Passport(t.Context())
			if err != nil {
				t.Errorf("%q: %v", name, err)
				continue
			}
			if p, err := roots.Check(b.Chain, ana.Device.Public(), time.Now()); err != nil || p.Name != name {
				t.Errorf("%q in a passport: %v", name, err)
			}
		}
		for _, imitation := range []string{"Аna", "ana", "Ａna"} {
			if !keys.LooksAlike("Ana", imitation) {
				t.Errorf("%q would not be marked beside Ana", imitation)
			}
		}
		after := snapshot(t, s)
		if strings.ReplaceAll(after, "|", "") != strings.ReplaceAll(before, "|", "") || count(t, s, "account") != 1 || count(t, s, "device") != 1 {
			t.Errorf("something else changed:\n%s\n%s", before, after)
		}
	})
}

func TestMalformedTokensAreRefused(t *testing.T) {
	s := registrytest.NewService(t, nil)
	ana := s.SignedIn(t, "eva@"+registrytest.Domain, "Ana")
	part := func(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }
	claims := part(`{"iss":"` + s.Provider.Issuer + `","aud":"` + s.Provider.ClientID + `","sub":"1","exp":9999999999,"email":"eva@` + registrytest.Domain + `","email_verified":true}`)
	for name, token := range map[string]string{
		"empty": "", "no token": "token", "no signature": part(`{"alg":"none"}`) + "." + claims + ".", "false signature": part(`{"alg":"RS256"}`) + "." + claims + "." + part("x"),
		"signed with the key's text": part(`{"alg":"HS256"}`) + "." + claims + "." + part("x"), "long": strings.Repeat("a", 15000), "NUL": "a.\x00.b",
	} {
		started, err := ana.StartOrganisation(t.Context(), registrytest.Domain)
		if err != nil {
			t.Fatal(err)
		}
		_, err = ana.FinishOrganisation(t.Context(), started.Attempt, token)
		wantCode(t, name, err, wire.CodeSignOn)
	}
	if a, err := ana.Account(t.Context()); err != nil || a.Class != keys.ClassEmail {
		t.Errorf("afterwards: %s, %v", a.Class, err)
	}
}

func TestSlowBodiesAreCut(t *testing.T) {
	s := registrytest.NewService(t, func(c *registry.Config) { c.BodyWithin = 50 * time.Millisecond })
	ana := s.SignedIn(t, "ana@home.example", "Ana")
	host := strings.TrimPrefix(s.URL, "http://")
	conn, err := net.Dial("tcp", host)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	body := []byte(`{"name":"Eve"}`)
	_, err = fmt.Fprintf(conn, "POST /v1/account/name HTTP/1.1\r\nHost: %s\r\n%s: %s\r\nContent-Length: %d\r\n\r\n%s", host, wire.Header,
		wire.Sign(ana.Device, host, "/v1/account/name", body, time.Now()), len(body), body[:len(body)-1]) // the last byte never comes
	if err != nil {
		t.Fatal(err)
	}
	_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	answer, err := io.ReadAll(conn)
	if err != nil || !bytes.HasPrefix(answer, []byte("HTTP/1.1 400")) {
		t.Errorf("got %v\n%s", err, answer)
	}
	if a, err := ana.Account(t.Context()); err != nil || string(a.Name) != "Ana" {
		t.Errorf("the name changed, %v", err)
	}
}
