package core

import (
	"go/ast"
	"go/parser"
	"go/token"
	"image"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"conclave/call"
	"conclave/keys"
)

// declared finds every type of the package that is an intent, in its sources.
func declared(t *testing.T) []string {
	t.Helper()
	sources, err := filepath.Glob("*.go")
	if err != nil || len(sources) < 20 {
		t.Fatalf("%d sources: %v", len(sources), err)
	}
	var names []string
	for _, path := range sources {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || f.Name.Name != "intent" || f.Recv == nil || f.Type.Params.NumFields() != 0 {
				continue
			}
			if id, ok := f.Recv.List[0].Type.(*ast.Ident); ok {
				names = append(names, id.Name)
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// intents has one of each; for Restricted, one that the strictest limits forbid
// where there is such a thing.
var intents = []struct {
	intent     Intent
	kiosk      bool // a limited user may send it
	restricted bool // the strictest limits forbid it
}{
	{AdmitAll{}, false, false},
	{AdmitVerified{}, false, false},
	{Admit{Ticket: "1"}, false, false},
	{ChooseDevices{Camera: "x"}, false, true},
	{ChooseService{URL: "https://evil.test"}, false, true},
	{ClearReport{}, false, false},
	{CloseMeeting{}, false, false},
	{ClosePreview{}, false, false},
	{DeleteAccount{}, false, false},
	{Dismiss{Notice: 1}, false, false},
	{DropRefusal{}, false, false},
	{EndMeeting{}, false, false},
	{EnterRoom{Room: 0}, true, false},
	{ExportAccount{Path: "/tmp/x"}, false, false},
	{ForgetPerson{}, false, false},
	{JoinMeeting{Link: "https://evil.test/m/x"}, false, false},
	{JudgeCode{Matches: true}, false, false},
	{LeaveMeeting{}, true, false},
	{LetSpeak{}, false, false},
	{LowerHand{}, false, false},
	{MuteAll{}, false, false},
	{MutePerson{}, false, false},
	{OpenPreview{Start: StartMeeting{Mode: keys.ModeE2EE}}, false, true},
	{Proceed{}, false, false},
	{React{}, false, false},
	{Refuse{Ticket: "1"}, false, false},
	{Remove{}, false, false},
	{Rename{Name: "Principal"}, false, false},
	{RevokeDevice{}, false, false},
	{SaveCalendar{}, false, false},
	{Schedule{Mode: keys.ModeE2EE}, false, true},
	{SendChat{Text: "x"}, false, false},
	{SendReport{}, false, false},
	{SetCamera{}, true, false},
	{SetHand{}, true, false},
	{SetLocked{}, false, false},
	{SetMic{}, true, false},
	{SetName{Name: "Principal"}, false, false},
	{SetRules{}, false, false},
	{SetShare{On: true}, false, true},
	{SignIn{}, false, false},
	{SignOut{}, false, false},
	{StartMeeting{Mode: keys.ModeE2EE}, false, true},
	{StartScheduled{}, false, false},
	{StopCamera{}, false, false},
	{StopShare{}, false, false},
	{TestSpeaker{}, false, false},
	{Unschedule{}, false, false},
	{Upgrade{}, false, false},
}

// engine is a core that only remembers what it was sent.
type engine struct {
	mu   sync.Mutex
	sent []Intent
	snap Snapshot
	news func()
}

func (e *engine) Send(i Intent) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.sent = append(e.sent, i)
}

func (e *engine) Latest() Snapshot {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.snap
}

func (e *engine) Subscribe(news func()) func() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.news = news
	return func() {}
}
func (*engine) Frames() Frames { return noFrames{} }
func (*engine) Close()         {}

// set makes m the meeting that the core shows.
func (e *engine) set(m *Meeting) {
	e.mu.Lock()
	e.snap.Meeting = m
	e.snap.Revision++
	news := e.news
	e.mu.Unlock()
	news()
	synctest.Wait()
}

func (e *engine) took() []Intent {
	synctest.Wait()
	e.mu.Lock()
	defer e.mu.Unlock()
	out := e.sent
	e.sent = nil
	return out
}

type noFrames struct{}

func (noFrames) Want(keys.PublicKey, Stream, int, int)               {}
func (noFrames) Latest(keys.PublicKey, Stream) (*image.RGBA, uint64) { return nil, 0 }

// The table above has every intent that the sources declare: one that is added
// fails here until somebody has decided whether a limited user may send it. Until
// then it is refused: Send names what it takes.
func TestEveryIntentIsDecidedForLimitedUsers(t *testing.T) {
	var listed []string
	for _, row := range intents {
		listed = append(listed, reflect.TypeOf(row.intent).Name())
	}
	slices.Sort(listed)
	if all := declared(t); !slices.Equal(all, listed) || len(all) < 40 {
		t.Errorf("say in the table whether a limited user may send each intent\ndeclared %v\nlisted   %v", all, listed)
	}
}

func TestARoomPassesOnlyItsOwnIntents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &engine{}
		r := startRoom(roomConfig(), e)
		defer r.Close()
		for _, row := range intents {
			r.Send(row.intent)
			took := e.took()
			name := reflect.TypeOf(row.intent).Name()
			if _, own := row.intent.(EnterRoom); own {
				if len(took) != 1 || took[0] != (JoinMeeting{Link: "link 0"}) {
					t.Errorf("EnterRoom became %T", took)
				}
				continue
			}
			if _, own := row.intent.(LeaveMeeting); own {
				continue // see TestARoomLeavesAndIsWiped
			}
			if passed := len(took) > 0; passed != row.kiosk {
				t.Errorf("%s passed: %v", name, passed)
			}
		}
		r.Send(nil)
		if took := e.took(); len(took) > 0 {
			t.Error("nothing became something")
		}
	})
}

