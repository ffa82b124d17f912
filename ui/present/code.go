package present

import (
	"fmt"
	"strings"

	"conclave/app/core"
	"conclave/keys"
)

// CodeView is what the security code's screen shows.
type CodeView struct {
	Ready   bool
	Digits  string
	Words   string
	QR      string // what the QR code says
	Epoch   uint64
	Verdict Banner
	Matches bool // already said so
	Differs bool
	Covers  []CodePerson
	Warning string // what the code does not cover, or ""
	Change  string // what changed since it was last compared, or ""
}

// CodePerson is somebody whom the code covers.
type CodePerson struct {
	Key           keys.PublicKey
	Name, Called  string
	Marks         []Mark
	Fingerprint   string
	SafetyNumber  string
	Self, Changed bool
}

// QRContent is what the QR code of a security code says: a version, the 30
// digits without spaces, the epoch.
func QRContent(digits string, epoch uint64) string {
	if digits == "" {
		return ""
	}
	return fmt.Sprintf("conclave-code:1:%s:%d", strings.ReplaceAll(digits, " ", ""), epoch)
}

// Code computes the view.
func (p Presenter) Code(m *core.Meeting) CodeView {
	v := CodeView{
		Ready: m.Code.Digits != "", Digits: m.Code.Digits, Words: strings.Join(m.Code.Words, "  "),
		QR: QRContent(m.Code.Digits, m.Code.Epoch), Epoch: m.Code.Epoch,
		Matches: m.Code.Compared == core.CodeMatches, Differs: m.Code.Compared == core.CodeDiffers,
	}
	v.Verdict, v.Change = p.verdict(m.Code), p.change(m)
	if m.Mode == keys.ModeTransport {
		v.Warning = p.Text.Say("code.transport")
	}
	joined := map[keys.PublicKey]bool{}
	for _, k := range m.Code.Joined {
		joined[k] = true
	}
	for _, who := range m.People {
		row := p.person(who, false)
		v.Covers = append(v.Covers, CodePerson{
			Key: who.Key, Name: row.Name, Called: who.Name, Marks: row.Marks, Fingerprint: who.Fingerprint,
			SafetyNumber: who.SafetyNumber, Self: who.Self, Changed: joined[who.Key],
		})
	}
	return v
}

func (p Presenter) verdict(c core.Code) Banner {
	say := p.Text.Say
	if c.Digits == "" {
		return Banner{Icon: "clock", Tone: Neutral, Title: say("code.notready.title"), Words: say("code.notready.words")}
	}
	switch c.Compared {
	case core.CodeNotCompared:
		return Banner{Icon: "question", Tone: Info, Title: say("code.notcompared.title"), Words: say("code.notcompared.words")}
	case core.CodeMatches:
		return Banner{Icon: "shield-check", Tone: OK, Title: say("code.matches.title"), Words: say("code.matches.words")}
	case core.CodeStale:
		return Banner{Icon: "refresh", Tone: Caution, Title: say("code.stale.title"), Words: say("code.stale.words")}
	case core.CodeDiffers:
		return Banner{Icon: "shield-alert", Tone: Alarm, Title: say("code.differs.title"), Words: say("code.differs.words")}
	}
	return Banner{Icon: "question", Tone: Info, Title: say("code.notcompared.title"), Words: say("code.notcompared.words")}
}

func (p Presenter) change(m *core.Meeting) string {
	if m.Code.Compared != core.CodeStale {
		return ""
	}
	names := []string{}
	for _, k := range m.Code.Joined {
		for _, who := range m.People {
			if who.Key == k {
				names = append(names, p.Name(who))
			}
		}
	}
	parts := []string{}
	if len(names) > 0 {
		parts = append(parts, p.Text.Say("code.joined", "names", strings.Join(names, ", ")))
	}
	if m.Code.Left > 0 {
		parts = append(parts, p.Text.Count("code.left", m.Code.Left))
	}
	return strings.Join(parts, " ")
}
