package screen

import (
	"fyne.io/fyne/v2"

	"conclave/app/core"
	"conclave/ui/present"
	"conclave/ui/theme"
	"conclave/ui/widget"
)

// toolsSheet holds a host's powers over all: the door, the rules, and what
// happens to everybody at once.
type toolsSheet struct {
	kit    *Kit
	object *fyne.Container
	shut   func()

	lock                        *widget.Switch
	waiting                     *widget.Text
	lobby                       *widget.Button
	unmute, chat, share, rename *widget.Switch
	muteAll, lowerAll           *widget.Button
	suspend                     *widget.Button
	why                         *widget.Text
	view                        present.Tools
	rules                       core.Rules
}

func newToolsSheet(k *Kit, shut func(), openLobby func()) *toolsSheet {
	t := &toolsSheet{kit: k, shut: shut, waiting: small(""), why: small("")}
	flip := func(key string, set func(*core.Rules, bool)) *widget.Switch {
		s := widget.NewSwitch(k.say(key), func(on bool) {
			set(&t.rules, on)
			k.Send(core.SetRules{Rules: t.rules})
		})
		s.Escape = k.Back
		return s
	}
	t.lock = widget.NewSwitch(k.say("tools.lock"), func(on bool) { k.Send(core.SetLocked{Locked: on}) })
	t.lock.Escape = k.Back
	t.lobby = k.button(widget.ButtonConfig{Label: k.say("tools.lobby"), Icon: theme.IconDoor, Tapped: openLobby})
	t.unmute = flip("tools.may.unmute", func(r *core.Rules, on bool) { r.Unmute = on })
	t.chat = flip("tools.may.chat", func(r *core.Rules, on bool) { r.Chat = on })
	t.share = flip("tools.may.share", func(r *core.Rules, on bool) { r.Share = on })
	t.rename = flip("tools.may.rename", func(r *core.Rules, on bool) { r.Rename = on })
	t.muteAll = k.button(widget.ButtonConfig{Label: k.say("tools.muteall"), Icon: theme.IconMicOff, Tip: k.Tip("tools.muteall", "muteall"), Tapped: t.askMuteAll})
	t.lowerAll = k.button(widget.ButtonConfig{Label: k.say("tools.lowerall"), Icon: theme.IconHand, Tapped: func() { k.Send(core.LowerHand{}) }})
	t.suspend = k.button(widget.ButtonConfig{Icon: theme.IconPause, Kind: widget.Danger, Tapped: t.toggleSuspended})
	group := func(key string, inside ...fyne.CanvasObject) fyne.CanvasObject {
		return widget.Column(theme.SpaceS, append([]fyne.CanvasObject{label(k.say(key))}, inside...)...)
	}
	door := widget.Grow(widget.Row(theme.SpaceS, t.waiting, t.lobby), t.waiting)
	content := widget.Column(theme.SpaceL,
		group("tools.door", t.lock, door),
		group("tools.may", t.unmute, t.chat, t.share, t.rename),
		group("tools.now", widget.Wrap(theme.SpaceS, t.muteAll, t.lowerAll), t.why, small(k.say("tools.people"))))
	words := small(k.say("tools.suspend.words"))
	t.object = sheetFrame(k, sheetTitle(k.say("tools.title")), 520, shut, content, // what is pressed in haste is never scrolled away
		widget.Tinted(theme.ColorRaised, theme.SpaceM, widget.Grow(widget.Row(theme.SpaceM, words, t.suspend), words)))
	return t
}

func (t *toolsSheet) show(v present.Tools, rules core.Rules) {
	t.view, t.rules = v, rules
	t.lock.SetOn(v.Locked)
	t.waiting.Set(v.Waiting)
	show(t.waiting, v.Waiting != "")
	show(t.lobby, v.Waiting != "")
	t.unmute.SetOn(v.Unmute)
	t.chat.SetOn(v.Chat)
	t.share.SetOn(v.Share)
	t.rename.SetOn(v.Rename)
	t.muteAll.SetEnabled(v.Others)
	t.lowerAll.SetEnabled(v.Hands)
	why := ""
	switch {
	case !v.Others:
		why = t.kit.say("why.alone")
	case !v.Hands:
		why = t.kit.say("why.nohands")
	}
	t.why.Set(why)
	show(t.why, why != "")
	if v.Suspended {
		t.suspend.Set(t.kit.say("tools.resume"), theme.IconRefresh, widget.Primary)
	} else {
		t.suspend.Set(t.kit.say("tools.suspend"), theme.IconPause, widget.Danger)
	}
}

// askMuteAll closes the sheet before the question: there is never more than
// one thing to answer.
func (t *toolsSheet) askMuteAll() {
	t.shut()
	k := t.kit
	k.Confirm(k.say("confirm.muteall.title"), k.say("confirm.muteall.words"), k.say("confirm.muteall.go"), func() { k.Send(core.MuteAll{}) })
}

func (t *toolsSheet) toggleSuspended() {
	k, rules := t.kit, t.rules
	rules.Suspended = !rules.Suspended
	t.shut()
	if !rules.Suspended {
		k.Send(core.SetRules{Rules: rules})
		return
	}
	k.Confirm(k.say("confirm.suspend.title"), k.say("confirm.suspend.words"), k.say("confirm.suspend.go"), func() { k.Send(core.SetRules{Rules: rules}) })
}
