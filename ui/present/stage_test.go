package present_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"conclave/app/core"
	"conclave/keys"
	"conclave/ui/present"
	"conclave/ui/uitest"
)

func TestStageArrangesPages(t *testing.T) {
	share := func(s core.Snapshot) core.Snapshot { s.Meeting.People[2].Sharing = true; return s }
	speaks := func(s core.Snapshot, n int) core.Snapshot { s.Meeting.People[n].Speaking = true; return s }
	rows := []struct {
		name     string
		snapshot core.Snapshot
		wish     present.StageWish
		large    bool
		first    int // number of the person shown first
		shown    int
		page, of int
		where    string
	}{
		{"few", uitest.InMeeting(4), present.StageWish{}, false, 1, 4, 0, 1, ""},
		{"exactly a page", uitest.InMeeting(25), present.StageWish{}, false, 1, 25, 0, 1, ""},
		{"one more", uitest.InMeeting(26), present.StageWish{}, false, 1, 25, 0, 2, ""},
		{"the second page", uitest.InMeeting(40), present.StageWish{Page: 1}, false, 26, 15, 1, 2, ""},
		{"a page that is gone", uitest.InMeeting(26), present.StageWish{Page: 7}, false, 0, 1, 1, 2, ""},
		{"before the first", uitest.InMeeting(40), present.StageWish{Page: -3}, false, 1, 25, 0, 2, ""},
		{"somebody speaks elsewhere", speaks(uitest.InMeeting(40), 30), present.StageWish{}, false, 1, 25, 0, 2, "Tom Brandt"},
		{"oneself speaks elsewhere", speaks(uitest.InMeeting(40), 0), present.StageWish{}, false, 1, 25, 0, 2, ""},
		{"pinned", uitest.InMeeting(5), present.StageWish{Pinned: present.TileKey{Person: uitest.Key(3)}}, true, 3, 5, 0, 1, ""},
		{"pinned before a shared screen", share(uitest.InMeeting(5)), present.StageWish{Pinned: present.TileKey{Person: uitest.Key(3)}}, true, 3, 6, 0, 1, ""},
		{"who is pinned has left", uitest.InMeeting(5), present.StageWish{Pinned: present.TileKey{Person: uitest.Key(9)}}, false, 1, 5, 0, 1, ""},
		{"a shared screen", share(uitest.InMeeting(5)), present.StageWish{}, true, 2, 6, 0, 1, ""},
		{"the strip has pages", uitest.InMeeting(14), present.StageWish{Speaker: true, Spoke: uitest.Key(4), Page: 1}, true, 4, 7, 1, 3, ""},
		{"speaker view before anybody spoke", uitest.InMeeting(3), present.StageWish{Speaker: true}, true, 1, 3, 0, 1, ""},
		{"alone in speaker view", uitest.InMeeting(1), present.StageWish{Speaker: true}, false, 0, 1, 0, 1, ""},
		{"without oneself", uitest.InMeeting(3), present.StageWish{HideSelf: true}, false, 1, 2, 0, 1, ""},
		{"alone, one's own picture stays", uitest.InMeeting(1), present.StageWish{HideSelf: true}, false, 0, 1, 0, 1, ""},
	}
	for _, r := range rows {
		p := presenter()
		got := p.Stage(p.Tiles(r.snapshot), r.wish)
		if got.Large != r.large || len(got.Shown) != r.shown || got.Page != r.page || got.Pages != r.of || got.Elsewhere != r.where {
			t.Errorf("%s: large %v, %d shown, page %d of %d, elsewhere %q", r.name, got.Large, len(got.Shown), got.Page, got.Pages, got.Elsewhere)
		}
		if got.Shown[0].Key != uitest.Key(r.first) {
			t.Errorf("%s: %s is first", r.name, got.Shown[0].Name)
		}
	}
	if got := presenter().Stage(presenter().Tiles(uitest.InMeeting(3)), present.StageWish{HideSelf: true}); !got.SelfHidden {
		t.Error("nothing says that one's own picture is hidden")
	}
}

