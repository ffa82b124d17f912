package screen

import (
	"fyne.io/fyne/v2"

	"conclave/app/core"
	"conclave/ui/present"
	"conclave/ui/theme"
	"conclave/ui/widget"
)

// banner is a sentence across, in a tone.
type banner struct {
	object       *fyne.Container
	box          *widget.Box
	icon         *widget.Icon
	title, words *widget.Text
}

// meetingBanner is a banner with what it offers.
type meetingBanner struct {
	*banner
	do   *widget.Button
	view present.BannerAction
}

func newMeetingBanner(k *Kit, act func(present.BannerAction)) *meetingBanner {
	b := &meetingBanner{banner: newBanner()}
	b.do = k.button(widget.ButtonConfig{Kind: widget.Primary, Tapped: func() { act(b.view) }})
	text := widget.Column(theme.SpaceXS, b.title, b.words)
	b.object.Objects[1] = widget.PadXY(theme.SpaceM, theme.SpaceS, widget.Grow(widget.Row(theme.SpaceM, b.icon, text, b.do), text))
	return b
}

func (b *meetingBanner) set(v *present.MeetingBanner) {
	if v == nil {
		b.banner.set(nil)
		return
	}
	b.banner.set(&v.Banner)
	b.view = v.Action
	kind := widget.Primary
	if v.Action == present.BannerStopShare {
		kind = widget.Danger
	}
	b.do.Set(v.Label, theme.IconNone, kind)
	show(b.do, v.Action != present.BannerNothing)
}

func newBanner() *banner {
	b := &banner{
		box: widget.NewBox(widget.BoxStyle{Radius: 12}), icon: widget.NewIcon(theme.IconNone, 24, theme.ColorText),
		title: widget.NewText("", widget.Style{Bold: true, Wrap: true}), words: widget.NewText("", widget.Style{Wrap: true}),
	}
	text := widget.Column(theme.SpaceXS, b.title, b.words)
	b.object = widget.Stack(b.box, widget.PadXY(theme.SpaceM, theme.SpaceS, widget.Grow(widget.Row(theme.SpaceM, b.icon, text), text)))
	b.object.Hide()
	return b
}

func (b *banner) set(v *present.Banner) {
	show(b.object, v != nil)
	if v == nil {
		return
	}
	text, soft := widget.Colors(v.Tone)
	b.box.Set(widget.BoxStyle{Fill: soft, Stroke: text, Width: 1, Radius: 12})
	b.icon.Set(theme.Icon(v.Icon), text)
	b.title.Set(v.Title)
	b.title.SetColor(text)
	b.words.Set(v.Words)
}

// knockBar tells a host who waits, while the people panel is closed.
type knockBar struct {
	kit           *Kit
	object        *fyne.Container
	name          *widget.Text
	avatar        *widget.Avatar
	marks         *marks
	more          *widget.Button
	admit, refuse *widget.Button
	open          func()
	ticket        string
}

func newKnockBar(k *Kit) *knockBar {
	b := &knockBar{kit: k, name: widget.NewText("", widget.Style{Bold: true}), avatar: widget.NewAvatar("", 0, 34), marks: newMarks()}
	b.admit = k.button(widget.ButtonConfig{Label: k.say("people.admit"), Kind: widget.Primary, Tip: k.Tip("people.admit", "admit"), Tapped: func() { k.Send(core.Admit{Ticket: b.ticket}) }})
	b.refuse = k.button(widget.ButtonConfig{Label: k.say("people.refuse"), Kind: widget.DangerLow, Tapped: func() { k.Send(core.Refuse{Ticket: b.ticket}) }})
	b.more = k.button(widget.ButtonConfig{Kind: widget.Quiet, Tip: k.Tip("tip.people", "people"), Tapped: func() { b.open() }})
	names := widget.Column(theme.SpaceXS, b.name, b.marks.row)
	row := widget.Grow(widget.Row(theme.SpaceM, b.avatar, names, b.more, b.refuse, b.admit), names)
	b.object = widget.Stack(widget.NewBox(widget.BoxStyle{Fill: theme.ColorSurface, Stroke: theme.ColorPrimary, Width: 1.5, Radius: 12}), widget.PadXY(theme.SpaceM, theme.SpaceS, row))
	b.object.Hide()
	return b
}

func (b *knockBar) set(list []present.Knocker, open bool) {
	waiting := list[:0:0]
	for _, v := range list {
		if !v.Admitting {
			waiting = append(waiting, v)
		}
	}
	show(b.object, len(waiting) > 0 && !open)
	if len(waiting) == 0 {
		return
	}
	first := waiting[0]
	b.ticket = first.Ticket
	b.name.Set(b.kit.say("knock.title", "name", first.Name))
	b.avatar.Set(first.Called, first.Key[0])
	b.marks.set(first.Marks)
	show(b.admit, first.Refusal == "")
	b.more.Set(b.kit.Text.Count("knock.more", len(waiting)-1), theme.IconNone, widget.Quiet)
	show(b.more, len(waiting) > 1)
}
