package ui

import (
	"conclave/app/core"
	"conclave/ui/present"
	"conclave/ui/screen"
)

// rooms are the screens around home: before a meeting, planning one, people
// met before, reporting, and other people's licences.
type rooms struct {
	preview  *screen.Preview
	schedule *screen.Schedule
	recent   *screen.Recent
	report   *screen.Report
	licences *screen.Licences
}

func newRooms(k *screen.Kit) rooms {
	return rooms{
		preview: screen.NewPreview(k), schedule: screen.NewSchedule(k), recent: screen.NewRecent(k),
		report: screen.NewReport(k), licences: screen.NewLicences(k),
	}
}

// of returns one of them, or nil for the other screens.
func (r rooms) of(which present.Screen) screen.Screen {
	switch which {
	case present.Preview:
		return r.preview
	case present.Schedule:
		return r.schedule
	case present.Acquaintances:
		return r.recent
	case present.Report:
		return r.report
	case present.Licences:
		return r.licences
	default: // the screens of the shell itself
		return nil
	}
}

// startMeeting is Ctrl+N: from home to the preview, and from there inside.
func (s *Shell) startMeeting() {
	switch {
	case s.notices.Open() || s.over != 0:
	case s.shown == present.Home:
		s.home.Start()
	case s.shown == present.Preview:
		s.rooms.preview.Go()
	}
}

// openSchedule is Ctrl+Shift+N.
func (s *Shell) openSchedule() {
	if s.shown == present.Home && s.last.Can.StartMeeting {
		s.toggle(present.Schedule)
		if s.over == present.Schedule {
			s.focus(s.rooms.schedule.Field())
		}
	}
}

// openReport is Ctrl+Shift+R.
func (s *Shell) openReport() {
	if s.last.Can.Report {
		s.toggle(present.Report)
	}
}

// inPreview says whether the screen before a meeting is what the keys are for.
func (s *Shell) inPreview() bool {
	return s.shown == present.Preview && s.over == 0 && !s.notices.Open()
}

// leavePreview goes home.
func (s *Shell) leavePreview() { s.config.Send(core.ClosePreview{}) }
