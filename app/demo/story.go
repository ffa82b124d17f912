package demo

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"conclave/app/client"
	"conclave/app/client/account"
	"conclave/app/core"
	"conclave/app/core/upgrade"
	"conclave/app/core/upgrade/driver"
	"conclave/app/local"
	"conclave/call"
	"conclave/keys"
	"conclave/keys/registry/voucher"
)

// The story of an upgrade: somebody with an e-mail address may not host, is
// told why, becomes verified, and hosts at once; two others become verified in
// other ways; they meet, and each one's app checks everybody's passport against
// the log. It runs the apps' cores without windows, with the shipped service
// as a child process, a school's sign-on and a partner who gives vouchers.

const partnerName = "relief.example"

// storyLimit is how long one step may take.
const storyLimit = 30 * time.Second

// storyResult is the last line that the story prints. Times are milliseconds.
type storyResult struct {
	OK       bool     `json:"ok"`
	Story    string   `json:"story"`
	Windows  bool     `json:"windows"`
	Upgrade  float64  `json:"upgrade_ms"` // from Upgrade to a passport that was found in the log
	Opened   float64  `json:"opened_ms"`  // from Upgrade to the refused meeting being open
	Checked  int      `json:"passports_checked"`
	Failures []string `json:"failures,omitempty"`
}

// story is one run.
type story struct {
	*demo
	result   storyResult
	school   *provider
	partner  *voucher.Issuer
	public   []byte
	actors   []*actor
	closings []func()
}

// actor is one person's app, as its screens see it.
type actor struct {
	*core.Core
	name string
	key  keys.PublicKey
}

// upgradeStory tells the story and returns the exit code.
func (d *demo) upgradeStory() int {
	s := &story{demo: d, result: storyResult{Story: "upgrade"}}
	defer s.end()
	err := s.tell()
	if err != nil {
		s.result.Failures = append(s.result.Failures, err.Error())
		s.step("FAILED: %v", err)
	}
	s.result.OK = len(s.result.Failures) == 0
	line, _ := json.Marshal(s.result)
	fmt.Fprintln(s.out, string(line))
	if !s.result.OK {
		return 1
	}
	return 0
}

func (s *story) end() {
	for i := len(s.closings) - 1; i >= 0; i-- {
		s.closings[i]()
	}
}

