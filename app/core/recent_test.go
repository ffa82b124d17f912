package core_test

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"conclave/app/core"
	"conclave/call"
	"conclave/call/runner"
	"conclave/keys"
)

// shelf is a Keep that can fail.
type shelf struct {
	mu    sync.Mutex
	files map[string][]byte
	full  bool
	saves int
}

func (s *shelf) Load(name string) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.files[name], nil
}

func (s *shelf) Save(name string, data []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.saves++
	if s.full {
		return errors.New("disk full")
	}
	if s.files == nil {
		s.files = map[string][]byte{}
	}
	s.files[name] = slices.Clone(data)
	return nil
}

func (s *shelf) copy() *shelf {
	s.mu.Lock()
	defer s.mu.Unlock()
	return &shelf{files: maps.Clone(s.files)}
}

// again starts somebody's app once more, with their device key and what it kept.
func (w *world) again(name string, device keys.DeviceKey, s *shelf) *client {
	w.t.Helper()
	c := w.client(name, func(cfg *core.Config) {
		cfg.Device, cfg.Keep = device, s
		cfg.Dial = func(context.Context, string, string) (runner.Conn, error) { return w.hall.Dial(device.Public()) }
	})
	c.device = device
	return c
}

func newDevice(t testing.TB) keys.DeviceKey {
	t.Helper()
	d, err := keys.NewDeviceKey()
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func (c *client) trust(key keys.PublicKey) core.Trust {
	c.t.Helper()
	for _, p := range c.meeting().People {
		if p.Key == key {
			return p.Trust
		}
	}
	c.t.Fatalf("%s does not see the person", c.name)
	return 0
}

func TestPeopleAreKnownAgainInTheNextMeeting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		anna, kept := w.start(keys.ModeE2EE, ""), &shelf{}
		device := newDevice(t)
		bob := w.again("Bob", device, kept)
		w.admit(anna, bob)
		time.Sleep(3 * time.Second)
		expect(t, "trust in the first meeting", bob.trust(anna.key()), core.TrustUnknown)
		expect(t, "met", len(bob.Latest().People), 1)
		bob.Send(core.LeaveMeeting{})
		synctest.Wait()
		bob.Close()

		time.Sleep(time.Hour)
		bob = w.again("Bob", device, kept.copy())
		if p := bob.Latest().People; len(p) != 1 || p[0].Name != "Anna" || p[0].Key != anna.key() || p[0].Compared ||
			p[0].SafetyNumber != keys.SafetyNumber(bob.key(), anna.key()) {
			t.Fatalf("after a restart, %+v", p)
		}
		w.admit(anna, bob)
		time.Sleep(3 * time.Second)
		expect(t, "trust in the second meeting", bob.trust(anna.key()), core.TrustMet)
		bob.Send(core.JudgeCode{Epoch: bob.meeting().Code.Epoch, Matches: true})
		expect(t, "trust after comparing", bob.trust(anna.key()), core.TrustCompared)
		expect(t, "compared", bob.Latest().People[0].Compared, true)
		bob.Send(core.ForgetPerson{Person: anna.key()})
		synctest.Wait()
		expect(t, "people after forgetting", len(bob.Latest().People), 0)
		bob.Send(core.SetHand{Up: true})
		synctest.Wait()
		expect(t, "people in the same meeting", len(bob.Latest().People), 0)
	})
}

