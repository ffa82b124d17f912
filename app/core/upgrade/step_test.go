package upgrade

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"testing"
	"time"

	"conclave/keys"
)

var all = []keys.Class{keys.ClassEmail, keys.ClassPhone, keys.ClassOrganisation, keys.ClassSeat, keys.ClassVoucher}

// run steps through events; an event of the driver gets the number of the
// effect that runs.
func run(t *testing.T, s State, events ...Event) (State, []Effect) {
	t.Helper()
	var effects []Effect
	for _, e := range events {
		s, effects = Step(s, numbered(e, s.running))
	}
	return s, effects
}

func numbered(e Event, n uint64) Event {
	switch e := e.(type) {
	case Sent:
		e.Number = n
		return e
	case Opened:
		e.Number = n
		return e
	case Verified:
		e.Number = n
		return e
	case Issued:
		e.Number = n
		return e
	case Failed:
		e.Number = n
		return e
	}
	return e
}

func TestWaysToTheEnd(t *testing.T) {
	signedIn := Begin{Account: true, Class: keys.ClassEmail, Ways: all}
	sent := Sent{Attempt: "a", Until: time.Unix(600, 0)}
	for name, row := range map[string]struct {
		events []Event
		phase  Phase
		class  keys.Class
		effect Effect // of the last event
	}{
		"sign in sends":             {[]Event{SignIn{}, Enter{Text: " ana@home.example ", Name: "Ana"}}, PhaseSending, keys.ClassGuest, SendCode{1, keys.ClassEmail, "ana@home.example"}},
		"sign in waits":             {[]Event{SignIn{}, Enter{Text: "a@b.c"}, sent}, PhaseConfirm, keys.ClassGuest, nil},
		"sign in checks":            {[]Event{SignIn{}, Enter{Text: "a@b.c", Name: " Ana "}, sent, Type{"123 456"}}, PhaseChecking, keys.ClassGuest, CheckCode{2, keys.ClassEmail, "a", "123456", "Ana"}},
		"sign in issues":            {[]Event{SignIn{}, Enter{Text: "a@b.c"}, sent, Type{"123456"}, Verified{Class: keys.ClassEmail}}, PhaseIssuing, keys.ClassEmail, Renew{3}},
		"sign in ends":              {[]Event{SignIn{}, Enter{Text: "a@b.c"}, sent, Type{"123456"}, Verified{Class: keys.ClassEmail}, Issued{}}, PhaseDone, keys.ClassEmail, nil},
		"upgrade without account":   {[]Event{Begin{Ways: all}}, PhaseEnter, keys.ClassGuest, nil},
		"and goes on after sign in": {[]Event{Begin{Ways: all}, Enter{Text: "a@b.c"}, sent, Type{"123456"}, Verified{Class: keys.ClassEmail}, Issued{}}, PhaseChoose, keys.ClassEmail, nil},
		"verified before signing in": {[]Event{
			Begin{Ways: all}, Enter{Text: "a@b.c"}, sent, Type{"123456"}, Verified{Class: keys.ClassPhone}, Issued{},
		}, PhaseDone, keys.ClassPhone, nil},
		"phone":         {[]Event{signedIn, Choose{keys.ClassPhone}, Enter{Text: "+1"}, sent, Type{"123456"}, Verified{Class: keys.ClassPhone}, Issued{}}, PhaseDone, keys.ClassPhone, nil},
		"organisation":  {[]Event{signedIn, Choose{keys.ClassOrganisation}, Enter{Text: "school.example"}}, PhaseSending, keys.ClassEmail, SignOn{1, "school.example"}},
		"browser":       {[]Event{signedIn, Choose{keys.ClassOrganisation}, Enter{Text: "school.example"}, Opened{Page: "x"}}, PhaseBrowser, keys.ClassEmail, nil},
		"browser ends":  {[]Event{signedIn, Choose{keys.ClassOrganisation}, Enter{Text: "s.e"}, Opened{}, Verified{Class: keys.ClassOrganisation}}, PhaseIssuing, keys.ClassOrganisation, Renew{2}},
		"seat":          {[]Event{signedIn, Choose{keys.ClassSeat}}, PhaseChecking, keys.ClassEmail, ClaimSeat{1}},
		"voucher":       {[]Event{signedIn, Choose{keys.ClassVoucher}, Enter{Text: "v"}}, PhaseChecking, keys.ClassEmail, Redeem{1, "v"}},
		"voucher ends":  {[]Event{signedIn, Choose{keys.ClassVoucher}, Enter{Text: "v"}, Verified{Class: keys.ClassVoucher}, Issued{}}, PhaseDone, keys.ClassVoucher, nil},
		"resend":        {[]Event{signedIn, Choose{keys.ClassPhone}, Enter{Text: "+1"}, sent, Resend{}}, PhaseSending, keys.ClassEmail, SendCode{2, keys.ClassPhone, "+1"}},
		"back to enter": {[]Event{signedIn, Choose{keys.ClassPhone}, Enter{Text: "+1"}, sent, Back{}}, PhaseEnter, keys.ClassEmail, nil},
		"back twice":    {[]Event{signedIn, Choose{keys.ClassPhone}, Enter{Text: "+1"}, sent, Back{}, Back{}}, PhaseChoose, keys.ClassEmail, nil},
		"browser back":  {[]Event{signedIn, Choose{keys.ClassOrganisation}, Enter{Text: "s.e"}, Opened{}, Back{}}, PhaseEnter, keys.ClassEmail, Cancel{1}},
		"close":         {[]Event{signedIn, Choose{keys.ClassSeat}, Close{}}, PhaseIdle, keys.ClassNone, Cancel{1}},
		"again":         {[]Event{signedIn, Choose{keys.ClassSeat}, Verified{Class: keys.ClassSeat}, Issued{}, signedIn}, PhaseChoose, keys.ClassEmail, nil},
		"passport late": {[]Event{signedIn, Choose{keys.ClassSeat}, Verified{Class: keys.ClassSeat}, Failed{Trouble: TroubleServiceDown}, Retry{}}, PhaseIssuing, keys.ClassSeat, Renew{3}},
		"way not there": {[]Event{Begin{Account: true, Class: keys.ClassEmail, Ways: all[:2]}, Choose{keys.ClassVoucher}}, PhaseChoose, keys.ClassEmail, nil},
	} {
		s, effects := run(t, State{}, row.events...)
		var want []Effect
		if row.effect != nil {
			want = []Effect{row.effect}
		}
		if s.Phase != row.phase || s.Class != row.class || !reflect.DeepEqual(effects, want) || s.Trouble != TroubleNone {
			t.Errorf("%s: phase %s, class %s, trouble %s, %d effects of %T", name, s.Phase, s.Class, s.Trouble, len(effects), row.effect)
		}
	}
}

