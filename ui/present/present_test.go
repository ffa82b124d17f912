package present_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"conclave/app/core"
	"conclave/call"
	"conclave/keys"
	"conclave/ui/present"
	"conclave/ui/text"
	"conclave/ui/uitest"
)

func TestEveryPhaseHasItsScreenAndTitle(t *testing.T) {
	rows := []struct {
		snapshot core.Snapshot
		screen   present.Screen
		title    string
	}{
		{uitest.FirstStart(), present.Welcome, "Conclave - Welcome"},
		{uitest.AtHome(), present.Home, "Conclave - Home"},
		{uitest.Phase(call.PhaseIdle), present.Home, "Conclave - Home"},
		{uitest.Phase(call.PhaseConnecting), present.Progress, "Conclave - Connecting"},
		{uitest.Phase(call.PhaseSecuring), present.Progress, "Conclave - Securing"},
		{uitest.Phase(call.PhaseLeaving), present.Progress, "Conclave - Leaving"},
		{uitest.Phase(call.PhaseLobby), present.Lobby, "Conclave - Lobby"},
		{uitest.Phase(call.PhaseInMeeting), present.Meeting, "Conclave - Meeting"},
		{uitest.Phase(call.PhaseReconnecting), present.Meeting, "Conclave - Reconnecting"},
		{uitest.Phase(call.PhaseEnded), present.Ended, "Conclave - Ended"},
	}
	for _, r := range rows {
		got := present.Which(r.snapshot)
		if got != r.screen {
			t.Errorf("%s: screen %d, want %d", r.title, got, r.screen)
		}
		if title := presenter().Title(got, r.snapshot); title != r.title {
			t.Errorf("title %q, want %q", title, r.title)
		}
	}
	for screen, want := range map[present.Screen]string{present.Code: "Conclave - Security code", present.Settings: "Conclave - Settings"} {
		if got := presenter().Title(screen, uitest.InMeeting(2)); got != want {
			t.Errorf("title %q, want %q", got, want)
		}
	}
}

// Every enum value of the core must have words in every language: nothing may
// be shown in brackets.
func TestNothingIsWithoutWords(t *testing.T) {
	for _, l := range text.Languages() {
		p := present.Presenter{Text: text.New(l.Tag), Now: uitest.Noon()}
		var said []string
		for e := range call.EndPolicy + 1 {
			v := p.Ended(uitest.After(e).Meeting)
			said = append(said, v.Title, v.Words, v.Next)
		}
		for v := range core.VerifiedVoucher + 1 {
			said = append(said, p.Verification(v).Words)
		}
		for tr := range core.TrustChanged + 1 {
			said = append(said, p.Trust(tr).Words)
		}
		for f := range core.DeviceBroken + 1 {
			for _, d := range []string{"camera", "microphone", "speaker"} {
				said = append(said, p.Fault(d, f))
			}
		}
		for c := range core.SilenceOffline + 1 {
			if b := p.Meeting(uitest.Silenced(uitest.InMeeting(2), c), 0).Banner; b != nil {
				said = append(said, b.Title, b.Words)
			} else if c != core.SilenceNone {
				t.Errorf("silence %d has no banner", c)
			}
		}
		for v := range core.CodeDiffers + 1 {
			c := p.Code(uitest.Judged(uitest.InMeeting(2), v).Meeting)
			said = append(said, c.Verdict.Title, c.Verdict.Words)
		}
		for k := range core.KeyPlaceMemory + 1 {
			s := uitest.AtHome()
			s.Profile.KeyPlace = k
			said = append(said, p.Home(s).KeyWords)
		}
		for _, s := range said {
			if s == "" || strings.ContainsAny(s, "[{") {
				t.Errorf("%s says %q", l.Tag, s)
			}
		}
	}
}

