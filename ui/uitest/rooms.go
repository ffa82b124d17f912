package uitest

import (
	"strings"
	"time"

	"conclave/app/core"
	"conclave/keys"
)

// Met returns somebody met before.
func Met(n int, v core.Verification, compared bool) core.Acquaintance {
	return core.Acquaintance{
		Key: Key(n), Name: names[n%len(names)], Fingerprint: fingerprint(n), SafetyNumber: digits(n + 100),
		Verification: v, Compared: compared, Met: Noon().Add(-time.Duration(n) * 20 * time.Hour),
	}
}

// Planned returns a meeting that is planned.
func Planned(n int, title string, mode keys.Mode, start time.Time, length time.Duration) core.Scheduled {
	return core.Scheduled{
		ID: keys.MeetingID(Key(50 + n)), Title: title, Mode: mode, Start: start, Duration: length, Asks: n == 1,
		Link: "https://meet.example.org/m/" + strings.Repeat("abcd2345", 6) + "abcd", Calendar: []byte("BEGIN:VCALENDAR\r\n"),
	}
}

// Busy is the home screen of somebody who has met people and planned meetings
// on a service whose address lasts.
func Busy() core.Snapshot {
	s := SignedIn(keys.ClassOrganisation, "uni.example")
	s.Can.Schedule = true
	s.People = []core.Acquaintance{
		Met(1, core.VerifiedOrganisation, true), Met(5, core.VerifiedEmail, false), Met(3, core.Unverified, false),
		Met(2, core.VerifiedVoucher, true), Met(4, core.Unverified, true),
	}
	s.Plans = []core.Scheduled{
		Planned(0, "Thesis, weekly", keys.ModeE2EE, Noon().Add(10*time.Minute), time.Hour),
		Planned(1, "Open day with the parents of the coming year", keys.ModeTransport, Noon().Add(74*time.Hour), 90*time.Minute),
	}
	return s
}

// Previewing is the moment before a meeting.
func Previewing(change func(*core.Snapshot)) core.Snapshot {
	s := SignedIn(keys.ClassEmail, "")
	s.Preview = &core.Preview{
		Link: "https://meet.example.org/m/" + strings.Repeat("abcd2345", 6) + "abcd", Mode: keys.ModeE2EE, Looked: true, HostHere: true,
		Mic: core.Toggle{Wanted: true, On: true}, Camera: core.Toggle{Wanted: true, On: true},
	}
	s.Devices.Microphones = append(s.Devices.Microphones, core.Device{ID: "mic9", Label: LongDevice})
	s.Devices.Speakers = append(s.Devices.Speakers, core.Device{ID: "spk9", Label: LongDevice})
	if change != nil {
		change(&s)
	}
	return s
}

// LongDevice is the longest name that a Linux system is known to give.
const LongDevice = "Discard all samples (playback) or generate zero samples (capture)"

// Reporting is a meeting in which somebody can be reported.
func Reporting(r core.Report) core.Snapshot {
	s := InMeeting(4)
	s.Can.Report, s.Report = true, r
	return s
}

// RoomScenes lists the screens around home with their main states.
func RoomScenes() []Scene {
	updated := Busy()
	updated.Update = core.Update{Version: "1.2.0", Page: "https://conclave.example/get"}
	updated.Managed = []string{"service", "modes"}
	nowhere := AtHome()
	nowhere.Service.Local = true
	nobody := AtHome()
	return []Scene{
		{"home-busy", Busy(), nil},
		{"home-update", updated, nil},
		{"recent", Busy(), []string{"recent"}},
		{"recent-none", nobody, []string{"recent"}},
		{"schedule", Busy(), []string{"schedule"}},
		{"schedule-here", nowhere, []string{"schedule"}},
		{"preview-join", Previewing(nil), nil},
		{"preview-start", Previewing(func(s *core.Snapshot) {
			s.Preview.Link, s.Preview.Start = "", core.StartMeeting{Mode: keys.ModeTransport}
			s.Preview.Mode = keys.ModeTransport
		}), nil},
		{"preview-looking", Previewing(func(s *core.Snapshot) {
			*s.Preview = core.Preview{Link: s.Preview.Link, Mic: s.Preview.Mic, Camera: core.Toggle{}}
		}), nil},
		{"preview-missing", Previewing(func(s *core.Snapshot) {
			*s.Preview = core.Preview{Link: s.Preview.Link, Looked: true, Missing: true, Mic: s.Preview.Mic, Camera: core.Toggle{Wanted: true, Fault: core.DeviceBusy}}
		}), nil},
		{"preview-down", Previewing(func(s *core.Snapshot) {
			*s.Preview = core.Preview{Link: s.Preview.Link, Mic: core.Toggle{Wanted: true, Fault: core.DeviceMissing}, Camera: core.Toggle{Wanted: true, Fault: core.DeviceMissing}}
			*s = Told(*s, core.Notice{Code: core.NoticeServiceDown, Severity: core.SeverityWarning})
		}), nil},
		{"preview-passcode", Previewing(func(s *core.Snapshot) {
			s.Preview.Asks, s.Preview.HostHere, s.Preview.Demand = true, false, keys.Demand{Organisation: "uni.example"}
		}), nil},
		{"preview-locked", Previewing(func(s *core.Snapshot) { s.Preview.Locked = true }), nil},
		{"report", Reporting(core.Report{}), []string{"report"}},
		{"report-saved", Reporting(core.Report{Phase: core.ReportSaved, Path: "/home/mira/.config/conclave/report-20261121-140509.json"}), []string{"report"}},
		{"report-failed", Reporting(core.Report{Phase: core.ReportFailed, Why: core.NoticeReportUnsent}), []string{"report"}},
	}
}
