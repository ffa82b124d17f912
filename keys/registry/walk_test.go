package registry_test

import (
	"errors"
	"testing"
	"time"

	"go.uber.org/goleak"

	"conclave/keys"
	"conclave/keys/policy"
	"conclave/keys/registry"
	"conclave/keys/registry/client"
	"conclave/keys/registry/registrytest"
	"conclave/keys/registry/voucher"
	"conclave/keys/registry/wire"
	"conclave/keys/tlog"
	"conclave/keys/tlog/tlogtest"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("k8s.io/klog/v2.(*flushDaemon).run.func1"),
		goleak.IgnoreAnyFunction("go.opencensus.io/stats/view.(*worker).start"))
}

func codeOf(err error) wire.Code {
	var failed *wire.Error
	if errors.As(err, &failed) {
		return failed.Code
	}
	if err != nil {
		return wire.Code(err.Error())
	}
	return ""
}

func wantCode(t *testing.T, what string, err error, want wire.Code) {
	t.Helper()
	if got := codeOf(err); got != want {
		t.Errorf("%s: got %q, want %q", what, got, want)
	}
}

// eyes is what a person's app trusts: the authorities and its view of the log.
type eyes struct {
	roots keys.Roots
	log   *tlog.Client
}

func look(t *testing.T, p registrytest.Person, account keys.AccountID) eyes {
	t.Helper()
	about, err := p.About(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	roots, err := keys.NewRoots(about.Authorities...)
	if err != nil {
		t.Fatal(err)
	}
	key, err := tlog.ParseKey(about.LogKey)
	if err != nil {
		t.Fatal(err)
	}
	log, err := tlog.Open(tlog.Config{Key: key, Reader: p.Log(), Memory: &tlogtest.Memory{}, Account: account})
	if err != nil {
		t.Fatal(err)
	}
	if err := log.Update(t.Context()); err != nil {
		t.Fatal(err)
	}
	return eyes{roots, log}
}

// TestThreeWaysToBecomeVerified is the whole walk: real SMTP, SMS gateway,
// OpenID provider and blind signatures; and everybody checks everybody.
func TestThreeWaysToBecomeVerified(t *testing.T) {
	s := registrytest.NewService(t, nil)
	ctx := t.Context()
	ana := s.SignedIn(t, "ana@home.example", "Ana")
	eva := s.SignedIn(t, "eva@home.example", "Eva")
	ida := s.SignedIn(t, "ida@home.example", "Ida")

	// Ana may not host yet, and is told why and what helps.
	signed, err := ana.Policy(ctx, "")
	if err != nil {
		t.Fatal(err)
	}
	about, _ := ana.About(ctx)
	verifier, err := registry.PolicyVerifier(about.PolicyKey)
	if err != nil {
		t.Fatal(err)
	}
	rules, err := policy.Open(signed, verifier)
	if err != nil {
		t.Fatal(err)
	}
	first, err := ana.Passport(ctx)
	if err != nil {
		t.Fatal(err)
	}
	account, _ := ana.Account(ctx)
	sees := look(t, ana, account.ID)
	p, err := sees.log.Check(ctx, sees.roots, first, ana.Device.Public(), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	refused := rules.Decide(policy.SubjectOf(p), policy.ActionHostE2EE)
	if refused.Allowed() || len(refused.Unlock) != 4 || !sees.log.IsLoggedPolicy(rules.Version, rules.Hash()) {
		t.Fatalf("with an e-mail address: %+v", refused)
	}

	// She upgrades by SMS; from the click to the new passport in the log.
	begin := time.Now()
	started, err := ana.StartPhone(ctx, "+49 170 123-4567")
	if err != nil {
		t.Fatal(err)
	}
	if account, err = ana.FinishPhone(ctx, started.Attempt, s.Text.Code("+491701234567")); err != nil {
		t.Fatal(err)
	}
	bundle, err := ana.Passport(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if took := time.Since(begin); took > 3*time.Second {
		t.Errorf("upgrading took %v, want under 3 s", took)
	} else {
		t.Logf("from Upgrade to a logged passport: %v", took)
	}
	bundles := map[keys.PublicKey]keys.PassportBundle{ana.Device.Public(): bundle}

	// Eva by her school's sign-on.
	on, err := eva.StartOrganisation(ctx, "School.example")
	if err != nil {
		t.Fatal(err)
	}
	token, err := client.SignOn(ctx, on, s.Provider.Browse, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := eva.FinishOrganisation(ctx, on.Attempt, token); err != nil {
		t.Fatal(err)
	}
	if bundles[eva.Device.Public()], err = eva.Passport(ctx); err != nil {
		t.Fatal(err)
	}

	// Ida by a voucher, from a partner that cannot recognise it.
	request, err := voucher.NewRequest(s.Public)
	if err != nil {
		t.Fatal(err)
	}
	blind, err := s.Partner.Sign(request.Blinded())
	if err != nil {
		t.Fatal(err)
	}
	v, err := request.Finish(blind)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ida.RedeemVoucher(ctx, registrytest.PartnerName, v.Message, v.Signature); err != nil {
		t.Fatal(err)
	}
	if bundles[ida.Device.Public()], err = ida.Passport(ctx); err != nil {
		t.Fatal(err)
	}

	want := map[keys.PublicKey]policy.Subject{
		ana.Device.Public(): {Class: keys.ClassPhone},
		eva.Device.Public(): {Class: keys.ClassOrganisation, Organisation: registrytest.Domain},
		ida.Device.Public(): {Class: keys.ClassVoucher, Organisation: registrytest.PartnerName},
	}
	for _, person := range []registrytest.Person{ana, eva, ida} {
		sees := look(t, person, keys.AccountID{})
		for device, b := range bundles {
			p, err := sees.log.Check(ctx, sees.roots, b, device, time.Now())
			if err != nil {
				t.Fatal(err)
			}
			if got := policy.SubjectOf(p); got != want[device] {
				t.Errorf("got %+v, want %+v", got, want[device])
			}
			if !rules.Decide(policy.SubjectOf(p), policy.ActionHostE2EE).Allowed() {
				t.Error("a verified person may not host")
			}
		}
	}

	// Ana's own watch finds her two passports, and knows both devices as hers.
	if err := sees.log.Update(ctx); err != nil {
		t.Fatal(err)
	}
	if got := len(sees.log.Unexplained()); got != 2 {
		t.Fatalf("%d passports in Ana's name, want 2", got)
	}
	own, err := ana.Passports(ctx)
	if err != nil {
		t.Fatal(err)
	}
	foreign, err := sees.log.Explain(own, func(k keys.PublicKey) bool { return k == ana.Device.Public() })
	if err != nil || len(foreign) != 0 || len(sees.log.Unexplained()) != 0 {
		t.Errorf("explained: %v, %d foreign, %d left", err, len(foreign), len(sees.log.Unexplained()))
	}
}

func TestRevokedDevicesLoseTheirPassportsForEverybody(t *testing.T) {
	s := registrytest.NewService(t, nil)
	ctx := t.Context()
	ana := s.SignedIn(t, "ana@home.example", "Ana")
	second := s.SignedIn(t, "ana@home.example", "")
	b, err := second.Passport(ctx)
	if err != nil {
		t.Fatal(err)
	}
	sees := look(t, ana, keys.AccountID{})
	if _, err := sees.log.Check(ctx, sees.roots, b, second.Device.Public(), time.Now()); err != nil {
		t.Fatal(err)
	}
	devices, err := ana.Devices(ctx)
	if err != nil || len(devices) != 2 {
		t.Fatalf("%d devices, %v", len(devices), err)
	}
	ben := s.SignedIn(t, "ben@home.example", "Ben")
	wantCode(t, "somebody else's device", ben.Revoke(ctx, second.Device.Public()), wire.CodeNotFound)
	if err := ana.Revoke(ctx, second.Device.Public()); err != nil {
		t.Fatal(err)
	}
	if err := sees.log.Update(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := sees.log.Check(ctx, sees.roots, b, second.Device.Public(), time.Now()); !errors.Is(err, tlog.ErrRevoked) {
		t.Errorf("revoked passport: %v", err)
	}
	_, err = second.Passport(ctx)
	wantCode(t, "passport for a revoked device", err, wire.CodeUnauthorized)
	_, err = second.Account(ctx)
	wantCode(t, "account for a revoked device", err, wire.CodeUnauthorized)
}

func TestExportHasAllAndDeleteLeavesNothing(t *testing.T) {
	s := registrytest.NewService(t, nil)
	ctx := t.Context()
	ana := s.SignedIn(t, "ana@home.example", "Ana")
	number := "+491701234567"
	started, _ := ana.StartPhone(ctx, number)
	if _, err := ana.FinishPhone(ctx, started.Attempt, s.Text.Code(number)); err != nil {
		t.Fatal(err)
	}
	b, err := ana.Passport(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ana.Rename(ctx, "Ana Lima"); err != nil {
		t.Fatal(err)
	}
	e, err := ana.Export(ctx)
	if err != nil || e.Account.Name != "Ana Lima" || e.Account.Address != "ana@home.example" || len(e.Devices) != 1 || len(e.Passports) != 1 || len(e.Missing) == 0 {
		t.Fatalf("export: %v", err)
	}
	if err := ana.Delete(ctx); err != nil {
		t.Fatal(err)
	}
	_, err = ana.Account(ctx)
	wantCode(t, "deleted account", err, wire.CodeUnauthorized)
	sees := look(t, ana, keys.AccountID{})
	if _, err := sees.log.Check(ctx, sees.roots, b, ana.Device.Public(), time.Now()); !errors.Is(err, tlog.ErrRevoked) {
		t.Errorf("passport of a deleted account: %v", err)
	}
	for _, kind := range []string{"account", "address", "device", "verification", "proof", "passport", "attempt"} {
		if n := count(t, s, kind); n != 0 {
			t.Errorf("%d records of kind %s are left", n, kind)
		}
	}
	// Address and phone are free for a new account.
	again := s.SignedIn(t, "ana@home.example", "Ana")
	started, _ = again.StartPhone(ctx, number)
	if _, err := again.FinishPhone(ctx, started.Attempt, s.Text.Code(number)); err != nil {
		t.Errorf("the phone is not free: %v", err)
	}
}

func TestDisclosuresAreLoggedBeforeTheyAreMade(t *testing.T) {
	s := registrytest.NewService(t, nil)
	ctx := t.Context()
	ana := s.SignedIn(t, "ana@home.example", "Ana")
	for _, row := range []struct{ ground, what string }{{"curiosity", "account"}, {"court-order", "contents"}, {"", ""}} {
		if _, err := s.Registry.Disclose(ctx, row.ground, row.what, []string{"ana@home.example"}); err == nil {
			t.Errorf("%s %s: disclosed", row.ground, row.what)
		}
	}
	out, err := s.Registry.Disclose(ctx, "court-order", "devices", []string{"ana@home.example"})
	if err != nil || len(out) != 1 || len(out[0].Devices) != 1 || out[0].Account.Address != "" || len(out[0].Missing) == 0 {
		t.Fatalf("disclose: %v", err)
	}
	if _, err := s.Registry.Disclose(ctx, "emergency", "account", []string{"nobody@home.example"}); err == nil {
		t.Error("disclosed nobody")
	}
	report, err := ana.Disclosures(ctx)
	if err != nil || len(report.Disclosures) != 2 || report.Disclosures[0].Ground != "court-order" {
		t.Errorf("report: %v %+v", err, report)
	}
	audit, err := tlog.Audit(ctx, ana.Log(), s.Ledger.Key())
	if err != nil || audit.Counts[tlog.KindDisclosure] != 2 {
		t.Errorf("audit: %v %v", err, audit.Counts)
	}
}