func TestHostLeavesAndNobodyElseCanEnd(t *testing.T) {
	bare := uitest.InMeeting(3)
	bare.Can = core.Can{}
	guest := presenter().Meeting(bare, 0)
	if guest.EndAll.Shown || guest.Lock.Shown || guest.CanAdmit || guest.Share.Shown || guest.Hand.Shown {
		t.Error("a guest is offered what the core would refuse")
	}
	host := presenter().Meeting(uitest.Hosting(uitest.InMeeting(3)), 0)
	if !host.EndAll.Shown || !host.Lock.Shown || !host.CanAdmit {
		t.Error("a host lacks a host's controls")
	}
	for _, p := range presenter().People(uitest.Hosting(uitest.InMeeting(3))) {
		if p.CanRemove == strings.HasSuffix(p.Name, "(you)") {
			t.Errorf("%s: CanRemove is %v", p.Name, p.CanRemove)
		}
	}
	for _, p := range presenter().People(uitest.InMeeting(3)) {
		if p.CanRemove {
			t.Errorf("a guest can remove %s", p.Name)
		}
	}
}

func TestTilesSayWhyThereIsNoPicture(t *testing.T) {
	rows := []struct {
		name    string
		change  func(*core.Person)
		live    bool
		caption string
	}{
		{"live", nil, true, "Connecting…"},
		{"connecting", func(p *core.Person) { p.Tile = core.TileConnecting }, false, "Connecting…"},
		{"camera off", func(p *core.Person) { p.Tile = core.TileCameraOff }, false, "Camera off"},
		{"says the camera is off, frames late", func(p *core.Person) { p.Camera = false }, false, "Camera off"},
		{"no key", func(p *core.Person) { p.Tile = core.TileWaitingForKey }, false, "Waiting for the key of Jonas Weber"},
		{"no key, no name", func(p *core.Person) { p.Tile, p.Name = core.TileWaitingForKey, "" }, false, "Waiting for their key"},
		{"cannot decrypt", func(p *core.Person) { p.Tile = core.TileCannotDecrypt }, false, "Cannot be decrypted"},
		{"weak", func(p *core.Person) { p.Tile = core.TileWeak }, true, "Connection weak"},
	}
	for _, r := range rows {
		s := uitest.InMeeting(2)
		if r.change != nil {
			r.change(&s.Meeting.People[1])
		}
		got := presenter().Tiles(s)[0]
		if got.Live != r.live || got.Caption != r.caption {
			t.Errorf("%s: live %v, caption %q; want %v, %q", r.name, got.Live, got.Caption, r.live, r.caption)
		}
		if got.Caption == "" {
			t.Errorf("%s: black without a word", r.name)
		}
	}
}

func TestOwnTileFollowsTheOwnCamera(t *testing.T) {
	rows := []struct {
		camera  core.Toggle
		tile    core.TileState
		live    bool
		caption string
	}{
		{core.Toggle{Wanted: true, On: true}, core.TileLive, true, "Your camera is starting…"},
		{core.Toggle{Wanted: true, On: true}, core.TileConnecting, false, "Your camera is starting…"},
		{core.Toggle{}, core.TileCameraOff, false, "Your camera is off"},
		{core.Toggle{Wanted: true, Fault: core.DeviceBusy}, core.TileCameraOff, false, "Another program uses the camera"},
		{core.Toggle{Wanted: true, Fault: core.DeviceMissing}, core.TileCameraOff, false, "No camera found"},
	}
	for _, r := range rows {
		s := uitest.InMeeting(1)
		s.Meeting.Camera, s.Meeting.People[0].Tile = r.camera, r.tile
		got := presenter().Tiles(s)[0]
		if got.Live != r.live || got.Caption != r.caption {
			t.Errorf("%+v: live %v, caption %q; want %v, %q", r.camera, got.Live, got.Caption, r.live, r.caption)
		}
	}
}

func TestStageShowsScreensThenOthersThenSelf(t *testing.T) {
	s := uitest.InMeeting(3)
	s.Meeting.People[2].Sharing = true
	names := []string{}
	for _, tile := range presenter().Tiles(s) {
		names = append(names, tile.Name)
	}
	want := []string{"Aïcha Diallo: screen", "Jonas Weber", "Aïcha Diallo", "Mira Solberg (you)"}
	if d := cmp.Diff(want, names); d != "" {
		t.Error(d)
	}
}