func TestKnownNameWithAnotherKeyIsTold(t *testing.T) {
	for _, compared := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t)
			kept, device := &shelf{}, newDevice(t)
			anna := w.again("Anna", device, kept)
			anna.Send(core.StartMeeting{Mode: keys.ModeE2EE})
			bob := w.client("Bob")
			synctest.Wait()
			w.admit(anna, bob)
			time.Sleep(3 * time.Second)
			if compared {
				anna.Send(core.JudgeCode{Epoch: anna.meeting().Code.Epoch, Matches: true})
				synctest.Wait()
			}
			anna.Send(core.EndMeeting{})
			synctest.Wait()
			anna.Send(core.CloseMeeting{})
			synctest.Wait()

			for range 2 {
				anna.Send(core.StartMeeting{Mode: keys.ModeE2EE})
				synctest.Wait()
				forger := w.client("B0b")
				forger.Send(core.JoinMeeting{Link: anna.meeting().Link})
				synctest.Wait()
				expect(t, "trust of the knocker", anna.meeting().Lobby[0].Trust, core.TrustChanged)
				severity := core.SeverityWarning
				if compared {
					severity = core.SeverityAlarm
				}
				told := 0
				for _, n := range anna.Latest().Notices {
					if n.Code == core.NoticeNameChanged {
						told++
						expect(t, "severity", n.Severity, severity)
					}
				}
				expect(t, "told", told, 1)
				anna.Send(core.AdmitAll{})
				time.Sleep(3 * time.Second)
				expect(t, "trust inside", anna.trust(forger.key()), core.TrustChanged)
				anna.Send(core.EndMeeting{})
				synctest.Wait()
				anna.Send(core.CloseMeeting{})
				synctest.Wait()
			}
			expect(t, "the real one", anna.Latest().People[len(anna.Latest().People)-1].Compared, compared)
		})
	}
}

func TestPeopleWithoutAPlaceToKeepAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		anna := w.start(keys.ModeE2EE, "")
		bob := w.client("Bob")
		w.admit(anna, bob)
		time.Sleep(3 * time.Second)
		expect(t, "met", len(anna.Latest().People), 1)
	})
}

func TestDamagedPeopleBeginAnewAndAreTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		bob := w.client("Bob", func(cfg *core.Config) {
			cfg.Keep = &shelf{files: map[string][]byte{"people": []byte(`[{"key":"x"}]`), "plans": []byte("{")}}
		})
		expect(t, "told", bob.noticed(core.NoticeProfileDamaged), true)
		expect(t, "people", len(bob.Latest().People), 0)
	})
}

func TestFailingDiskIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		anna := w.start(keys.ModeE2EE, "", func(cfg *core.Config) { cfg.Keep = &shelf{full: true} })
		bob := w.client("Bob")
		w.admit(anna, bob)
		time.Sleep(3 * time.Second)
		expect(t, "told", anna.noticed(core.NoticeProfileUnsaved), true)
		expect(t, "goes on", anna.meeting().Phase, call.PhaseInMeeting)
	})
}

// later is a plan for in an hour.
func later(at time.Time) core.Schedule {
	return core.Schedule{Title: " Weekly, with Bob ", Mode: keys.ModeE2EE, Passcode: "sesame", Start: at.Add(time.Hour), Duration: 45 * time.Minute}
}

func TestPlannedMeetingIsTheOneOfItsLinkAfterARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		kept, device := &shelf{}, newDevice(t)
		anna := w.again("Anna", device, kept)
		anna.Send(later(time.Now()))
		synctest.Wait()
		plans := anna.Latest().Plans
		if len(plans) != 1 || plans[0].Title != "Weekly, with Bob" || !plans[0].Asks {
			t.Fatalf("plans %+v", plans)
		}
		calendar := strings.ReplaceAll(string(plans[0].Calendar), "\r\n ", "")
		if !strings.Contains(calendar, "\r\nURL:"+plans[0].Link+"\r\n") || strings.Contains(calendar, "sesame") {
			t.Errorf("the invitation is\n%s", calendar)
		}
		anna.Close()

		bob := w.client("Bob")
		bob.Send(core.JoinMeeting{Link: plans[0].Link, Passcode: "sesame"})
		expect(t, "too early", bob.meeting().End, call.EndNotFound)
		bob.Send(core.CloseMeeting{})

		time.Sleep(30 * time.Minute)
		anna = w.again("Anna", device, kept.copy())
		synctest.Wait()
		if got := anna.Latest().Plans; len(got) != 1 || got[0].Link != plans[0].Link || got[0].Start != plans[0].Start {
			t.Fatalf("after a restart, %+v", got)
		}
		anna.Send(core.StartScheduled{Meeting: plans[0].ID})
		expect(t, "phase", anna.meeting().Phase, call.PhaseInMeeting)
		expect(t, "link", anna.meeting().Link, plans[0].Link)
		bob.Send(core.JoinMeeting{Link: plans[0].Link, Passcode: "wrong"})
		expect(t, "the passcode is kept", bob.meeting().End, call.EndPasscode)
		bob.Send(core.CloseMeeting{})
		bob.Send(core.JoinMeeting{Link: plans[0].Link, Passcode: "sesame"})
		expect(t, "bob", bob.meeting().Phase, call.PhaseLobby)
		anna.Send(core.EndMeeting{})
		synctest.Wait()
		expect(t, "plans when it is over", len(anna.Latest().Plans), 0)
	})
}