// The type has no other way in: its exported methods are those that are meant, and
// its core is not among its exported fields.
func TestARoomHasNoOtherDoor(t *testing.T) {
	typ := reflect.TypeFor[*Room]()
	var names []string
	for i := range typ.NumMethod() {
		names = append(names, typ.Method(i).Name)
	}
	if want := []string{"Close", "Frames", "Latest", "Send", "Strain", "Subscribe"}; !slices.Equal(names, want) {
		t.Errorf("a room has the methods %v", names)
	}
	for i := range typ.Elem().NumField() {
		if f := typ.Elem().Field(i); f.IsExported() {
			t.Errorf("a room's field %s is exported", f.Name)
		}
	}
}

func TestLimitsOfAManagedMachineAreKept(t *testing.T) {
	strict := Limits{Settings: []string{"service"}, Service: true, Devices: true, NoShare: true}
	for _, row := range intents {
		for _, limits := range []Limits{strict, {Modes: []keys.Mode{keys.ModeE2EE, keys.ModeTransport}}} {
			e := &engine{snap: Snapshot{Can: Can{ChooseService: true, ShareScreen: true, StartMeeting: true}}}
			r := restrict(e, limits)
			told := 0
			r.Subscribe(func() { told++ })
			r.Send(row.intent)
			forbidden := row.restricted && limits.Service
			if passed := len(e.sent) == 1; passed == forbidden {
				t.Errorf("%T passed: %v", row.intent, passed)
			}
			s := r.Latest()
			if forbidden != (len(s.Notices) == 1 && s.Notices[0].Code == NoticeManaged) || forbidden != (told == 1) {
				t.Errorf("%T: forbidden %v, told %d, %v", row.intent, forbidden, told, s.Notices)
			}
			if c := s.Can; limits.Service == c.ChooseService || limits.NoShare == c.ShareScreen || c.StartMeeting != (len(limits.Modes) > 0) {
				t.Errorf("%+v under %+v", c, limits)
			}
			r.Send(Dismiss{Notice: managedNotice})
			if len(r.Latest().Notices) > 0 {
				t.Error("the notice stays")
			}
		}
	}
}

func roomConfig(change ...func(*RoomConfig)) RoomConfig {
	c := RoomConfig{
		Room:  "Room 204",
		Rooms: []RoomPlan{{Name: "Mathematics", Link: "link 0"}, {Name: "Assembly", Link: "link 1", Passcode: "seven"}},
		Idle:  5 * time.Minute, AutoJoin: true, Resume: -1,
	}
	for _, f := range change {
		f(&c)
	}
	return c
}