func (s *story) tell() error {
	s.step("the story of an upgrade; the apps run without windows, and say what their screens would show")
	if err := s.open(); err != nil {
		return err
	}
	anna, bjarne, clara := s.actors[0], s.actors[1], s.actors[2]
	for _, step := range []func() error{
		func() error { return s.signIn(anna, "anna@home.example") },
		func() error { return s.refused(anna) },
		func() error { return s.byPhone(anna) },
		func() error { return s.signIn(bjarne, "bjarne@home.example") },
		func() error { return s.bySchool(bjarne) },
		func() error { return s.signIn(clara, "clara@home.example") },
		func() error { return s.byVoucher(clara) },
		func() error { return s.meetVerified(anna, bjarne, clara) },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// open starts the school, the partner, the service and three apps.
func (s *story) open() error {
	dir, err := os.MkdirTemp("", "conclave-story-")
	if err != nil {
		return err
	}
	s.closings = append(s.closings, func() { _ = os.RemoveAll(dir) })
	if s.school, err = newProvider(); err != nil {
		return err
	}
	s.closings = append(s.closings, s.school.close)
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return err
	}
	if s.partner, err = voucher.NewIssuer(key); err != nil {
		return err
	}
	if s.public, err = s.partner.Public(); err != nil {
		return err
	}
	settings, err := s.settings(dir)
	if err != nil {
		return err
	}
	child := local.New(local.Config{Args: []string{"--data", filepath.Join(dir, "service"), "--identity", settings}})
	s.closings = append(s.closings, child.Close)
	service, pin, err := child.Start(contextOf(storyLimit))
	if err != nil {
		return err
	}
	s.step("service: %s, policy verify-once; codes lie in its outbox, and the app shows them", service)
	for _, name := range names[:3] {
		a, err := s.actor(name, service, pin)
		if err != nil {
			return err
		}
		s.actors = append(s.actors, a)
		s.closings = append(s.closings, a.Close)
	}
	return nil
}

// settings writes the service's settings file.
func (s *story) settings(dir string) (string, error) {
	partner := filepath.Join(dir, "partner.key")
	if err := os.WriteFile(partner, []byte(base64.StdEncoding.EncodeToString(s.public)), 0o600); err != nil {
		return "", err
	}
	text, err := json.Marshal(map[string]any{
		"policy":        "verify-once",
		"organisations": []map[string]any{{"domain": schoolDomain, "issuer": s.school.issuer, "client_id": schoolClient, "proved": true}},
		"partners":      map[string]string{partnerName: partner},
	})
	if err != nil {
		return "", err
	}
	file := filepath.Join(dir, "identity.json")
	return file, os.WriteFile(file, text, 0o600)
}

func (s *story) actor(name, service, pin string) (*actor, error) {
	device, err := keys.NewDeviceKey()
	if err != nil {
		return nil, err
	}
	hardware, err := client.Hardware(client.Sources{Video: "portrait", Audio: "tone:440", Record: "none"})
	if err != nil {
		return nil, err
	}
	hardware.List = nil
	cfg := client.Config(core.Config{
		Device: device, KeyPlace: core.KeyPlaceMemory, Hardware: hardware,
		Settings: core.Settings{Name: name, Service: service, Pin: pin},
	}, client.Places{}, nil)
	cfg.Identify = func(service, pin string, _ bool, report func(core.IdentityEvent)) core.Identity {
		return account.Open(account.Config{Service: service, Pin: pin, Device: device, Open: s.school.browse, Report: report})
	}
	return &actor{core.New(cfg), name, device.Public()}, nil
}

// wait waits until an app's snapshot is as wanted.
func (a *actor) wait(what string, is func(core.Snapshot) bool) error {
	news := make(chan struct{}, 1)
	cancel := a.Subscribe(func() {
		select {
		case news <- struct{}{}:
		default:
		}
	})
	defer cancel()
	limit := time.NewTimer(storyLimit)
	defer limit.Stop()
	for {
		s := a.Latest()
		if is(s) {
			return nil
		}
		select {
		case <-news:
		case <-limit.C:
			return fmt.Errorf("%s: not %s after %v; course %s, trouble %s", a.name, what, storyLimit, s.Account.Course.Phase, s.Account.Course.Trouble)
		}
	}
}

func (a *actor) course(want upgrade.Phase) error {
	return a.wait("at "+want.String(), func(s core.Snapshot) bool { return s.Account.Course.Phase == want })
}

// do sends intents of a course, each when the phase before it is reached.
func (a *actor) do(steps ...any) error {
	for _, step := range steps {
		switch step := step.(type) {
		case upgrade.Phase:
			if err := a.course(step); err != nil {
				return err
			}
		case upgrade.Event:
			a.Send(core.Proceed{Event: step})
		case core.Intent:
			a.Send(step)
		}
	}
	return nil
}

// code types the code that the app shows, since it lies on this computer.
func (a *actor) code() error {
	if err := a.course(upgrade.PhaseConfirm); err != nil {
		return err
	}
	a.Send(core.Proceed{Event: upgrade.Type{Code: a.Latest().Account.Course.Shown}})
	return a.course(upgrade.PhaseDone)
}

func (s *story) signIn(a *actor, address string) error {
	known := func(s core.Snapshot) bool { return s.Account.State == core.AccountSignedOut }
	if err := a.wait("told what the service offers", known); err != nil {
		return err
	}
	if err := a.do(core.SignIn{}, upgrade.PhaseEnter, upgrade.Enter{Text: upgrade.Text(address), Name: upgrade.Text(a.name)}); err != nil {
		return err
	}
	if err := a.code(); err != nil {
		return err
	}
	s.step("%s has an account: a code by e-mail was typed in; class %s", a.name, a.Latest().Account.Class)
	return a.do(upgrade.Close{}, upgrade.PhaseIdle)
}

func (s *story) refused(a *actor) error {
	a.Send(core.StartMeeting{Mode: keys.ModeE2EE})
	if err := a.wait("refused", func(s core.Snapshot) bool { return s.Account.Refused != nil }); err != nil {
		return err
	}
	r := a.Latest().Account.Refused
	s.step("%s wants to host an end-to-end encrypted meeting and may not: %q", a.name, r.Reason)
	s.step("what would unlock it: %v", r.Unlock)
	if a.Latest().Meeting != nil {
		return fmt.Errorf("%s: a meeting was created although policy refused it", a.name)
	}
	return nil
}

func (s *story) byPhone(a *actor) error {
	begin := time.Now()
	err := a.do(core.Upgrade{}, upgrade.PhaseChoose, upgrade.Choose{Way: keys.ClassPhone}, upgrade.PhaseEnter,
		upgrade.Enter{Text: "+4915112345678"})
	if err != nil {
		return err
	}
	if err := a.code(); err != nil {
		return err
	}
	s.result.Upgrade = milliseconds(time.Since(begin))
	s.step("%s is verified by phone, %.0f ms after Upgrade; the passport was found in the log", a.name, s.result.Upgrade)
	inside := func(s core.Snapshot) bool { return s.Meeting != nil && s.Meeting.Phase == call.PhaseInMeeting }
	if err := a.wait("in the meeting", inside); err != nil {
		return err
	}
	s.result.Opened = milliseconds(time.Since(begin))
	s.step("the meeting that was refused opened by itself, %.0f ms after Upgrade", s.result.Opened)
	if s.result.Upgrade > 3000 {
		return fmt.Errorf("the upgrade took %.0f ms, want under 3,000", s.result.Upgrade)
	}
	return a.do(upgrade.Close{})
}

func (s *story) bySchool(a *actor) error {
	err := a.do(core.Upgrade{}, upgrade.PhaseChoose, upgrade.Choose{Way: keys.ClassOrganisation}, upgrade.PhaseEnter,
		upgrade.Enter{Text: schoolDomain}, upgrade.PhaseDone)
	if err != nil {
		return err
	}
	s.step("%s is verified by %s's sign-on (OpenID Connect)", a.name, a.Latest().Account.Issuer)
	return a.do(upgrade.Close{})
}

func (s *story) byVoucher(a *actor) error {
	request, err := voucher.NewRequest(s.public)
	if err != nil {
		return err
	}
	blind, err := s.partner.Sign(request.Blinded())
	if err != nil {
		return err
	}
	v, err := request.Finish(blind)
	if err != nil {
		return err
	}
	err = a.do(core.Upgrade{}, upgrade.PhaseChoose, upgrade.Choose{Way: keys.ClassVoucher}, upgrade.PhaseEnter,
		upgrade.Enter{Text: upgrade.Text(driver.FormatVoucher(partnerName, v.Message, v.Signature))}, upgrade.PhaseDone)
	if err != nil {
		return err
	}
	s.step("%s is verified by a voucher of %s, who cannot tell which one it was", a.name, a.Latest().Account.Issuer)
	return a.do(upgrade.Close{})
}

// meetVerified lets the guests in, and reads off each app what it checked.
func (s *story) meetVerified(host *actor, guests ...*actor) error {
	for _, g := range guests {
		g.Send(core.JoinMeeting{Link: host.Latest().Meeting.Link})
		if err := host.wait(g.name+" at the door", func(s core.Snapshot) bool { return len(s.Meeting.Lobby) == 1 }); err != nil {
			return err
		}
		k := host.Latest().Meeting.Lobby[0]
		s.step("at the door: %s, %s, in the log: %t", k.Name, proofOf(k.Verification, k.Issuer), k.Logged)
		host.Send(core.AdmitVerified{})
		inside := func(s core.Snapshot) bool { return s.Meeting != nil && s.Meeting.Phase == call.PhaseInMeeting }
		if err := g.wait("let in", inside); err != nil {
			return err
		}
	}
	for _, a := range s.actors {
		checked := func(snap core.Snapshot) bool {
			b := snap.Meeting.Badge
			return b.EndToEnd && b.LogChecked && b.Verified == len(s.actors) && b.Of == len(s.actors)
		}
		if err := a.wait("having checked everybody", checked); err != nil {
			return err
		}
		for _, p := range a.Latest().Meeting.People {
			s.result.Checked++
			s.step("%s's app has checked %s: %s, in the log: %t", a.name, p.Name, proofOf(p.Verification, p.Issuer), p.Logged)
		}
	}
	s.step("%d passports checked by %d apps, each against the log", s.result.Checked, len(s.actors))
	return nil
}

func proofOf(v core.Verification, issuer string) string {
	words := map[core.Verification]string{
		core.Unverified: "nothing proved", core.VerifiedEmail: "e-mail", core.VerifiedPhone: "phone",
		core.VerifiedOrganisation: "organisation", core.VerifiedSeat: "business seat", core.VerifiedVoucher: "voucher",
	}
	if issuer == "" {
		return words[v]
	}
	return words[v] + " of " + issuer
}