func TestEachTroubleLeadsToWhereItIsMended(t *testing.T) {
	signedIn := Begin{Account: true, Class: keys.ClassEmail, Ways: all}
	sent := Sent{Attempt: "a"}
	during := map[string][]Event{
		"sending":  {signedIn, Choose{keys.ClassPhone}, Enter{Text: "+1"}},
		"resend":   {signedIn, Choose{keys.ClassPhone}, Enter{Text: "+1"}, sent, Resend{}},
		"checking": {signedIn, Choose{keys.ClassPhone}, Enter{Text: "+1"}, sent, Type{"123456"}},
		"browser":  {signedIn, Choose{keys.ClassOrganisation}, Enter{Text: "s.e"}, Opened{}},
		"seat":     {signedIn, Choose{keys.ClassSeat}},
		"voucher":  {signedIn, Choose{keys.ClassVoucher}, Enter{Text: "v"}},
		"issuing":  {signedIn, Choose{keys.ClassSeat}, Verified{Class: keys.ClassSeat}},
	}
	for name, events := range during {
		for _, trouble := range Troubles() {
			s, effects := run(t, State{}, append(events, Failed{Trouble: trouble, TriesLeft: 3})...)
			want := map[string]Phase{
				"sending": PhaseEnter, "resend": PhaseConfirm, "checking": PhaseEnter, "browser": PhaseEnter,
				"seat": PhaseChoose, "voucher": PhaseEnter, "issuing": PhaseIssuing,
			}[name]
			switch {
			case name == "checking" && staysAtCode(trouble):
				want = PhaseConfirm
			case trouble == TroubleSignedOut && name != "issuing":
				want = PhaseEnter
			}
			if s.Phase != want || s.Trouble != trouble || s.TriesLeft != 3 || len(effects) != 0 || s.running != 0 {
				t.Errorf("%s, %s: phase %s, want %s", name, trouble, s.Phase, want)
			}
			if trouble == TroubleSignedOut && name != "issuing" && (s.Account || s.Way != keys.ClassEmail) {
				t.Errorf("%s: signed out, but not asked to sign in", name)
			}
			if s.Phase == PhaseEnter && trouble != TroubleSignedOut && s.Entered == "" {
				t.Errorf("%s, %s: what was typed is gone", name, trouble)
			}
		}
	}
	for name, events := range map[string][]Event{
		"nothing typed": {SignIn{}, Enter{Text: "  "}},
		"short code":    {SignIn{}, Enter{Text: "a"}, sent, Type{"12345"}},
		"letters":       {SignIn{}, Enter{Text: "a"}, sent, Type{"abcdef"}},
	} {
		if s, effects := run(t, State{}, events...); s.Trouble != TroubleInput || len(effects) != 0 || s.Phase.IsWaiting() {
			t.Errorf("%s: trouble %s, phase %s", name, s.Trouble, s.Phase)
		}
	}
	if s, _ := run(t, State{}, SignIn{}, Enter{Text: "a"}, Failed{}); s.Trouble != TroubleServiceDown {
		t.Error("a failure without a trouble is none")
	}
}