func meetingOf(others int) *Meeting {
	m := &Meeting{
		Phase: call.PhaseInMeeting, Link: "secret link", Chat: []ChatLine{{Text: "secret chat"}}, Lobby: []Knocker{{Name: "somebody"}},
		People: []Person{{Self: true, Connected: true}},
	}
	for i := range others {
		m.People = append(m.People, Person{Key: keys.PublicKey{byte(i + 1)}, Connected: true})
	}
	return m
}

func ended(why call.EndReason) *Meeting { return &Meeting{Phase: call.PhaseEnded, End: why} }

// room starts a room; over returns what it asked to be wiped for.
func room(t *testing.T, change ...func(*RoomConfig)) (r *Room, e *engine, over func() []RoomEnd) {
	t.Helper()
	e = &engine{}
	var mu sync.Mutex
	var ends []RoomEnd
	cfg := roomConfig(append(change, func(c *RoomConfig) {
		c.Over = func(end RoomEnd) {
			mu.Lock()
			defer mu.Unlock()
			ends = append(ends, end)
		}
	})...)
	r = startRoom(cfg, e)
	t.Cleanup(r.Close)
	return r, e, func() []RoomEnd {
		synctest.Wait()
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(ends)
	}
}

func TestARoomShowsNoLinkNoChatAndNoKnockers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, e, _ := room(t)
		e.mu.Lock()
		e.snap.People, e.snap.Plans = []Acquaintance{{Name: "x"}}, []Scheduled{{Title: "x"}}
		e.snap.Update = Update{Version: "9.9", Page: "https://elsewhere.test"}
		e.snap.Account, e.snap.Notices = Account{Name: "x"}, []Notice{{Code: NoticeRenamed, Name: "x"}}
		e.snap.Devices.Cameras = []Device{{Label: "x"}}
		e.mu.Unlock()
		r.Send(EnterRoom{0})
		e.set(meetingOf(2))
		s := r.Latest()
		m := s.Meeting
		if m == nil || m.Link != "" || m.Chat != nil || m.Lobby != nil || len(m.People) != 3 {
			t.Errorf("%+v", m)
		}
		if s.People != nil || s.Plans != nil || s.Account.Name != "" || s.Notices != nil || s.Devices.Cameras != nil || s.Preview != nil {
			t.Errorf("%+v", s)
		}
		if s.Update != (Update{Version: "9.9"}) {
			t.Errorf("%+v", s.Update)
		}
		if s.Can != (Can{RaiseHand: true}) {
			t.Errorf("%+v", s.Can)
		}
		if k := s.Kiosk; k.Room != "Room 204" || k.At != 0 || k.Joining != "Mathematics" || len(k.Rooms) != 2 {
			t.Errorf("%+v", k)
		}
	})
}

func TestARoomLeavesAndIsWiped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, e, over := room(t)
		r.Send(LeaveMeeting{})
		if took := e.took(); len(took) != 0 || len(over()) != 0 {
			t.Errorf("leaving nothing: %v, %v", took, over())
		}
		r.Send(EnterRoom{1})
		if took := e.took(); len(took) != 1 || took[0] != (JoinMeeting{Link: "link 1", Passcode: "seven"}) {
			t.Errorf("entering sent %T", took)
		}
		e.set(meetingOf(1))
		r.Send(LeaveMeeting{})
		if took := e.took(); len(took) != 1 || took[0] != (LeaveMeeting{}) {
			t.Errorf("leaving sent %v", took)
		}
		e.set(ended(call.EndLeft))
		if len(over()) != 1 || over()[0] != (RoomEnd{Room: 1}) {
			t.Fatalf("over: %v", over())
		}
		r.Send(EnterRoom{0})
		time.Sleep(time.Hour)
		if took := e.took(); len(took) != 0 || len(over()) != 1 {
			t.Errorf("it goes on after it is over: %v, %v", took, over())
		}
	})
}

