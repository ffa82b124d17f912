package present

import (
	"slices"

	"conclave/app/core"
	"conclave/keys"
)

// ReportView is the screen on which somebody is reported.
type ReportView struct {
	People    []Reportable
	Reasons   []Reason
	Phase     core.ReportPhase
	State     *Banner // once handed over, or when it failed
	Emergency *Banner // for the chosen reason
	CanSend   bool
	Busy      bool
	Done      bool // handed over: nothing to do but go back
}

// Reportable is somebody who can be reported.
type Reportable struct {
	Key    keys.PublicKey
	Name   string
	Called string
	Mark   Mark
	Chosen bool
}

// Reason is one of the closed list.
type Reason struct {
	Reason core.ReportReason
	Words  string
	Chosen bool
}

// reasons in the order in which they are offered.
var reasons = []struct {
	reason core.ReportReason
	key    string
}{
	{core.ReportHarassment, "harassment"},
	{core.ReportHate, "hate"},
	{core.ReportThreat, "threat"},
	{core.ReportChildAbuse, "childabuse"},
	{core.ReportImpersonation, "impersonation"},
	{core.ReportIntrusion, "intrusion"},
	{core.ReportOther, "else"},
}

// Report computes the view for who and what is chosen.
func (p Presenter) Report(s core.Snapshot, chosen []keys.PublicKey, why core.ReportReason) ReportView {
	v := ReportView{Phase: s.Report.Phase}
	for _, r := range reasons {
		v.Reasons = append(v.Reasons, Reason{r.reason, p.Text.Say("report.reason." + r.key), r.reason == why})
	}
	some := false
	if s.Meeting != nil {
		for _, who := range s.Meeting.People {
			if who.Self {
				continue
			}
			r := Reportable{Key: who.Key, Name: who.Name, Called: who.Name, Chosen: slices.Contains(chosen, who.Key), Mark: p.Verification(who.Verification)}
			if r.Name == "" {
				r.Name = p.Text.Say("person.unnamed")
			}
			some = some || r.Chosen
			v.People = append(v.People, r)
		}
	}
	switch why {
	case core.ReportChildAbuse:
		v.Emergency = &Banner{Icon: "warning", Tone: Alarm, Title: p.Text.Say("report.emergency.title"), Words: p.Text.Say("report.emergency.child")}
	case core.ReportThreat:
		v.Emergency = &Banner{Icon: "warning", Tone: Caution, Title: p.Text.Say("report.emergency.title"), Words: p.Text.Say("report.emergency.threat")}
	case core.ReportNone, core.ReportHarassment, core.ReportHate, core.ReportImpersonation, core.ReportIntrusion, core.ReportOther:
	}
	say := func(icon Icon, tone Tone, key string, pairs ...any) {
		v.State = &Banner{Icon: icon, Tone: tone, Title: p.Text.Say(key + ".title"), Words: p.Text.Say(key+".words", pairs...)}
	}
	switch s.Report.Phase {
	case core.ReportIdle:
	case core.ReportSending:
		v.Busy = true
		say("clock", Info, "report.sending")
	case core.ReportSent:
		v.Done = true
		say("check", OK, "report.sent")
	case core.ReportSaved:
		v.Done = true
		say("check", Info, "report.saved", "path", s.Report.Path)
	case core.ReportFailed:
		key := "report.failed." + string(s.Report.Why)
		if !p.Text.Has(key + ".title") {
			key = "report.failed." + string(core.NoticeReportUnsent)
		}
		say("warning", Caution, key)
	}
	v.CanSend = some && why != core.ReportNone && !v.Busy && !v.Done && s.Can.Report
	return v
}
