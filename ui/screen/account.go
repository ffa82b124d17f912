package screen

import (
	"path/filepath"
	"strings"

	"fyne.io/fyne/v2"

	"conclave/app/core"
	"conclave/ui/present"
	"conclave/ui/theme"
	"conclave/ui/widget"
)

// Account is where a person sees what the service knows of them, what its
// policy lets them do and why, and their devices.
type Account struct {
	kit    *Kit
	object fyne.CanvasObject

	avatar      *widget.Avatar
	name        *widget.Text
	standing    *Standing
	lines       *rows[present.Line, *accountLine]
	policy      *fyne.Container
	policyWords *widget.Text
	permissions *rows[present.Permission, *permissionRow]
	devices     *fyne.Container
	deviceList  *rows[present.AccountDevice, *deviceRow]
	data        *fyne.Container
	path        *widget.Entry
	save        *fyne.Container // where to, once asked
	page        *fyne.Container
}

// NewAccount returns the screen. It lies over the others.
func NewAccount(k *Kit) *Account {
	a := &Account{kit: k, avatar: widget.NewAvatar("", 0, 52), name: title(""), standing: NewStanding(k).withoutOpen(), policyWords: small("")}
	a.lines = newRows[present.Line](theme.SpaceS, newAccountLine)
	a.permissions = newRows[present.Permission](theme.SpaceM, newPermissionRow)
	a.deviceList = newRows[present.AccountDevice](theme.SpaceM, func() *deviceRow { return newDeviceRow(k) })
	back := k.button(widget.ButtonConfig{Label: k.say("account.back"), Icon: theme.IconBack, Kind: widget.Quiet, Tip: k.Tip("account.back", "back"), Tapped: k.Close})
	gap := widget.Gap()
	top := widget.PadXY(theme.SpaceL, theme.SpaceS, widget.Grow(widget.Row(theme.SpaceS, back, gap), gap))
	who := widget.Column(theme.SpaceS, a.name, a.standing.Object())
	head := widget.Place(widget.Grow(widget.Row(theme.SpaceM, a.avatar, who), who), widget.Start, widget.Start)
	a.policy = a.section("account.policy", widget.Column(theme.SpaceM, a.policyWords, a.permissions.box))
	a.devices = a.section("account.devices", widget.Column(theme.SpaceM, small(k.say("account.devices.words")), a.deviceList.box))
	a.data = a.section("account.data", a.ownData())
	a.page = widget.Column(theme.SpaceL, display(k.say("account.title")), a.section("account.standing", widget.Column(theme.SpaceM, head, widget.Rule(), a.lines.box)),
		a.policy, a.devices, a.data, widget.Fixed(0, 12, widget.Gap()))
	scroll := widget.Scroll(widget.PadXY(theme.SpaceL, theme.SpaceNo, widget.Narrow(720, a.page)))
	a.object = widget.Stack(widget.NewBox(widget.BoxStyle{Fill: theme.ColorSurface}), widget.Grow(widget.Column(theme.SpaceNo, top, scroll), scroll))
	return a
}

// section is a part of the page under its title, between thin lines: a frame
// around so much would be slow to draw without a graphics card.
func (a *Account) section(key string, content fyne.CanvasObject) *fyne.Container {
	return widget.Column(theme.SpaceS, title(a.kit.say(key)), widget.Rule(), widget.PadXY(theme.SpaceNo, theme.SpaceS, content))
}

func (a *Account) ownData() fyne.CanvasObject {
	k := a.kit
	row := func(words string, b *widget.Button) fyne.CanvasObject {
		return widget.Column(theme.SpaceXS, widget.Wrap(theme.SpaceNo, b), small(k.say(words)))
	}
	export := k.button(widget.ButtonConfig{Label: k.say("account.export"), Icon: theme.IconCopy, Tapped: a.AskPath})
	a.path = k.entry(k.say("account.export.path"))
	a.path.SetText(filepath.Join(k.Folder, "conclave-account.json"))
	a.path.OnSubmitted = func(string) { a.Export() }
	write := k.button(widget.ButtonConfig{Label: k.say("account.export.go"), Kind: widget.Primary, Tapped: a.Export})
	a.save = widget.Column(theme.SpaceXS, label(k.say("account.export.path")), widget.Grow(widget.Row(theme.SpaceS, a.path, write), a.path))
	a.save.Hide()
	signOut := k.button(widget.ButtonConfig{Label: k.say("account.signout"), Icon: theme.IconLeave, Tapped: a.SignOut})
	remove := k.button(widget.ButtonConfig{Label: k.say("account.delete"), Icon: theme.IconWarning, Kind: widget.DangerLow, Tapped: a.Delete})
	return widget.Column(theme.SpaceM, widget.Column(theme.SpaceS, row("account.export.words", export), a.save), row("account.signout.words", signOut), row("account.delete.words", remove))
}

// Object implements Screen.
func (a *Account) Object() fyne.CanvasObject { return a.object }

