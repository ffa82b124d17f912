package present_test

import (
	"strings"
	"testing"
	"time"

	"conclave/app/core"
	"conclave/keys"
	"conclave/ui/present"
	"conclave/ui/uitest"
)

func TestPreviewSaysWhatStandsInTheWay(t *testing.T) {
	base := func(change func(*core.Snapshot)) core.Snapshot { return uitest.Previewing(change) }
	told := func(code core.NoticeCode) func(*core.Snapshot) {
		return func(s *core.Snapshot) {
			s.Preview.Looked, s.Preview.Mode = false, 0
			*s = uitest.Told(*s, core.Notice{Code: code})
		}
	}
	for name, row := range map[string]struct {
		snap  core.Snapshot
		state string // "" for none
		mode  string
		ready bool
	}{
		"open":        {base(nil), "", "This meeting is end-to-end encrypted", true},
		"transport":   {base(func(s *core.Snapshot) { s.Preview.Mode = keys.ModeTransport }), "", "Encrypted to the service. Conclave's operator could listen.", true},
		"looking":     {base(func(s *core.Snapshot) { s.Preview.Looked, s.Preview.Mode = false, 0 }), "Looking for the meeting…", "", false},
		"missing":     {base(func(s *core.Snapshot) { s.Preview.Missing, s.Preview.Mode = true, 0 }), "It has not begun yet, or it is over", "", false},
		"locked":      {base(func(s *core.Snapshot) { s.Preview.Locked = true }), "The host has closed the door", "This meeting is end-to-end encrypted", false},
		"down":        {base(told(core.NoticeServiceDown)), "The service does not answer", "", false},
		"wrong pin":   {base(told(core.NoticePin)), "This service is not safe to use now", "", false},
		"relabelled":  {base(told(core.NoticeRelabelled)), "This is not the meeting of the link", "", false},
		"to start":    {base(func(s *core.Snapshot) { s.Preview.Link = "" }), "", "This meeting is end-to-end encrypted", true},
		"starting up": {base(func(s *core.Snapshot) { s.Preview.Link, s.Service.State = "", core.ServiceStarting }), "The service on this computer is starting…", "This meeting is end-to-end encrypted", true},
	} {
		v := presenter().Preview(row.snap)
		state := ""
		if v.State != nil {
			state = v.State.Title
		}
		if state != row.state || v.Mode.Words != row.mode || v.Ready != row.ready {
			t.Errorf("%s: state %q, mode %q, ready %v", name, state, v.Mode.Words, v.Ready)
		}
		if v.Mode.Tone == present.OK {
			t.Errorf("%s: green before anything was proved", name)
		}
	}
}

func TestPreviewSaysWhyThereIsNoPicture(t *testing.T) {
	for _, row := range []struct {
		camera core.Toggle
		live   bool
		words  string
	}{
		{core.Toggle{Wanted: true, On: true}, true, "Your camera is starting…"},
		{core.Toggle{}, false, "Your camera is off"},
		{core.Toggle{Wanted: true, Fault: core.DeviceMissing}, false, "No camera found"},
		{core.Toggle{Wanted: true, Fault: core.DeviceBusy}, false, "Another program uses the camera"},
	} {
		v := presenter().Preview(uitest.Previewing(func(s *core.Snapshot) { s.Preview.Camera = row.camera }))
		if v.Tile.Live != row.live || v.Tile.Caption != row.words {
			t.Errorf("%+v: live %v, %q", row.camera, v.Tile.Live, v.Tile.Caption)
		}
	}
}

func TestReadPlan(t *testing.T) {
	for _, row := range []struct {
		title, day, clock string
		fault             present.PlanFault
		says              string
	}{
		{"Thesis", "2026-11-22", "9:30", present.PlanFine, "Tomorrow, 09:30 to 10:30"},
		{"Thesis", "21.11.2026", "15", present.PlanFine, "Today, 15:00 to 16:00"},
		{" Thesis ", " 24.11.2026 ", "09.15", present.PlanFine, "Tuesday, 24 November 2026, 09:15 to 10:15"},
		{"Thesis", "2026-11-21", "14:05", present.PlanPast, "past"},
		{"Thesis", "2027-11-21", "14:05", present.PlanFar, "90 days"},
		{"Thesis", "31.2.2026", "14:05", present.PlanDay, "2026-12-01"},
		{"Thesis", "tomorrow", "14:05", present.PlanDay, "2026-12-01"},
		{"Thesis", "2026-11-22", "24:00", present.PlanClock, "9:30"},
		{"Thesis", "2026-11-22", "9:3", present.PlanClock, "9:30"},
		{"Thesis", "2026-11-22", "", present.PlanClock, "9:30"},
		{"", "2026-11-22", "9:30", present.PlanTitle, "100"},
		{strings.Repeat("x", 101), "2026-11-22", "9:30", present.PlanTitle, "100"},
	} {
		start, fault, words := presenter().ReadPlan(present.Planned{Title: row.title, Day: row.day, Clock: row.clock, Length: time.Hour})
		if fault != row.fault || !strings.Contains(words, row.says) {
			t.Errorf("%q %q %q: fault %d, %q, %v", row.title, row.day, row.clock, fault, words, start)
		}
	}
}