// alphabet are all events, with answers for the effect that runs and for one
// that does not.
func alphabet(running uint64) []Event {
	events := []Event{
		SignIn{},
		Begin{Ways: all},
		Begin{Account: true, Class: keys.ClassEmail, Ways: all},
		Begin{Account: true, Class: keys.ClassEmail},
		Choose{keys.ClassPhone},
		Choose{keys.ClassOrganisation},
		Choose{keys.ClassSeat},
		Choose{keys.ClassVoucher},
		Choose{keys.ClassEmail},
		Choose{},
		Enter{Text: "x", Name: "n"},
		Enter{},
		Type{"123456"},
		Type{"1"},
		Resend{},
		Back{},
		Retry{},
		Close{},
	}
	for _, n := range []uint64{running, running + 1, 0} {
		events = append(events, Sent{Number: n, Attempt: "a", Outbox: true, Shown: "1"}, Opened{Number: n, Page: "p"},
			Verified{Number: n, Class: keys.ClassEmail}, Verified{Number: n, Class: keys.ClassPhone}, Issued{Number: n})
		for _, trouble := range Troubles() {
			events = append(events, Failed{Number: n, Trouble: trouble})
		}
	}
	return events
}

// TestEveryReachableStateHoldsTheRules walks all states that any events reach
// (numbers of effects taken out) and checks the rules after each step.
func TestEveryReachableStateHoldsTheRules(t *testing.T) {
	seen := map[string]bool{}
	queue := []State{{}}
	key := func(s State) string {
		waits := s.running != 0
		s.running, s.last = 0, 0
		return fmt.Sprintf("%d %d %v %t %d %q %q %t %q %q %d %q %t", s.Phase, s.Way, s.Ways, s.Account, s.Class,
			string(s.Entered), string(s.Name), s.Outbox, string(s.Shown), s.Page, s.Trouble, s.attempt, waits)
	}
	steps := 0
	for len(queue) > 0 {
		s := queue[0]
		queue = queue[1:]
		for _, e := range alphabet(s.running) {
			next, effects := Step(s, e)
			steps++
			check(t, s, e, next, effects)
			if k := key(next); !seen[k] {
				seen[k] = true
				queue = append(queue, next)
			}
		}
		if t.Failed() {
			return
		}
	}
	phases := map[Phase]bool{}
	for k := range seen {
		var p Phase
		_, _ = fmt.Sscan(k, &p)
		phases[p] = true
	}
	if len(phases) != len(Phases()) {
		t.Errorf("%d of %d phases are reached", len(phases), len(Phases()))
	}
	t.Logf("%d states, %d steps", len(seen), steps)
}

