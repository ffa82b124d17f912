package present_test

import (
	"strings"
	"testing"

	"conclave/app/core"
	"conclave/call"
	"conclave/keys"
	"conclave/ui/present"
	"conclave/ui/text"
	"conclave/ui/uitest"
)

func presenter() present.Presenter {
	return present.Presenter{Text: text.New("en"), Now: uitest.Noon()}
}

func meeting(change func(*core.Meeting)) *core.Meeting {
	m := uitest.InMeeting(3).Meeting
	if change != nil {
		change(m)
	}
	return m
}

func TestBadgeSaysWhatIsSo(t *testing.T) {
	rows := []struct {
		name   string
		change func(*core.Meeting)
		words  string
		tone   present.Tone
	}{
		{"nobody verified", nil, "End-to-end encrypted, 0 of 3 verified", present.Info},
		{"some verified", func(m *core.Meeting) { m.Badge.Verified = 2 }, "End-to-end encrypted, 2 of 3 verified", present.Info},
		{"all verified is not compared", func(m *core.Meeting) { m.Badge.Verified = 3 }, "End-to-end encrypted, 3 of 3 verified", present.Info},
		{"compared", func(m *core.Meeting) { m.Badge.Compared = core.CodeMatches }, "End-to-end encrypted, code compared, 0 of 3 verified", present.OK},
		{"compared before somebody came", func(m *core.Meeting) { m.Badge.Compared = core.CodeStale }, "End-to-end encrypted, compare the code again, 0 of 3 verified", present.Caution},
		{"differs", func(m *core.Meeting) { m.Badge.Compared = core.CodeDiffers }, "The code differs. Nothing is sent.", present.Alarm},
		{"differs, told by silence alone", func(m *core.Meeting) { m.Silence = core.SilenceDiffers }, "The code differs. Nothing is sent.", present.Alarm},
		{"alone", func(m *core.Meeting) { m.People, m.Badge.Of = m.People[:1], 1 }, "End-to-end encrypted, nobody else is here", present.Info},
		{"keys not ready", func(m *core.Meeting) { m.Badge.EndToEnd = false }, "Setting up encryption…", present.Neutral},
		{"keys not ready, compared before", func(m *core.Meeting) { m.Badge.EndToEnd, m.Badge.Compared = false, core.CodeMatches }, "Setting up encryption…", present.Neutral},
		{"transport", func(m *core.Meeting) { m.Mode = keys.ModeTransport }, "Encrypted to the service. Conclave's operator could listen.", present.Caution},
		{"transport, compared", func(m *core.Meeting) { m.Mode, m.Badge.Compared = keys.ModeTransport, core.CodeMatches }, "Encrypted to the service. Conclave's operator could listen.", present.Caution},
		{"transport that claims to be sealed", func(m *core.Meeting) { m.Mode, m.Badge.EndToEnd = keys.ModeTransport, true }, "Encrypted to the service. Conclave's operator could listen.", present.Caution},
		{"transport while offline", func(m *core.Meeting) { m.Mode, m.Phase = keys.ModeTransport, call.PhaseReconnecting }, "Encrypted to the service. Conclave's operator could listen.", present.Caution},
		{"unknown mode", func(m *core.Meeting) { m.Mode = 0 }, "Setting up encryption…", present.Neutral},
		{"offline", func(m *core.Meeting) { m.Phase = call.PhaseReconnecting }, "No connection", present.Neutral},
		{"stranger", func(m *core.Meeting) { m.Badge.Strangers = 1 }, "Something is wrong. Nothing is sent.", present.Alarm},
		{"fork", func(m *core.Meeting) { m.Silence = core.SilenceFork }, "Something is wrong. Nothing is sent.", present.Alarm},
		{"forged, though compared", func(m *core.Meeting) { m.Silence, m.Badge.Compared = core.SilenceForged, core.CodeMatches }, "Something is wrong. Nothing is sent.", present.Alarm},
		{"forbidden", func(m *core.Meeting) { m.Silence = core.SilenceForbidden }, "Something is wrong. Nothing is sent.", present.Alarm},
		{"unheard", func(m *core.Meeting) { m.Silence = core.SilenceUnheard }, "Something is wrong. Nothing is sent.", present.Alarm},
	}
	for _, r := range rows {
		got := presenter().Badge(meeting(r.change))
		if got.Words != r.words || got.Tone != r.tone {
			t.Errorf("%s: got %q in tone %d, want %q in tone %d", r.name, got.Words, got.Tone, r.words, r.tone)
		}
	}
}

