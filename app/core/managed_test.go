package core

import (
	"testing"

	"conclave/keys"
)

// A plan of the time before the organisation decided begins no meeting that
// could not be planned now: in another mode, or at another service.
func TestPlansKeepTheLimits(t *testing.T) {
	const ours, theirs = "https://meet.example.org", "https://meet.example.org.elsewhere.example"
	for name, row := range map[string]struct {
		limits Limits
		plan   Scheduled
		passes bool
	}{
		"allowed":         {Limits{Service: true, Modes: []keys.Mode{keys.ModeE2EE}}, Scheduled{Mode: keys.ModeE2EE, Link: ours + "/m/1"}, true},
		"another mode":    {Limits{Modes: []keys.Mode{keys.ModeE2EE}}, Scheduled{Mode: keys.ModeTransport, Link: ours + "/m/1"}, false},
		"another service": {Limits{Service: true, Modes: []keys.Mode{keys.ModeE2EE}}, Scheduled{Mode: keys.ModeE2EE, Link: theirs + "/m/1"}, false},
		"service is free": {Limits{Modes: []keys.Mode{keys.ModeE2EE}}, Scheduled{Mode: keys.ModeE2EE, Link: theirs + "/m/1"}, true},
	} {
		row.plan.ID = keys.MeetingID{1}
		e := &engine{snap: Snapshot{Plans: []Scheduled{{ID: keys.MeetingID{2}}, row.plan}, Service: Service{URL: ours}}}
		restrict(e, row.limits).Send(StartScheduled{Meeting: keys.MeetingID{1}})
		if passed := len(e.sent) == 1; passed != row.passes {
			t.Errorf("%s: passed %t", name, passed)
		}
	}
}
