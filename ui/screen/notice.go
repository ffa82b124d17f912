package screen

import (
	"fyne.io/fyne/v2"

	"conclave/app/core"
	"conclave/ui/present"
	"conclave/ui/theme"
	"conclave/ui/widget"
)

// Notices shows what is to be told: cards at the top, and at most one question
// or alarm in the middle that must be answered first.
type Notices struct {
	kit        *Kit
	Cards      *fyne.Container // lies over the screens and takes clicks only on the cards
	Modal      *fyne.Container // hidden when there is none
	modalEdges *widget.Enclosure
	cards      *rows[present.Notice, *noticeCard]

	outside, inside *fyne.Container // where the cards are: at the top, or in a meeting below, where they cover neither who knocks nor a banner
	list            []present.Notice

	mark         *medallion
	title, words *widget.Text
	next         *widget.Text
	nextBox      *fyne.Container
	yes, no      *widget.Button
	modal        uint64 // notice that is shown in the middle; 0 is a question
	asking       bool
	doYes, doNo  func()
	last         core.Snapshot
	presenter    present.Presenter
}

// mostCards is how many cards are shown at once; the others wait.
const mostCards = 3

// NewNotices returns the layers.
func NewNotices(k *Kit) *Notices {
	n := &Notices{kit: k, mark: newMedallion(), title: centred("", theme.SizeTitle, theme.ColorText, true), words: centred("", theme.SizeBody, theme.ColorText, false)}
	n.cards = newRows[present.Notice](theme.SpaceS, func() *noticeCard { return newNoticeCard(n) })
	n.outside = widget.TopMiddle(560, 64, n.cards.box)
	n.inside = widget.LowStart(440, 96, n.cards.box)
	n.inside.Hide()
	n.Cards = widget.Stack(n.outside, n.inside)
	n.next = widget.NewText("", widget.Style{Bold: true, Wrap: true, Align: fyne.TextAlignCenter})
	n.nextBox = widget.Tinted(theme.ColorRaised, theme.SpaceM, n.next)
	n.yes = k.button(widget.ButtonConfig{Large: true, Kind: widget.Primary, Tapped: func() { n.Answer(true) }})
	n.no = k.button(widget.ButtonConfig{Large: true, Tapped: func() { n.Answer(false) }})
	told := widget.ScrollFit(widget.Column(theme.SpaceM, n.mark.object, widget.Column(theme.SpaceS, n.title, n.words), n.nextBox))
	content := widget.Grow(widget.Column(theme.SpaceM, told, middle(n.no, n.yes)), told)
	box := widget.Stack(widget.NewBox(widget.BoxStyle{Fill: theme.ColorSurface, Stroke: theme.ColorBorder, Width: 1, Radius: 16, Shadow: true}), widget.Pad(theme.SpaceL, content))
	n.modalEdges = widget.Enclose(widget.Stack(widget.NewScrim(nil), widget.Middle(500, widget.Pad(theme.SpaceS, widget.NewShield(box)))))
	n.Modal = n.modalEdges.Object
	n.Modal.Hide()
	return n
}

// Show draws the notices of a snapshot.
func (n *Notices) Show(p present.Presenter, s core.Snapshot) {
	n.list, n.last, n.presenter = p.Notices(s), s, p
	cards, modal := []present.Notice{}, present.Notice{}
	for _, v := range n.list {
		if v.Modal {
			modal = v
		} else if len(cards) < mostCards {
			cards = append(cards, v)
		}
	}
	in := present.Which(s) == present.Meeting
	moved := in != n.inside.Visible()
	show(n.inside, in)
	show(n.outside, !in)
	if n.cards.fill(cards) || moved {
		n.Cards.Refresh()
	}
	if n.asking {
		return // the question first; the alarm comes after the answer
	}
	fresh := modal.Modal && (n.modal != modal.ID || !n.Modal.Visible())
	n.modal = modal.ID
	show(n.Modal, modal.Modal)
	if modal.Modal {
		n.fillModal(modal)
	}
	if fresh {
		n.kit.Focus(n.no) // so that what is typed goes to no field behind it
	}
}

func (n *Notices) fillModal(v present.Notice) {
	n.mark.set(v.Icon, v.Tone)
	n.title.Set(v.Title)
	n.words.Set(v.Words)
	n.next.Set(v.Next)
	show(n.nextBox, v.Next != "")
	n.doNo = func() { n.kit.Send(core.Dismiss{Notice: v.ID}) }
	n.no.Set(n.kit.say("notice.understood"), theme.IconNone, widget.Plain)
	show(n.yes, v.Action != present.ActionNone)
	kind := widget.Primary
	if v.Action == present.ActionLeave {
		kind = widget.Danger
	}
	n.yes.Set(v.ActionLabel, theme.IconNone, kind)
	n.doYes = func() { n.act(v) }
	n.Modal.Refresh()
}

