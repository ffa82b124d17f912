package core

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"conclave/call"
	"conclave/keys"
)

// ReportReason is why somebody is reported.
type ReportReason uint8

// The reasons, a closed list.
const (
	ReportNone ReportReason = iota
	ReportHarassment
	ReportHate
	ReportThreat
	ReportChildAbuse
	ReportImpersonation
	ReportIntrusion // came in or stayed without a right to
	ReportOther
)

// reasonCodes name the reasons in what is handed over.
var reasonCodes = map[ReportReason]string{
	ReportHarassment: "harassment", ReportHate: "hate", ReportThreat: "threat", ReportChildAbuse: "child-abuse",
	ReportImpersonation: "impersonation", ReportIntrusion: "intrusion", ReportOther: "other",
}

// ReportPhase is where a report stands.
type ReportPhase uint8

// The phases of a report.
const (
	ReportIdle ReportPhase = iota
	ReportSending
	ReportSent
	ReportSaved  // as a file on this computer: the service takes no reports
	ReportFailed // see Why
)

// Report is the state of the report that was handed over last.
type Report struct {
	Phase ReportPhase
	Why   NoticeCode
	Path  string // of the file, in ReportSaved
}

// SendReport reports people of the present meeting. Nothing is attached that is
// not named here.
type SendReport struct {
	People []keys.PublicKey
	Reason ReportReason
	Words  string // the person's own
	Chat   bool   // attach the reported people's chat lines
	Names  bool   // attach everybody's names as shown
}

// ClearReport puts the last report's state away.
type ClearReport struct{}

func (SendReport) intent()  {}
func (ClearReport) intent() {}

// Format implements fmt.Formatter: the person's own words are in it.
func (SendReport) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, hidden) }

// LogValue implements slog.LogValuer.
func (SendReport) LogValue() slog.Value { return slog.StringValue(hidden) }

// MarshalText implements encoding.TextMarshaler.
func (SendReport) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// The notices about reports.
const (
	NoticeReportInvalid NoticeCode = "report-invalid" // nobody or no reason chosen, or too many words
	NoticeReportUnsent  NoticeCode = "report-unsent"  // the operator was not reached
	NoticeReportUnsaved NoticeCode = "report-unsaved" // the file could not be written
)

// MaxReportWords is how many characters of their own a person can write.
const MaxReportWords = 2000

// reportTime is how long handing a report over may take.
const reportTime = 20 * time.Second

// Complaint is a report as it is handed over: what the reporting person chose,
// and no more. It proves nothing: names and lines are what this device saw.
// Fields that were not chosen are left out of the JSON.
type Complaint struct {
	Version  int              `json:"version"`
	At       time.Time        `json:"at"`
	Service  string           `json:"service"`
	Meeting  string           `json:"meeting"`
	Mode     string           `json:"mode"`
	Reporter string           `json:"reporter"` // public key
	Reason   string           `json:"reason"`
	Words    string           `json:"words,omitempty"`
	People   []ReportedPerson `json:"people"`
	Chat     []ReportedLine   `json:"chat,omitempty"`
	Names    []ReportedPerson `json:"names,omitempty"` // everybody inside
}

// ReportedPerson is somebody in a Complaint.
type ReportedPerson struct {
	Key         string `json:"key"`
	Fingerprint string `json:"fingerprint"`
	Name        string `json:"name,omitempty"`
}

// ReportedLine is a chat line of a reported person.
type ReportedLine struct {
	Key  string    `json:"key"`
	At   time.Time `json:"at"`
	Text string    `json:"text"`
}

// Format implements fmt.Formatter: only its JSON, for the operator, is legible.
func (Complaint) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, hidden) }

// LogValue implements slog.LogValuer.
func (Complaint) LogValue() slog.Value { return slog.StringValue(hidden) }

// reported is posted when a report was handed over, or could not be.
type reported struct {
	number int
	report Report
}

func (c *Core) sendReport(i SendReport) {
	if c.meeting == nil || c.report.Phase == ReportSending || c.cfg.Report == nil && c.cfg.SaveReport == nil {
		return
	}
	about, ok := c.complaint(i, c.meeting.view(c.cfg.Now()))
	if !ok {
		c.report = Report{Phase: ReportFailed, Why: NoticeReportInvalid}
		return
	}
	c.reports++
	number := c.reports
	c.report = Report{Phase: ReportSending}
	c.tasks.Go(func() { c.post(reported{number, c.handOver(about)}) })
}

// handOver gives a report to the operator, or else to a file.
func (c *Core) handOver(about Complaint) Report {
	if c.cfg.Report != nil {
		ctx, cancel := context.WithTimeout(c.ctx, reportTime)
		defer cancel()
		if c.cfg.Report(ctx, about) != nil {
			return Report{Phase: ReportFailed, Why: NoticeReportUnsent}
		}
		return Report{Phase: ReportSent}
	}
	data, err := json.MarshalIndent(about, "", "  ")
	if err != nil {
		return Report{Phase: ReportFailed, Why: NoticeReportUnsaved}
	}
	path, err := c.cfg.SaveReport("report-"+about.At.Format("20060102-150405")+".json", data)
	if err != nil {
		return Report{Phase: ReportFailed, Why: NoticeReportUnsaved}
	}
	return Report{Phase: ReportSaved, Path: path}
}

// reported takes the outcome over, unless the report was put away meanwhile.
func (c *Core) reported(w reported) {
	if w.number == c.reports && c.report.Phase == ReportSending {
		c.report = w.report
	}
}

// clearReport puts a report away. One that is under way is still handed over.
func (c *Core) clearReport() { c.report = Report{} }

func (c *Core) complaint(i SendReport, m *Meeting) (Complaint, bool) {
	reason, ok := reasonCodes[i.Reason]
	words := strings.TrimSpace(i.Words)
	if !ok || len(i.People) == 0 || len(i.People) > maxAcquaintances || utf8.RuneCountInString(words) > MaxReportWords || !utf8.ValidString(words) {
		return Complaint{}, false
	}
	names := c.meeting.present(m)
	about := Complaint{
		Version: 1, At: c.cfg.Now().UTC().Truncate(time.Second), Service: c.meeting.link.Service, Meeting: m.ID.String(),
		Mode: m.Mode.String(), Reporter: c.cfg.Device.Public().String(), Reason: reason, Words: words,
	}
	for _, key := range i.People {
		name, here := names[key]
		if !here {
			return Complaint{}, false
		}
		about.People = append(about.People, ReportedPerson{key.String(), key.Fingerprint(), name})
	}
	if i.Names {
		for _, p := range m.People {
			about.Names = append(about.Names, ReportedPerson{p.Key.String(), p.Fingerprint, p.Name})
		}
	}
	if i.Chat {
		for _, l := range m.Chat {
			if slices.Contains(i.People, l.From) {
				about.Chat = append(about.Chat, ReportedLine{l.From.String(), l.At.UTC(), l.Text})
			}
		}
	}
	return about, true
}

// present names everybody who can be reported: who is or was inside, and who
// knocks, but not oneself.
func (m *meeting) present(v *Meeting) map[keys.PublicKey]string {
	names := map[keys.PublicKey]string{}
	for _, n := range m.state.Known {
		names[n.Device] = n.Name
	}
	for _, k := range v.Lobby {
		names[k.Key] = k.Name
	}
	for _, p := range v.People {
		names[p.Key] = p.Name
	}
	delete(names, m.state.Self)
	return names
}

// reportable is whether a meeting's people can be reported: also after its end,
// for whoever was removed.
func reportable(m *Meeting) bool { return m != nil && m.Phase != call.PhaseIdle }