func TestOwnScreenIsNoTile(t *testing.T) {
	s := uitest.InMeeting(3)
	s.Meeting.People[0].Sharing = true
	for _, tile := range presenter().Tiles(s) {
		if tile.Stream == core.StreamScreen {
			t.Error("one's own screen is shown to oneself, in itself without end")
		}
	}
}

func TestHandsKeepTheirOrder(t *testing.T) {
	s := uitest.InMeeting(5)
	up := func(n int, raised bool) []keys.PublicKey {
		s.Meeting.People[n].Hand = raised
		return nil
	}
	up(3, true)
	order := present.Hands(nil, s.Meeting)
	up(1, true)
	order = present.Hands(order, s.Meeting)
	up(4, true)
	order = present.Hands(order, s.Meeting)
	if want := []keys.PublicKey{uitest.Key(3), uitest.Key(1), uitest.Key(4)}; !cmp.Equal(order, want) {
		t.Fatalf("order %v", order)
	}
	p := presenter()
	p.Hands = order
	people := p.People(s)
	for i, want := range []int{3, 1, 4, 0, 2} {
		if people[i].Key != uitest.Key(want) {
			t.Errorf("line %d is %s", i, people[i].Name)
		}
	}
	up(3, false)
	order = present.Hands(order, s.Meeting)
	up(3, true)
	if order = present.Hands(order, s.Meeting); order[2] != uitest.Key(3) {
		t.Error("who lowers the hand and raises it again does not go to the end")
	}
	if present.Hands(order, nil) != nil {
		t.Error("hands outlive the meeting")
	}
}

func TestWhatTheRulesForbidIsShownWithTheReason(t *testing.T) {
	shut := uitest.Ruled(uitest.InMeeting(3), core.Rules{})
	shut.Meeting.People[0].Muted = true
	suspended := uitest.Ruled(uitest.InMeeting(3), core.Rules{Suspended: true})
	v := presenter().Meeting(shut, 0)
	if v.Mic.Enabled || v.Mic.Why == "" || !v.Mic.Shown {
		t.Errorf("mic %+v", v.Mic)
	}
	if v.Share.Enabled || v.Share.Why == "" || !v.Share.Shown {
		t.Errorf("share %+v", v.Share)
	}
	if v.Banner == nil || v.Banner.Title != "The host muted you" {
		t.Errorf("banner %+v", v.Banner)
	}
	if got := presenter().WhyNoChat(shut); got != "The host lets nobody write." {
		t.Errorf("chat: %q", got)
	}
	v = presenter().Meeting(suspended, 0)
	if v.React.Enabled || v.React.Why == "" || v.Banner == nil || v.Banner.Action != present.BannerNothing {
		t.Errorf("suspended: react %+v, banner %+v", v.React, v.Banner)
	}
	host := uitest.Hosting(uitest.InMeeting(3))
	host.Meeting.Rules.Suspended = true
	if b := presenter().Meeting(host, 0).Banner; b == nil || b.Action != present.BannerResume || b.Label == "" {
		t.Errorf("a host who suspended has no way back: %+v", b)
	}
	open := presenter().Meeting(uitest.InMeeting(3), 0)
	if !open.Mic.Enabled || !open.Share.Enabled || !open.React.Enabled || open.Banner != nil || presenter().WhyNoChat(uitest.InMeeting(3)) != "" {
		t.Errorf("open rules forbid something: %+v", open)
	}
	muted := uitest.InMeeting(3)
	muted.Meeting.People[0].Muted = true
	if v := presenter().Meeting(muted, 0); !v.Mic.Enabled || v.Banner == nil || v.Banner.Tone != present.Info {
		t.Errorf("muted, and free to unmute: %+v", v.Mic)
	}
	// What is wrong with the encryption comes before all of this.
	if b := presenter().Meeting(uitest.Silenced(shut, core.SilenceFork), 0).Banner; b.Tone != present.Alarm {
		t.Error("a rule hides an alarm")
	}
}

