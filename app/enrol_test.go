package main_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"conclave/app/core"
	"conclave/app/core/upgrade"
	"conclave/app/kiosk"
	"conclave/call"
	"conclave/keys"
)

// An administrator enrols a room with a code: the host then sees a verified room
// by its own name, from the service's log, not a stranger.
func TestAnEnrolledRoomIsVerified(t *testing.T) {
	s := newStory(t)
	anna := s.person("Anna")
	s.signIn(anna, "anna@home.example")
	anna.choose(keys.ClassPhone, "+491701234567")
	anna.course(upgrade.PhaseConfirm)
	anna.proceed(upgrade.Type{Code: upgrade.Text(s.registry.Text.Code("+491701234567"))})
	anna.course(upgrade.PhaseDone)
	anna.proceed(upgrade.Close{})
	anna.start(keys.ModeE2EE, "")

	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent")
	r := newClassroom(t, anna.meeting().Link, `"identity": "enrolled", `)
	policy := filepath.Join(r.dir, "managed.json")
	text, err := os.ReadFile(policy)
	if err != nil {
		t.Fatal(err)
	}
	text = bytes.Replace(text, []byte(`{"version": 1,`), []byte(`{"version": 1, "service": "`+s.service.url+`",`), 1)
	if err := os.WriteFile(policy, text, 0o644); err != nil {
		t.Fatal(err)
	}

	if out, code := r.tell("enrol", "123456"); code != kiosk.ExitUsage || !strings.Contains(out, "--address") {
		t.Errorf("a code that nobody asked for: %d %s", code, out)
	}
	const address = "room204@home.example"
	if out, code := r.tell("enrol", "--address", address); code != kiosk.ExitFine {
		t.Fatalf("asking for a code: %d %s", code, out)
	}
	right := s.registry.Mail.Code(address)
	wrong := "000000"
	if wrong == right {
		wrong = "111111"
	}
	if out, code := r.tell("enrol", wrong); code != kiosk.ExitUsage || strings.Contains(out, wrong) {
		t.Errorf("a wrong code: %d %s", code, out)
	}
	out, code := r.tell("enrol", right)
	if code != kiosk.ExitFine || !strings.Contains(out, "account     email") || !strings.Contains(out, "sealed file") {
		t.Fatalf("enrol: %d %s", code, out)
	}
	if _, err := os.Stat(filepath.Join(r.dir, "kiosk", "enrolment.json")); !os.IsNotExist(err) {
		t.Errorf("the reference of the code is still there: %v", err)
	}

	r.start()
	r.await(30*time.Second, "at the door or in trouble", inState("lobby", "trouble"))
	await(t, 10*time.Second, "the room at the door", func() bool { return len(anna.meeting().Lobby) == 1 })
	k := anna.meeting().Lobby[0]
	if k.Name != "Room 204, kiosk" || k.Verification != core.VerifiedEmail || k.Refusal != nil {
		t.Errorf("at the door: %+v", k)
	}
	anna.Send(core.Admit{Ticket: k.Ticket})
	r.await(20*time.Second, "in the meeting", inState("meeting"))
	await(t, 15*time.Second, "the room checked", func() bool {
		p := r.in(anna)
		return p != nil && p.Verification == core.VerifiedEmail && p.Logged
	})
	if anna.meeting().Phase != call.PhaseInMeeting {
		t.Error("the meeting suffers")
	}
	r.flows(anna, 20*time.Second)
}