// Ask asks before something is done that cannot be undone.
func (n *Notices) Ask(title, words, label string, do func()) {
	n.asking = true
	n.mark.set("question", present.Caution)
	n.title.Set(title)
	n.words.Set(words)
	n.nextBox.Hide()
	n.no.Set(n.kit.say("confirm.cancel"), theme.IconNone, widget.Plain)
	n.yes.Set(label, theme.IconNone, widget.Danger)
	n.yes.Show()
	n.doYes, n.doNo = do, func() {}
	n.Modal.Show()
	n.Modal.Refresh()
	n.kit.Focus(n.yes)
}

// Open reports whether something must be answered first.
func (n *Notices) Open() bool { return n.Modal.Visible() }

// Enclosure is what keeps Tab within what must be answered; nil when nothing
// must.
func (n *Notices) Enclosure() *widget.Enclosure {
	if !n.Open() {
		return nil
	}
	return n.modalEdges
}

// Owns reports whether something belongs to what must be answered.
func (n *Notices) Owns(f fyne.Focusable) bool {
	return f == fyne.Focusable(n.yes) || f == fyne.Focusable(n.no)
}

// Focus gives what must be answered the keyboard, when something else has it.
func (n *Notices) Focus() {
	if n.asking {
		n.kit.Focus(n.yes)
	} else {
		n.kit.Focus(n.no)
	}
}

// Answer presses one of the two buttons in the middle.
func (n *Notices) Answer(yes bool) {
	do := n.doNo
	if yes {
		do = n.doYes
	}
	n.asking = false
	n.Modal.Hide()
	n.kit.Focus(nil)
	if do != nil {
		do()
	}
	n.Show(n.presenter, n.last) // an alarm may have waited for the answer
}

// DismissFirst puts the first card away.
func (n *Notices) DismissFirst() {
	for _, v := range n.list {
		if !v.Modal {
			n.kit.Send(core.Dismiss{Notice: v.ID})
			return
		}
	}
}

func (n *Notices) act(v present.Notice) {
	n.kit.Send(core.Dismiss{Notice: v.ID})
	switch v.Action {
	case present.ActionNone:
	case present.ActionLeave:
		n.kit.Send(core.LeaveMeeting{})
	case present.ActionCode:
		n.kit.Open(present.Code)
	case present.ActionSettings:
		n.kit.Open(present.Settings)
	case present.ActionAccount:
		n.kit.Open(present.Account)
	}
}

type noticeCard struct {
	root         *fyne.Container
	notices      *Notices
	view         present.Notice
	box          *widget.Box
	icon         *widget.Icon
	title, words *widget.Text
	next         *widget.Text
	action       *widget.Button
}

func newNoticeCard(n *Notices) *noticeCard {
	k := n.kit
	c := &noticeCard{
		notices: n, box: widget.NewBox(widget.BoxStyle{}), icon: widget.NewIcon(theme.IconNone, 24, theme.ColorText),
		title: widget.NewText("", widget.Style{Bold: true, Wrap: true}), words: widget.NewText("", widget.Style{Size: theme.SizeSmall, Wrap: true}), next: widget.NewText("", widget.Style{Size: theme.SizeSmall, Bold: true, Wrap: true}),
	}
	c.action = k.button(widget.ButtonConfig{Kind: widget.Plain, Tapped: func() { n.act(c.view) }})
	shut := k.button(widget.ButtonConfig{Icon: theme.IconClose, Kind: widget.Quiet, Tip: k.Tip("notice.dismiss", "dismiss"), Tapped: func() { k.Send(core.Dismiss{Notice: c.view.ID}) }})
	text := widget.Column(theme.SpaceXS, c.title, c.words, c.next, widget.Wrap(theme.SpaceNo, c.action))
	row := widget.Place(widget.Grow(widget.Row(theme.SpaceM, widget.PadXY(theme.SpaceNo, theme.SpaceXS, c.icon), text, shut), text), widget.Start, widget.Start)
	c.root = widget.Stack(c.box, widget.PadXY(theme.SpaceM, theme.SpaceS, row))
	return c
}

func (c *noticeCard) object() fyne.CanvasObject { return c.root }

func (c *noticeCard) set(v present.Notice) {
	if v == c.view {
		return
	}
	c.view = v
	text, _ := widget.Colors(v.Tone)
	c.box.Set(widget.BoxStyle{Fill: theme.ColorSurface, Stroke: text, Width: 1.5, Radius: 12, Shadow: true})
	c.icon.Set(theme.Icon(v.Icon), text)
	c.title.Set(v.Title)
	c.title.SetColor(text)
	c.words.Set(v.Words)
	c.next.Set(v.Next)
	show(c.next, v.Next != "")
	c.action.Set(v.ActionLabel, theme.IconNone, widget.Plain)
	show(c.action, v.Action != present.ActionNone)
}
