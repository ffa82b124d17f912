package core

import "conclave/keys"

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