// Show implements Screen.
func (a *Account) Show(p present.Presenter, s core.Snapshot) {
	v := p.Account(s)
	a.avatar.Set(v.Name, s.Profile.Key[0])
	a.name.Set(v.Name)
	a.standing.Show(p, s)
	a.lines.fill(v.Lines)
	a.policyWords.Set(v.Policy)
	a.permissions.fill(v.Permissions)
	show(a.policy, len(v.Permissions) > 0)
	a.deviceList.fill(v.Devices)
	show(a.devices, len(v.Devices) > 0)
	show(a.data, v.SignedIn)
	a.page.Refresh()
}

// AskPath asks where the export shall lie.
func (a *Account) AskPath() {
	a.save.Show()
	a.page.Refresh()
	a.kit.Focus(a.path)
}

// Export writes what the service has.
func (a *Account) Export() {
	path := strings.TrimSpace(a.path.Text)
	if path == "" {
		a.kit.Focus(a.path)
		return
	}
	a.kit.Send(core.ExportAccount{Path: path})
	a.save.Hide()
	a.page.Refresh()
}

// SignOut asks, and forgets the account on this device.
func (a *Account) SignOut() {
	k := a.kit
	k.Confirm(k.say("confirm.signout.title"), k.say("confirm.signout.words"), k.say("confirm.signout.go"), func() { k.Send(core.SignOut{}) })
}

// Delete asks, and deletes the account.
func (a *Account) Delete() {
	k := a.kit
	k.Confirm(k.say("confirm.delete.title"), k.say("confirm.delete.words"), k.say("confirm.delete.go"), func() { k.Send(core.DeleteAccount{}) })
}

// accountLine is a fact with its name.
type accountLine struct {
	root        *fyne.Container
	icon        *widget.Icon
	name, words *widget.Text
}

func newAccountLine() *accountLine {
	l := &accountLine{icon: widget.NewIcon(theme.IconNone, 19, theme.ColorMuted), name: label(""), words: body("")}
	text := widget.Column(theme.SpaceNo, l.name, l.words)
	l.root = widget.Grow(widget.Row(theme.SpaceM, l.icon, text), text)
	return l
}

func (l *accountLine) object() fyne.CanvasObject { return l.root }

func (l *accountLine) set(v present.Line) {
	color, _ := widget.Colors(v.Tone)
	l.icon.Set(theme.Icon(v.Icon), color)
	l.name.Set(v.Name)
	l.words.Set(v.Words)
}

// permissionRow is one action with what policy says of it.
type permissionRow struct {
	root           *fyne.Container
	action, reason *widget.Text
	unlock         *widget.Text
	decision       *widget.Pill
}

func newPermissionRow() *permissionRow {
	r := &permissionRow{
		action: widget.NewText("", widget.Style{Bold: true, Wrap: true}), reason: small(""),
		unlock: widget.NewText("", widget.Style{Size: theme.SizeSmall, Color: theme.ColorInfo, Wrap: true}), decision: widget.NewTag("", theme.IconNone, present.Neutral),
	}
	head := widget.Beside(0.1, 420, theme.SpaceS, r.action, r.decision)
	r.root = widget.Column(theme.SpaceXS, head, r.reason, r.unlock)
	return r
}

func (r *permissionRow) object() fyne.CanvasObject { return r.root }

func (r *permissionRow) set(v present.Permission) {
	r.action.Set(v.Action)
	r.decision.Set(v.Decision.Words, theme.Icon(v.Decision.Icon), v.Decision.Tone)
	r.reason.Set(v.Reason)
	show(r.reason, v.Reason != "")
	r.unlock.Set(v.Unlock)
	show(r.unlock, v.Unlock != "")
}

// deviceRow is one device of the account.
type deviceRow struct {
	root        *fyne.Container
	view        present.AccountDevice
	name, words *widget.Text
	print       *widget.Text
	mark        *marks
	revoke      *widget.Button
}

func newDeviceRow(k *Kit) *deviceRow {
	r := &deviceRow{name: widget.NewText("", widget.Style{Bold: true, Wrap: true}), words: small(""), print: mono(""), mark: newMarks()}
	r.revoke = k.button(widget.ButtonConfig{Label: k.say("account.device.revoke"), Kind: widget.DangerLow, Tapped: func() {
		key := r.view.Key
		k.Confirm(k.say("confirm.revoke.title"), r.view.Fingerprint+"\n"+k.say("confirm.revoke.words"), k.say("confirm.revoke.go"), func() { k.Send(core.RevokeDevice{Device: key}) })
	}})
	text := widget.Column(theme.SpaceXS, r.name, r.mark.row, r.words, r.print)
	r.root = widget.Place(widget.Grow(widget.Row(theme.SpaceM, widget.NewIcon(theme.IconComputer, 24, theme.ColorMuted), text, r.revoke), text), widget.Start, widget.Start)
	return r
}

func (r *deviceRow) object() fyne.CanvasObject { return r.root }

func (r *deviceRow) set(v present.AccountDevice) {
	r.view = v
	r.name.Set(v.Name)
	list := []present.Mark{}
	if v.Mark.Words != "" {
		list = append(list, v.Mark)
	}
	r.mark.set(list)
	show(r.mark.row, len(list) > 0)
	r.words.Set(v.Words)
	r.print.Set(v.Fingerprint)
	show(r.revoke, v.CanRevoke)
}