func TestPlansThatCannotBeAreRefusedWithTheReason(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now := time.Now()
		for name, row := range map[string]struct {
			change func(*core.Schedule)
			config func(*core.Config)
			want   core.NoticeCode
		}{
			"fine":          {want: core.NoticeNone},
			"no title":      {change: func(s *core.Schedule) { s.Title = "  " }, want: core.NoticePlanInvalid},
			"a line break":  {change: func(s *core.Schedule) { s.Title = "a\nb" }, want: core.NoticePlanInvalid},
			"long title":    {change: func(s *core.Schedule) { s.Title = strings.Repeat("x", 101) }, want: core.NoticePlanInvalid},
			"past":          {change: func(s *core.Schedule) { s.Start = now.Add(-time.Minute) }, want: core.NoticePlanPast},
			"too far":       {change: func(s *core.Schedule) { s.Start = now.Add(91 * 24 * time.Hour) }, want: core.NoticePlanInvalid},
			"too short":     {change: func(s *core.Schedule) { s.Duration = time.Minute }, want: core.NoticePlanInvalid},
			"too long":      {change: func(s *core.Schedule) { s.Duration = 25 * time.Hour }, want: core.NoticePlanInvalid},
			"long passcode": {change: func(s *core.Schedule) { s.Passcode = strings.Repeat("x", 65) }, want: core.NoticePlanInvalid},
			"this computer": {config: func(c *core.Config) { c.Settings.Service = "" }, want: core.NoticePlanNoPlace},
			"no keychain":   {config: func(c *core.Config) { c.KeyPlace = core.KeyPlaceMemory }, want: core.NoticePlanNoPlace},
		} {
			w := newWorld(t)
			plan := later(now)
			if row.change != nil {
				row.change(&plan)
			}
			c := w.client("Anna", func(cfg *core.Config) {
				if row.config != nil {
					row.config(cfg)
				}
			})
			c.Send(plan)
			synctest.Wait()
			if row.want != core.NoticeNone && (len(c.Latest().Plans) != 0 || !c.noticed(row.want)) {
				t.Errorf("%s: notices %+v", name, c.Latest().Notices)
			}
			if row.want == core.NoticeNone && len(c.Latest().Plans) != 1 {
				t.Errorf("%s: notices %+v", name, c.Latest().Notices)
			}
			expect(t, name+": may", c.Latest().Can.Schedule, row.want != core.NoticePlanNoPlace)
		}
	})
}

func TestOldPlansAreDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		kept, device := &shelf{}, newDevice(t)
		anna := w.again("Anna", device, kept)
		anna.Send(later(time.Now()))
		anna.Send(core.Schedule{Title: "Next month", Mode: keys.ModeTransport, Start: time.Now().Add(30 * 24 * time.Hour), Duration: time.Hour})
		synctest.Wait()
		expect(t, "plans", len(anna.Latest().Plans), 2)
		anna.Close()
		time.Sleep(26 * time.Hour)
		anna = w.again("Anna", device, kept.copy())
		expect(t, "a day later", len(anna.Latest().Plans), 1)
		anna.Send(core.Unschedule{Meeting: anna.Latest().Plans[0].ID})
		synctest.Wait()
		expect(t, "after removing", len(anna.Latest().Plans), 0)
	})
}