func TestNoticesPutAlarmsFirstAndOneInTheMiddle(t *testing.T) {
	s := uitest.InMeeting(2)
	s = uitest.Told(s, core.Notice{Code: core.NoticeRenamed, Severity: core.SeverityInfo, Name: "Kim"})
	s = uitest.Told(s, core.Notice{Code: core.NoticeCameraBusy, Severity: core.SeverityWarning, Modal: true})
	s = uitest.Told(s, core.Notice{Code: core.NoticeFork, Severity: core.SeverityAlarm, Modal: true})
	s = uitest.Told(s, core.Notice{Code: "from-a-newer-core", Severity: core.SeverityWarning})
	got := presenter().Notices(s)
	modals, titles := 0, []string{}
	for _, n := range got {
		titles = append(titles, n.Title)
		if n.Modal {
			modals++
		}
	}
	want := []string{"People are being shown different meetings", "The camera is in use", "Something went wrong in Conclave", "Kim is a new name"}
	if d := cmp.Diff(want, titles); d != "" {
		t.Error(d)
	}
	if modals != 1 || !got[0].Modal {
		t.Errorf("%d modals, the first is %v; want one, the alarm", modals, got[0].Modal)
	}
	if got[0].Action != present.ActionLeave || got[0].Next == "" {
		t.Error("an alarm must say what to do")
	}
}

func TestEveryAlarmSaysWhatToDo(t *testing.T) {
	for _, c := range []core.NoticeCode{
		core.NoticeStranger, core.NoticeFork, core.NoticeForged, core.NoticeForbidden, core.NoticeUnheard, core.NoticeCodeDiffers, core.NoticeNameChanged, core.NoticePin, core.NoticeRelabelled,
	} {
		n := presenter().Notices(uitest.Told(uitest.InMeeting(2), core.Notice{Code: c, Severity: core.SeverityAlarm, Name: "Kim"}))
		if len(n) != 1 || n[0].Next == "" || n[0].Tone != present.Alarm {
			t.Errorf("%s: %+v", c, n)
		}
	}
}

func TestQRSaysVersionDigitsAndEpoch(t *testing.T) {
	got := present.QRContent("12345 67890 11111 22222 33333 44444", 7)
	if want := "conclave-code:1:123456789011111222223333344444:7"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := present.QRContent("", 7); got != "" {
		t.Errorf("a code that is not ready has QR %q", got)
	}
}

func TestCodeTellsWhatChangedSinceItWasCompared(t *testing.T) {
	s := uitest.Judged(uitest.InMeeting(4), core.CodeStale)
	s.Meeting.Code.Joined, s.Meeting.Code.Left = []keys.PublicKey{uitest.Key(2), uitest.Key(3)}, 2
	v := presenter().Code(s.Meeting)
	if want := "New: Aïcha Diallo, Tom Brandt. 2 people left."; v.Change != want {
		t.Errorf("got %q, want %q", v.Change, want)
	}
	if len(v.Covers) != 4 || !v.Covers[2].Changed || v.Covers[1].Changed {
		t.Errorf("the code covers %+v", v.Covers)
	}
	s.Meeting.Mode = keys.ModeTransport
	if presenter().Code(s.Meeting).Warning == "" {
		t.Error("a code in transport mode must say what it does not cover")
	}
}

func TestLobbySaysWhoCanLetIn(t *testing.T) {
	s := uitest.InLobby()
	v := presenter().Lobby(s)
	if v.Position != "Number 2 in line" || v.Host.Words != "The host is here" {
		t.Errorf("got %q, %q", v.Position, v.Host.Words)
	}
	s.Meeting.Waiting = core.Waiting{Position: 1}
	v = presenter().Lobby(s)
	if v.Position != "You are next" || v.Host.Words != "The host is not here yet" {
		t.Errorf("got %q, %q", v.Position, v.Host.Words)
	}
	s.Meeting.Waiting.Position = 0
	if v = presenter().Lobby(s); v.Position != "" {
		t.Errorf("an unknown position is told as %q", v.Position)
	}
}