func TestPlansSayWhenItIsTimeAndNameTheirFile(t *testing.T) {
	s := uitest.Busy()
	s.Plans = append(s.Plans, uitest.Planned(2, `a/b\c: "..?"`, keys.ModeE2EE, uitest.Noon().Add(-3*time.Hour), time.Hour))
	rows := presenter().Plans(s)
	if !rows[0].Due || rows[0].Marks[0].Words != "It is time" || rows[1].Due || rows[2].Marks[0].Words != "It should be over" {
		t.Errorf("%+v", rows)
	}
	if rows[2].File != "a-b-c.ics" || rows[0].File != "Thesis-weekly.ics" {
		t.Errorf("files %q, %q", rows[2].File, rows[0].File)
	}
}

func TestReportNeedsSomebodyAndAReason(t *testing.T) {
	who := []keys.PublicKey{uitest.Key(1)}
	for _, row := range []struct {
		name   string
		snap   core.Snapshot
		chosen []keys.PublicKey
		why    core.ReportReason
		can    bool
	}{
		{"ready", uitest.Reporting(core.Report{}), who, core.ReportHate, true},
		{"nobody", uitest.Reporting(core.Report{}), nil, core.ReportHate, false},
		{"no reason", uitest.Reporting(core.Report{}), who, core.ReportNone, false},
		{"oneself", uitest.Reporting(core.Report{}), []keys.PublicKey{uitest.Key(0)}, core.ReportHate, false},
		{"under way", uitest.Reporting(core.Report{Phase: core.ReportSending}), who, core.ReportHate, false},
		{"done", uitest.Reporting(core.Report{Phase: core.ReportSent}), who, core.ReportHate, false},
		{"failed", uitest.Reporting(core.Report{Phase: core.ReportFailed, Why: core.NoticeReportUnsent}), who, core.ReportHate, true},
		{"not taken", uitest.InMeeting(3), who, core.ReportHate, false},
	} {
		if v := presenter().Report(row.snap, row.chosen, row.why); v.CanSend != row.can {
			t.Errorf("%s: can send is %v", row.name, v.CanSend)
		}
	}
	if v := presenter().Report(uitest.Reporting(core.Report{}), who, core.ReportChildAbuse); v.Emergency == nil || v.Emergency.Tone != present.Alarm {
		t.Error("no emergency hint")
	}
}

func TestHomeTellsOfAnUpdateAndOfWhatIsManaged(t *testing.T) {
	s := uitest.AtHome()
	if v := presenter().Home(s); v.Update != nil || v.Managed {
		t.Errorf("%+v", v)
	}
	s.Update, s.Managed = core.Update{Version: "1.2.0", Page: "https://x.test"}, []string{"service"}
	if v := presenter().Home(s); v.Update == nil || v.Update.Title != "Conclave 1.2.0 is available" || v.UpdatePage != "https://x.test" || !v.Managed {
		t.Errorf("%+v", v)
	}
}

// FuzzTypedTimes holds that whatever is typed, what is taken lies ahead.
func FuzzTypedTimes(f *testing.F) {
	f.Add("2026-11-22", "9:30")
	f.Add("1.12.2026", "24.00")
	f.Fuzz(func(t *testing.T, day, clock string) {
		start, fault, _ := presenter().ReadPlan(present.Planned{Title: "x", Day: day, Clock: clock, Length: time.Hour})
		if fault == present.PlanFine && (!start.After(uitest.Noon()) || start.Sub(uitest.Noon()) > core.MaxAhead) {
			t.Errorf("%q %q gives %v", day, clock, start)
		}
	})
}