func TestMenuOffersWhatCanBeDone(t *testing.T) {
	deeds := func(s core.Snapshot, n int, own present.OwnView) (out []present.Deed) {
		v, ok := presenter().PersonMenu(s, uitest.Key(n), own)
		if !ok {
			t.Fatalf("no menu of %d", n)
		}
		for _, i := range v.Items {
			if i.Enabled == (i.Why != "") {
				t.Errorf("%q is enabled: %v, and says %q", i.Label, i.Enabled, i.Why)
			}
			out = append(out, i.Deed)
		}
		return out
	}
	guest, host := uitest.InMeeting(3), uitest.Hosting(uitest.InMeeting(3))
	host.Meeting.People[2].Sharing, host.Meeting.People[2].Hand, host.Meeting.People[2].Muted = true, true, true
	host.Meeting.People[1].Mic, host.Meeting.People[1].Camera = false, false
	rows := []struct {
		name string
		got  []present.Deed
		want []present.Deed
	}{
		{"a guest about another", deeds(guest, 1, present.OwnView{}), []present.Deed{present.DeedPin}},
		{"about oneself", deeds(guest, 0, present.OwnView{Pinned: true, Mirrored: true, Figures: true}), []present.Deed{present.DeedUnpin, present.DeedHideSelf, present.DeedUnmirror, present.DeedRename, present.DeedFigures}},
		{"about oneself, hidden", deeds(guest, 0, present.OwnView{Hidden: true}), []present.Deed{present.DeedPin, present.DeedShowSelf, present.DeedMirror, present.DeedRename}},
		{"a host about the muted", deeds(host, 1, present.OwnView{}), []present.Deed{present.DeedPin, present.DeedMute, present.DeedStopCamera, present.DeedRemove}},
		{"a host about one with all", deeds(host, 2, present.OwnView{}), []present.Deed{present.DeedPin, present.DeedMute, present.DeedLetSpeak, present.DeedStopCamera, present.DeedStopShare, present.DeedLowerHand, present.DeedRemove}},
		{"forbidden to rename", deeds(uitest.Ruled(uitest.InMeeting(2), core.Rules{}), 0, present.OwnView{}), []present.Deed{present.DeedPin, present.DeedHideSelf, present.DeedMirror, present.DeedRename}},
	}
	for _, r := range rows {
		if d := cmp.Diff(r.want, r.got); d != "" {
			t.Errorf("%s: %s", r.name, d)
		}
	}
	if _, ok := presenter().PersonMenu(guest, uitest.Key(8), present.OwnView{}); ok {
		t.Error("somebody who is not here has a menu")
	}
	if _, ok := presenter().Tools(guest); ok {
		t.Error("a guest has the host's tools")
	}
}

func TestFiguresAreWritten(t *testing.T) {
	f, _ := uitest.Numbers()
	v := presenter().Figures(f, uitest.InMeeting(3).Meeting)
	want := []string{"23 ms", "0.4 %", "1.2 Mbit/s", "2.6 Mbit/s", f.Suite, "3", "replayed 2"}
	for i, l := range v.Lines {
		if l.Value != want[i] {
			t.Errorf("%s: %q, want %q", l.Name, l.Value, want[i])
		}
	}
	if got, want := v.In[2], (present.StreamRow{Who: "Aïcha Diallo", What: "Screen · VP8", Size: "1920×1080", Rate: "5/s", Bits: "1.9 Mbit/s", Delay: "67 ms"}); got != want {
		t.Errorf("got %+v", got)
	}
	empty := presenter().Figures(core.Figures{RTT: 0 * time.Second}, nil)
	if empty.Lines[0].Value != "–" || empty.Lines[len(empty.Lines)-1].Value != "0" {
		t.Errorf("unknown is written %+v", empty.Lines)
	}
}