// A goodbye that nobody answers does not keep the room.
func TestLeavingHasALimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, e, over := room(t)
		r.Send(EnterRoom{0})
		e.set(meetingOf(1))
		r.Send(LeaveMeeting{})
		time.Sleep(leaveLimit + time.Second)
		if synctest.Wait(); len(over()) != 1 {
			t.Error("not over")
		}
	})
}

func TestARoomEntersBySchedule(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now := time.Now()
		y, m, d := now.Date()
		at := time.Date(y, m, d, 9, 30, 0, 0, now.Location())
		for !at.After(now) {
			at = at.AddDate(0, 0, 1)
		}
		times := []RoomTime{{Days: []time.Weekday{at.Weekday()}, Start: 9*time.Hour + 30*time.Minute, Length: 45 * time.Minute}}
		r, e, over := room(t, func(c *RoomConfig) { c.Rooms[1].Times = times })
		if k := r.Latest().Kiosk; !k.Next.Equal(at) || k.Rooms[1].Now {
			t.Errorf("next %v, want %v", k.Next, at)
		}
		time.Sleep(time.Until(at) - time.Second)
		if took := e.took(); len(took) != 0 {
			t.Fatalf("too early: %v", took)
		}
		time.Sleep(2 * time.Second)
		if took := e.took(); len(took) != 1 || r.Latest().Kiosk.At != 1 || !r.Latest().Kiosk.Rooms[1].Now {
			t.Fatalf("not entered: %v %+v", took, r.Latest().Kiosk)
		}
		// Alone for the whole of it, it waits; then it leaves.
		e.set(meetingOf(0))
		time.Sleep(44 * time.Minute)
		if took := e.took(); len(took) != 0 {
			t.Fatalf("left while somebody is expected: %v", took)
		}
		time.Sleep(2 * time.Minute)
		if took := e.took(); len(took) != 1 || took[0] != (LeaveMeeting{}) {
			t.Fatalf("not left: %v", took)
		}
		e.set(ended(call.EndLeft))
		if len(over()) != 1 || !over()[0].Until.IsZero() {
			t.Errorf("over: %v", over())
		}
	})
}

// Somebody who leaves in the middle of a lesson is not dragged back into it.
func TestAScheduledRoomThatWasLeftIsHeld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := []time.Weekday{0, 1, 2, 3, 4, 5, 6}
		times := []RoomTime{{Days: all, Start: 0, Length: 24 * time.Hour}}
		r, e, over := room(t, func(c *RoomConfig) { c.Rooms[0].Times = times })
		time.Sleep(time.Second)
		if took := e.took(); len(took) != 1 {
			t.Fatalf("not entered: %v", took)
		}
		e.set(meetingOf(1))
		r.Send(LeaveMeeting{})
		synctest.Wait()
		e.set(ended(call.EndLeft))
		if len(over()) != 1 || !over()[0].Until.After(time.Now()) {
			t.Fatalf("over: %v", over())
		}
		held, e2, _ := room(t, func(c *RoomConfig) {
			c.Rooms[0].Times = times
			c.Hold = map[int]time.Time{0: over()[0].Until}
		})
		time.Sleep(time.Minute)
		if took := e2.took(); len(took) != 0 {
			t.Errorf("entered again: %v", took)
		}
		held.Send(EnterRoom{0})
		if took := e2.took(); len(took) != 1 {
			t.Error("a touch does not enter it")
		}
	})
}

func TestARoomTriesAgainAndSaysWhen(t *testing.T) {
	rows := map[call.EndReason]struct {
		why   NoticeCode
		pause time.Duration
	}{
		call.EndUnreachable: {NoticeServiceDown, 2 * time.Second},
		call.EndLost:        {NoticeServiceGone, 2 * time.Second},
		call.EndNotFound:    {NoticeNoMeeting, slowPause},
		call.EndPinMismatch: {NoticePin, slowPause},
		call.EndPasscode:    {NoticeWrongPasscode, slowPause},
		call.EndFull:        {NoticeFull, slowPause},
	}
	for why, row := range rows {
		synctest.Test(t, func(t *testing.T) {
			r, e, _ := room(t)
			r.Send(EnterRoom{0})
			e.took()
			e.set(ended(why))
			s := r.Latest()
			if k := s.Kiosk; k.Trouble != row.why || time.Until(k.Retrying).Round(time.Second) != row.pause || !k.Trying || s.Meeting != nil {
				t.Errorf("%d: %+v", why, k)
			}
			time.Sleep(row.pause - 600*time.Millisecond)
			if took := e.took(); len(took) != 0 {
				t.Errorf("%d: too early: %v", why, took)
			}
			time.Sleep(1200 * time.Millisecond)
			if took := e.took(); len(took) != 2 || took[0] != (CloseMeeting{}) || took[1] != (JoinMeeting{Link: "link 0"}) {
				t.Errorf("%d: tried with %v", why, took)
			}
		})
	}
}