func TestElapsed(t *testing.T) {
	now := uitest.Noon()
	rows := []struct {
		before time.Duration
		want   string
	}{{0, "0:00"}, {7 * time.Second, "0:07"}, {12*time.Minute + 30*time.Second, "12:30"}, {time.Hour + 2*time.Minute + 3*time.Second, "1:02:03"}, {-time.Second, ""}}
	for _, r := range rows {
		if got := present.Elapsed(now.Add(-r.before), now); got != r.want {
			t.Errorf("%v: got %q, want %q", r.before, got, r.want)
		}
	}
	if got := present.Elapsed(time.Time{}, now); got != "" {
		t.Errorf("an unknown beginning gives %q", got)
	}
}

func TestChatJoinsLinesOfOnePersonAndTellsWhatFailed(t *testing.T) {
	rows := presenter().Chat(uitest.Chatting(uitest.InMeeting(3)).Meeting)
	if rows[0].Joined || !rows[1].Joined || rows[2].Joined {
		t.Error("lines of one person in a row must be joined, others not")
	}
	if last := rows[len(rows)-1]; last.State != "Sending…" || last.Name != "You" {
		t.Errorf("a pending line of one's own is %+v", last)
	}
	s := uitest.Chatting(uitest.InMeeting(3))
	s.Meeting.Chat[5].Pending, s.Meeting.Chat[5].Failed = false, true
	if rows := presenter().Chat(s.Meeting); rows[5].State != "Not sent" || !rows[5].Failed {
		t.Errorf("a failed line is %+v", rows[5])
	}
}

func TestDeviceControls(t *testing.T) {
	rows := []struct {
		toggle core.Toggle
		label  string
		icon   present.Icon
		faulty bool
	}{
		{core.Toggle{Wanted: true, On: true}, "Mute", "mic", false},
		{core.Toggle{Wanted: true}, "Mute", "mic", false},
		{core.Toggle{}, "Unmute", "mic-off", true},
		{core.Toggle{Wanted: true, Fault: core.DeviceMissing}, "No mic", "mic-off", true},
	}
	for _, r := range rows {
		s := uitest.InMeeting(2)
		s.Meeting.Mic = r.toggle
		got := presenter().Meeting(s, 0).Mic
		if got.Label != r.label || got.Icon != r.icon || got.Faulty != r.faulty {
			t.Errorf("%+v: %+v", r.toggle, got)
		}
	}
}

func TestCounts(t *testing.T) {
	s := uitest.Hosting(uitest.InMeeting(3))
	if got := presenter().Meeting(s, 120); got.Chat.Count != "99+" || got.People.Count != "3" {
		t.Errorf("chat %q, people %q", got.Chat.Count, got.People.Count)
	}
	s.Meeting.Lobby = []core.Knocker{uitest.Waiting(4)}
	if got := presenter().Meeting(s, 0); got.Chat.Count != "" || got.People.Count != "+1" {
		t.Errorf("chat %q, people %q", got.Chat.Count, got.People.Count)
	}
}

// FuzzNames holds that whatever name a stranger chose, no view panics and no
// words of ours are lost.
func FuzzNames(f *testing.F) {
	for _, s := range []string{"", "Ann", "{name}", "\u202etxt", strings.Repeat("x", 500), "[person.you]", "\x00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, name string) {
		s := uitest.Hosting(uitest.InMeeting(3))
		s.Meeting.People[1].Name, s.Meeting.Lobby = name, []core.Knocker{{Name: name, Ticket: "t"}}
		s = uitest.Told(s, core.Notice{Code: core.NoticeRenamed, Name: name})
		p := presenter()
		if p.Badge(s.Meeting).Words != "End-to-end encrypted, 0 of 3 verified" {
			t.Error("a name changed the badge")
		}
		p.Tiles(s)
		p.People(s)
		p.Knockers(s.Meeting)
		p.Notices(s)
		p.Code(s.Meeting)
	})
}