func check(t *testing.T, s State, e Event, next State, effects []Effect) {
	t.Helper()
	starts, cancels := 0, 0
	for _, effect := range effects {
		if c, isCancel := effect.(Cancel); isCancel {
			cancels++
			if c.Number != s.running || s.running == 0 {
				t.Errorf("%s %T: cancels what does not run", s.Phase, e)
			}
			continue
		}
		starts++
		if n := reflect.ValueOf(effect).FieldByName("Number").Uint(); n != next.running || n <= s.last {
			t.Errorf("%s %T: starts number %d, waits for %d", s.Phase, e, n, next.running)
		}
	}
	switch {
	case starts > 1 || cancels > 1:
		t.Errorf("%s %T: %d effects", s.Phase, e, len(effects))
	case next.running != 0 && !next.Phase.IsWaiting():
		t.Errorf("%s %T: %s waits for an effect", s.Phase, e, next.Phase)
	case next.Phase.IsWaiting() && next.running == 0 && !(next.Phase == PhaseIssuing && next.Trouble != TroubleNone):
		t.Errorf("%s %T: %s waits for nothing", s.Phase, e, next.Phase)
	case s.running != 0 && next.running != s.running && cancels == 0 && isHuman(e):
		t.Errorf("%s %T: an effect runs on unnoticed", s.Phase, e)
	case next.Phase == PhaseDone && !next.Account:
		t.Errorf("%s %T: done without an account", s.Phase, e)
	case next.Class.IsVerified() && !s.Class.IsVerified() && !isVerified(e):
		t.Errorf("%s %T: verified by nobody", s.Phase, e)
	case next.Shown != "" && next.Phase != PhaseConfirm && next.Phase != PhaseChecking && next.Phase != PhaseSending:
		t.Errorf("%s %T: the code stays on the screen in %s", s.Phase, e, next.Phase)
	case next.Phase == PhaseConfirm && next.attempt == "":
		t.Errorf("%s %T: a code of no attempt", s.Phase, e)
	}
}

func isHuman(e Event) bool {
	switch e.(type) {
	case Sent, Opened, Verified, Issued, Failed:
		return false
	}
	return true
}

func isVerified(e Event) bool { _, ok := e.(Verified); return ok }

func TestStaleAnswersChangeNothing(t *testing.T) {
	s, _ := run(t, State{}, SignIn{}, Enter{Text: "a"})
	old := s.running
	s, _ = Step(s, Close{})
	s, _ = run(t, s, SignIn{}, Enter{Text: "b"})
	for _, e := range []Event{Sent{Number: old, Attempt: "old"}, Verified{Number: old, Class: keys.ClassPhone}, Failed{Number: old}, Issued{old}, Opened{Number: old}} {
		if next, effects := Step(s, e); !reflect.DeepEqual(next, s) || effects != nil {
			t.Errorf("%T of the past was taken", e)
		}
	}
}

func TestWhatWasTypedIsHidden(t *testing.T) {
	s := State{Way: keys.ClassPhone, Class: keys.ClassEmail, Entered: "ana@home.example", Name: "Ana", Shown: "123456"}
	texts := []string{}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		texts = append(texts, fmt.Sprintf(verb, s), fmt.Sprintf(verb, SendCode{To: "ana@home.example"}), fmt.Sprintf(verb, CheckCode{Code: "123456"}))
	}
	data, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "entered", s.Entered)
	for _, text := range append(texts, string(data), log.String()) {
		if strings.Contains(text, "home") || strings.Contains(text, "123456") {
			t.Errorf("shows %s", text)
		}
	}
}

func TestNamesAreDistinct(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range Phases() {
		seen[p.String()] = true
	}
	for _, trouble := range Troubles() {
		seen[trouble.String()] = true
	}
	if len(seen) != len(Phases())+len(Troubles()) || seen["invalid"] || Phase(99).String() != "invalid" || Trouble(99).String() != "invalid" {
		t.Errorf("%d names", len(seen))
	}
}

func FuzzStep(f *testing.F) {
	f.Add([]byte{0, 10, 20, 12, 30})
	f.Fuzz(func(t *testing.T, choices []byte) {
		var s State
		for _, c := range choices {
			events := alphabet(s.running)
			e := events[int(c)%len(events)]
			next, effects := Step(s, e)
			check(t, s, e, next, effects)
			s = next
		}
	})
}