func TestReportHoldsWhatWasChosenAndNoMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		var got []core.Complaint
		fail := false
		anna := w.start(keys.ModeE2EE, "", func(cfg *core.Config) {
			cfg.Report = func(_ context.Context, c core.Complaint) error {
				if fail {
					return errors.New("no answer")
				}
				got = append(got, c)
				return nil
			}
		})
		bob, carol := w.client("Bob"), w.client("Carol")
		w.admit(anna, bob)
		w.admit(anna, carol)
		time.Sleep(3 * time.Second)
		bob.Send(core.SendChat{Text: "something bad"})
		carol.Send(core.SendChat{Text: "something private"})
		time.Sleep(time.Second)

		send := func(r core.SendReport) core.Report {
			anna.Send(r)
			synctest.Wait()
			return anna.Latest().Report
		}
		bad := core.SendReport{People: []keys.PublicKey{bob.key()}, Reason: core.ReportThreat, Words: " he said it "}
		expect(t, "phase", send(bad).Phase, core.ReportSent)
		bad.Chat, bad.Names = true, true
		expect(t, "phase", send(bad).Phase, core.ReportSent)
		if len(got) != 2 || got[0].Chat != nil || got[0].Names != nil || got[0].Words != "he said it" || got[0].Reason != "threat" {
			t.Fatalf("handed over %d", len(got))
		}
		if c := got[1]; len(c.Chat) != 1 || c.Chat[0].Text != "something bad" || len(c.Names) != 3 || c.People[0].Name != "Bob" {
			t.Error("what was attached is not what was chosen")
		}
		for name, r := range map[string]core.SendReport{
			"nobody":    {Reason: core.ReportHate},
			"no reason": {People: bad.People},
			"myself":    {People: []keys.PublicKey{anna.key()}, Reason: core.ReportHate},
			"a strange": {People: []keys.PublicKey{{9}}, Reason: core.ReportHate},
			"a novel":   {People: bad.People, Reason: core.ReportHate, Words: strings.Repeat("x", core.MaxReportWords+1)},
		} {
			if r := send(r); r.Phase != core.ReportFailed || r.Why != core.NoticeReportInvalid {
				t.Errorf("%s: %+v", name, r)
			}
		}
		fail = true
		if r := send(bad); r.Phase != core.ReportFailed || r.Why != core.NoticeReportUnsent {
			t.Errorf("unreachable operator: %+v", r)
		}
		anna.Send(core.ClearReport{})
		synctest.Wait()
		expect(t, "put away", anna.Latest().Report, core.Report{})
	})
}

func TestReportIsSavedWhereTheServiceTakesNone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		var data []byte
		fail := false
		anna := w.start(keys.ModeE2EE, "", func(cfg *core.Config) {
			cfg.SaveReport = func(name string, d []byte) (string, error) {
				if fail {
					return "", errors.New("disk full")
				}
				data = d
				return "/profile/" + name, nil
			}
		})
		bob := w.client("Bob")
		expect(t, "bob, who has nowhere to report to", bob.Latest().Can.Report, false)
		w.admit(anna, bob)
		time.Sleep(3 * time.Second)
		expect(t, "may", anna.Latest().Can.Report, true)
		anna.Send(core.SendReport{People: []keys.PublicKey{bob.key()}, Reason: core.ReportIntrusion})
		synctest.Wait()
		if r := anna.Latest().Report; r.Phase != core.ReportSaved || !strings.HasPrefix(r.Path, "/profile/report-2000") {
			t.Errorf("report %+v", r)
		}
		var c core.Complaint
		if err := json.Unmarshal(data, &c); err != nil || c.Reason != "intrusion" || c.Meeting != anna.meeting().ID.String() {
			t.Errorf("saved %s, %v", data, err)
		}
		fail = true
		anna.Send(core.SendReport{People: []keys.PublicKey{bob.key()}, Reason: core.ReportIntrusion})
		synctest.Wait()
		expect(t, "why", anna.Latest().Report.Why, core.NoticeReportUnsaved)
	})
}