// Green is only for an end-to-end encrypted meeting whose code was compared,
// whatever else is set.
func TestBadgeIsGreenOnlyWhenCompared(t *testing.T) {
	for mode := range keys.Mode(4) {
		for compared := range core.CodeVerdict(5) {
			for silence := range core.SilenceCause(12) {
				for bits := range 8 {
					m := meeting(func(m *core.Meeting) {
						m.Mode, m.Badge.Compared, m.Silence = mode, compared, silence
						m.Badge.EndToEnd, m.Sending = bits&1 != 0, bits&2 != 0
						m.Badge.Strangers = bits >> 2
						m.Badge.Verified = 3
					})
					got := presenter().Badge(m)
					may := mode == keys.ModeE2EE && compared == core.CodeMatches && m.Badge.EndToEnd && m.Badge.Strangers == 0 &&
						(silence == core.SilenceNone || silence == core.SilenceSecuring)
					if got.Tone == present.OK && !may {
						t.Fatalf("green for mode %d, compared %d, silence %d, bits %b: %q", mode, compared, silence, bits, got.Words)
					}
					if may && got.Tone != present.OK {
						t.Fatalf("not green though compared: mode %d, silence %d, bits %b: %q", mode, silence, bits, got.Words)
					}
				}
			}
		}
	}
}

func TestBadgeOfTransportNeverSaysEndToEnd(t *testing.T) {
	for _, l := range text.Languages() {
		p := present.Presenter{Text: text.New(l.Tag), Now: uitest.Noon()}
		m := meeting(func(m *core.Meeting) { m.Mode = keys.ModeTransport })
		words := strings.ToLower(p.Badge(m).Words)
		for _, never := range []string{"end-to-end", "ende-zu-ende", "ende-til-ende"} {
			if strings.Contains(words, never) {
				t.Errorf("%s: %q", l.Tag, words)
			}
		}
		for _, f := range p.Facts(m) {
			if f.Tone == present.OK || f.Tone == present.Info {
				t.Errorf("%s: transport mode has the comforting fact %q", l.Tag, f.Title)
			}
		}
	}
}

func TestFactsTellTheOtherSide(t *testing.T) {
	titles := func(m *core.Meeting) string {
		all := []string{}
		for _, f := range presenter().Facts(m) {
			all = append(all, f.Title)
		}
		return strings.Join(all, " | ")
	}
	rows := []struct {
		name   string
		change func(*core.Meeting)
		want   string
	}{
		{"plain", nil, "End-to-end encrypted | 0 of 3 people verified | Code not compared | Nobody invisible | Not safe against future quantum computers | No key log yet"},
		{"all good", func(m *core.Meeting) {
			m.Badge = core.Badge{EndToEnd: true, Verified: 3, Of: 3, Compared: core.CodeMatches, PostQuantum: true, LogChecked: true}
		}, "End-to-end encrypted | 3 of 3 people verified | Code compared | Nobody invisible | Safe against quantum computers | Key log checked"},
		{"stranger", func(m *core.Meeting) { m.Badge.Strangers = 2 }, "End-to-end encrypted | 0 of 3 people verified | Code not compared | 2 strangers are connected to the relay | Not safe against future quantum computers | No key log yet"},
		{"not ready", func(m *core.Meeting) { m.Badge.EndToEnd = false }, "Keys are being agreed on | 0 of 3 people verified | Code not compared | Nobody invisible | Not safe against future quantum computers | No key log yet"},
		{"transport", func(m *core.Meeting) { m.Mode = keys.ModeTransport }, "Not end-to-end encrypted | Who could listen | 0 of 3 people verified"},
	}
	for _, r := range rows {
		if got := titles(meeting(r.change)); got != r.want {
			t.Errorf("%s:\n got %s\nwant %s", r.name, got, r.want)
		}
	}
}
