package uitest

import (
	"image"
	"image/color"
	"image/draw"
	"time"

	"conclave/app/core"
	"conclave/keys"
)

// MeetingScenes lists the states of a meeting beside those that Scenes begins
// with: shared screens, many people, hands, reactions, the host's tools.
func MeetingScenes() []Scene {
	crowd := InMeeting(40)
	crowd.Meeting.People[30].Speaking = true
	speaker := InMeeting(14)
	speaker.Meeting.People[3].Speaking = true
	muted := Ruled(InMeeting(4), core.Rules{Chat: true})
	muted.Meeting.People[0].Muted, muted.Meeting.Mic = true, core.Toggle{}
	quiet := Hosting(InMeeting(4))
	quiet.Meeting.Rules.Unmute = false
	for i := range quiet.Meeting.People[1:] {
		quiet.Meeting.People[1+i].Mic, quiet.Meeting.People[1+i].Muted = i == 2, i == 0
	}
	silenced := Ruled(InMeeting(3), core.Rules{})
	suspended := Ruled(InMeeting(5), core.Rules{Suspended: true})
	pausing := Hosting(InMeeting(5))
	pausing.Meeting.Rules.Suspended = true
	host := Hosting(Lively(InMeeting(6)))
	host.Meeting.Lobby = []core.Knocker{Waiting(7), Waiting(8)}
	notice := Hosting(InMeeting(3))
	notice.Meeting.Lobby = []core.Knocker{Waiting(4)}
	notice = Told(Told(notice, core.Notice{Code: core.NoticeRenamed, Severity: core.SeverityInfo, Name: "Jonas Weber"}), core.Notice{Code: core.NoticeCameraStopped, Severity: core.SeverityInfo, Name: "Jonas Weber"})
	screens := InMeeting(3)
	screens.Devices.Screens = append(screens.Devices.Screens, core.Device{ID: "screen2", Label: "Projector (1920 × 1080)"})
	sharing := InMeeting(4)
	sharing.Meeting.Share = core.Toggle{Wanted: true, On: true}
	sharing.Meeting.People[0].Sharing = true
	return []Scene{
		{"meeting-crowd", crowd, nil},
		{"meeting-crowd-next", crowd, []string{"next"}},
		{"meeting-speaker-crowd", speaker, []string{"view"}},
		{"meeting-lively", Lively(InMeeting(6)), nil},
		{"meeting-hands", Lively(InMeeting(6)), []string{"people"}},
		{"meeting-react", Lively(InMeeting(4)), []string{"react"}},
		{"meeting-sharing", sharing, nil},
		{"meeting-screens", screens, []string{"share"}},
		{"meeting-self-hidden", InMeeting(4), []string{"self"}},
		{"meeting-muted", muted, nil},
		{"meeting-quiet-people", quiet, []string{"people"}},
		{"meeting-nochat", silenced, []string{"chat"}},
		{"meeting-suspended", suspended, nil},
		{"meeting-suspended-host", pausing, nil},
		{"meeting-tools", host, []string{"tools"}},
		{"meeting-more", InMeeting(3), []string{"more"}},
		{"meeting-person", host, []string{"person"}},
		{"meeting-figures", InMeeting(3), []string{"figures"}},
		{"meeting-muteall", host, []string{"muteall"}},
		{"meeting-knock-notices", notice, nil},
	}
}

// Ruled gives a meeting rules, and oneself what they leave.
func Ruled(s core.Snapshot, r core.Rules) core.Snapshot {
	s.Meeting.Rules = r
	s.Can.Chat, s.Can.Rename, s.Can.Unmute = r.Chat && !r.Suspended, r.Rename && !r.Suspended, r.Unmute && !r.Suspended
	s.Can.ShareScreen, s.Can.React = r.Share && !r.Suspended, !r.Suspended
	return s
}

// Lively gives people hands, reactions, a network and something to say.
func Lively(s core.Snapshot) core.Snapshot {
	reactions := []core.Reaction{core.ReactionNone, core.ReactionThumb, core.ReactionHeart, core.ReactionNone, core.ReactionParty, core.ReactionLaugh}
	for i := range s.Meeting.People {
		p := &s.Meeting.People[i]
		p.Quality, p.Reaction = 1+(i+3)%4, reactions[i%len(reactions)]
		p.Hand, p.Speaking, p.Mic = i == 3 || i == 5, i == 1, i%4 != 3
		p.Muted = i == 3
	}
	return s
}