func TestPausesGrowAndATouchShortensThem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, e, _ := room(t, func(c *RoomConfig) { c.Idle = time.Hour })
		r.Send(EnterRoom{0})
		e.took()
		for _, want := range append(slices.Clone(pauses), pauses[len(pauses)-1]) {
			e.set(ended(call.EndUnreachable))
			if got := time.Until(r.Latest().Kiosk.Retrying).Round(time.Second); got != want {
				t.Errorf("pause %v, want %v", got, want)
			}
			e.took()
			time.Sleep(want + time.Second)
			if took := e.took(); len(took) != 2 {
				t.Fatalf("no try: %v", took)
			}
			e.set(&Meeting{Phase: call.PhaseConnecting})
		}
		e.set(ended(call.EndUnreachable))
		r.Send(EnterRoom{0})
		if took := e.took(); len(took) != 2 {
			t.Errorf("a touch does not try: %v", took)
		}
	})
}

// The host said no: no second try, and the reason stays to be read.
func TestARefusedRoomGivesUp(t *testing.T) {
	for _, why := range []call.EndReason{call.EndRefused, call.EndRemoved} {
		synctest.Test(t, func(t *testing.T) {
			r, e, over := room(t)
			r.Send(EnterRoom{0})
			e.took()
			e.set(ended(why))
			if k := r.Latest().Kiosk; k.Trouble != NoticeRefused || k.Trying {
				t.Errorf("%+v", k)
			}
			r.Send(EnterRoom{0})
			time.Sleep(farewell - time.Second)
			if took := e.took(); len(took) != 0 || len(over()) != 0 {
				t.Errorf("too early: %v %v", took, over())
			}
			time.Sleep(2 * time.Second)
			if took := e.took(); len(took) != 0 || len(over()) != 1 {
				t.Errorf("after the farewell: %v %v", took, over())
			}
		})
	}
}

// Wherever it stands, a room that is alone for its idle time is wiped.
func TestIdleEndsEveryStage(t *testing.T) {
	stages := map[string]func(*engine){
		"no answer": func(*engine) {},
		"lobby":     func(e *engine) { e.set(&Meeting{Phase: call.PhaseLobby}) },
		"alone":     func(e *engine) { e.set(meetingOf(0)) },
		"trouble":   func(e *engine) { e.set(ended(call.EndUnreachable)) },
	}
	for name, stage := range stages {
		synctest.Test(t, func(t *testing.T) {
			r, e, over := room(t)
			r.Send(EnterRoom{0})
			synctest.Wait()
			stage(e)
			time.Sleep(4*time.Minute + 200*time.Millisecond)
			if len(over()) != 0 {
				t.Fatalf("%s: too early", name)
			}
			if k := r.Latest().Kiosk; k.Idle != time.Minute && name != "no answer" {
				t.Errorf("%s: it does not say that it will leave: %v", name, k.Idle)
			}
			time.Sleep(2 * time.Minute)
			if synctest.Wait(); len(over()) != 1 {
				t.Errorf("%s: not over: %v", name, over())
			}
		})
	}
	synctest.Test(t, func(t *testing.T) {
		r, e, over := room(t)
		r.Send(EnterRoom{0})
		synctest.Wait()
		e.set(meetingOf(1))
		time.Sleep(time.Hour)
		if took := e.took(); len(over()) != 0 || slices.Contains(took, Intent(LeaveMeeting{})) {
			t.Error("left although somebody is there")
		}
	})
}

func TestACrashedRoomIsEnteredAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, e, _ := room(t, func(c *RoomConfig) { c.Resume = 1 })
		if took := e.took(); len(took) != 1 || took[0] != (JoinMeeting{Link: "link 1", Passcode: "seven"}) {
			t.Errorf("%v", took)
		}
	})
}

func TestReportsNameNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var reports []RoomReport
		var mu sync.Mutex
		r, e, _ := room(t, func(c *RoomConfig) {
			c.Report = func(x RoomReport) {
				mu.Lock()
				defer mu.Unlock()
				reports = append(reports, x)
			}
		})
		r.Send(EnterRoom{0})
		synctest.Wait()
		e.set(&Meeting{Phase: call.PhaseLobby})
		e.set(meetingOf(2))
		e.mu.Lock()
		e.snap.Devices.CameraFault = DeviceMissing
		e.mu.Unlock()
		e.set(meetingOf(2))
		r.Strain(true)
		synctest.Wait()
		mu.Lock()
		defer mu.Unlock()
		var stages []string
		for _, x := range reports {
			stages = append(stages, x.Stage.String())
		}
		if want := []string{"resting", "entering", "lobby", "meeting", "meeting", "meeting"}; !slices.Equal(stages, want) {
			t.Errorf("%v", stages)
		}
		if last := reports[len(reports)-1]; last.Camera != DeviceMissing || !last.Saving || last.Room != 0 {
			t.Errorf("%+v", last)
		}
		for i := range reflect.TypeFor[RoomReport]().NumField() {
			if k := reflect.TypeFor[RoomReport]().Field(i).Type.Kind(); k == reflect.Slice || k == reflect.Pointer {
				t.Error("a report can hold more than facts")
			}
		}
	})
}

type wanted struct {
	noFrames
	width int
}

func (w *wanted) Want(_ keys.PublicKey, _ Stream, width, _ int) { w.width = width }

func TestSavingPowerAsksForSmallerPictures(t *testing.T) {
	r := &Room{}
	w := &wanted{}
	f := &roomFrames{Frames: w, saving: &r.saving}
	f.Want(keys.PublicKey{}, StreamCamera, 640, 360)
	if w.width != 640 {
		t.Errorf("width %d", w.width)
	}
	r.saving.Store(true)
	f.Want(keys.PublicKey{}, StreamCamera, 640, 360)
	if w.width != 320 {
		t.Errorf("width %d while saving", w.width)
	}
}

func TestTimesOfTheWeek(t *testing.T) {
	zone, err := time.LoadLocation("Europe/Oslo")
	if err != nil {
		t.Skipf("no zones on this system: %v", err)
	}
	at := func(s string) time.Time {
		v, err := time.ParseInLocation("2006-01-02 15:04", s, zone)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	late := []RoomTime{{Days: []time.Weekday{time.Sunday}, Start: 23 * time.Hour, Length: 3 * time.Hour}}
	morning := []RoomTime{{Days: []time.Weekday{time.Sunday}, Start: 9*time.Hour + 30*time.Minute, Length: 45 * time.Minute}}
	rows := []struct {
		times []RoomTime
		now   string
		want  bool
	}{
		{morning, "2026-11-22 09:29", false},
		{morning, "2026-11-22 09:30", true},
		{morning, "2026-11-22 10:14", true},
		{morning, "2026-11-22 10:15", false},
		{morning, "2026-11-23 09:30", false},
		{morning, "2026-03-29 09:30", true}, // the clocks went forward that night
		{morning, "2026-10-25 09:30", true}, // and back
		{late, "2026-11-22 23:00", true},
		{late, "2026-11-23 01:59", true}, // past midnight
		{late, "2026-11-23 02:00", false},
	}
	for _, row := range rows {
		if _, ok := current(row.times, at(row.now)); ok != row.want {
			t.Errorf("%s: running %v", row.now, ok)
		}
	}
	if s, ok := upcoming(morning, at("2026-11-22 09:30")); !ok || !s.Start.Equal(at("2026-11-29 09:30")) {
		t.Errorf("next %v", s.Start)
	}
}