// Numbers are the figures of a meeting of three.
func Numbers() (core.Figures, bool) {
	return core.Figures{
		At: Noon(), RTT: 23 * time.Millisecond, Lost: 0.004, Up: 1.24e6, Down: 2.6e6, Suite: "MLKEM768X25519_AES256GCM_SHA384_Ed25519", Epoch: 3,
		Refuse: map[string]uint64{"replayed": 2},
		Out: []core.StreamFigures{
			{Person: Key(0), Width: 1280, Height: 720, FPS: 24, Bits: 1.2e6, Codec: "VP8"},
			{Person: Key(0), Audio: true, Bits: 32e3, Codec: "Opus"},
		},
		In: []core.StreamFigures{
			{Person: Key(1), Width: 640, Height: 360, FPS: 24, Bits: 520e3, Codec: "VP8", Delay: 41 * time.Millisecond},
			{Person: Key(1), Audio: true, Bits: 31e3, Codec: "Opus"},
			{Person: Key(2), Stream: core.StreamScreen, Width: 1920, Height: 1080, FPS: 5, Bits: 1.9e6, Codec: "VP8", Delay: 67 * time.Millisecond},
		},
	}, true
}

// hygiene is Act for reactions and the host's rules.
func hygiene(s core.Snapshot, i core.Intent) core.Snapshot {
	m := s.Meeting
	if m == nil {
		return s
	}
	m.People = append([]core.Person(nil), m.People...)
	each := func(fits func(core.Person) bool, change func(*core.Person)) {
		for n := range m.People {
			if fits(m.People[n]) {
				change(&m.People[n])
			}
		}
	}
	self := func(p core.Person) bool { return p.Self }
	of := func(k keys.PublicKey) func(core.Person) bool {
		return func(p core.Person) bool { return p.Key == k || k == (keys.PublicKey{}) }
	}
	switch i := i.(type) {
	case core.React:
		each(self, func(p *core.Person) { p.Reaction = i.Reaction })
	case core.SetHand:
		each(self, func(p *core.Person) { p.Hand = i.Up })
	case core.LowerHand:
		each(of(i.Person), func(p *core.Person) { p.Hand = false })
	case core.SetShare:
		m.Share = core.Toggle{Wanted: i.On, On: i.On}
		each(self, func(p *core.Person) { p.Sharing = i.On })
	case core.SetRules:
		m.Rules = i.Rules
	case core.MuteAll:
		each(func(p core.Person) bool { return !p.Self }, func(p *core.Person) { p.Mic, p.Muted = false, true })
	case core.MutePerson:
		each(of(i.Person), func(p *core.Person) { p.Mic, p.Muted = false, true })
	case core.StopCamera:
		each(of(i.Person), func(p *core.Person) { p.Camera, p.Tile = false, core.TileCameraOff })
	case core.StopShare:
		each(of(i.Person), func(p *core.Person) { p.Sharing = false })
	case core.Rename:
		each(self, func(p *core.Person) { p.Name = i.Name })
	}
	return s
}

// desktop draws a shared screen: a window with lines of text.
func desktop(size image.Point, n uint64) *image.RGBA {
	img := image.NewRGBA(image.Rectangle{Max: size})
	fill := func(x, y, w, h float64, c color.RGBA) {
		r := image.Rect(int(x*float64(size.X)), int(y*float64(size.Y)), int((x+w)*float64(size.X)), int((y+h)*float64(size.Y)))
		draw.Draw(img, r, image.NewUniform(c), image.Point{}, draw.Src)
	}
	fill(0, 0, 1, 1, color.RGBA{0x2b, 0x4a, 0x6f, 255})
	fill(0.06, 0.08, 0.88, 0.82, color.RGBA{0xfa, 0xfa, 0xf7, 255})
	fill(0.06, 0.08, 0.88, 0.07, color.RGBA{0xd9, 0xdd, 0xe6, 255})
	for i := range 11 {
		width := 0.35 + 0.08*float64((i*5+3)%6)
		fill(0.11, 0.2+0.06*float64(i), width, 0.022, color.RGBA{0x6d, 0x74, 0x85, 255})
	}
	fill(0.11, 0.2, 0.3, 0.03, color.RGBA{0x24, 0x3a, 0x8f, 255})
	fill(0.11+0.1*float64(n), 0.87, 0.004, 0.02, color.RGBA{0, 0, 0, 255})
	return img
}
