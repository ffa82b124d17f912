package screen

import (
	"strings"

	"fyne.io/fyne/v2"

	"conclave/app/core"
	"conclave/keys"
	"conclave/ui/present"
	"conclave/ui/theme"
	"conclave/ui/widget"
)

// Preview is the moment before a meeting: how others will see and hear this
// person, what the meeting promises, and the one next step.
type Preview struct {
	kit    *Kit
	object fyne.CanvasObject

	title, words *widget.Text
	mode         *widget.Pill
	marks        *marks
	state        *banner
	tile         *widget.Tile
	self         keys.PublicKey
	stage        *fyne.Container
	mic, camera  *widget.Button
	meter        *widget.Meter
	quiet        *widget.Text
	test         *widget.Button
	pickers      [3]*devicePicker
	name         *widget.Text
	avatar       *widget.Avatar
	standing     *marks
	passcode     *widget.Entry
	join         *widget.Button

	view    present.PreviewView
	snap    core.Snapshot
	waiting bool // Join was pressed while the service was still being asked
}

// NewPreview returns the screen.
func NewPreview(k *Kit) *Preview {
	v := &Preview{
		kit: k, title: display(""), words: muted(""), mode: widget.NewTag("", theme.IconShield, present.Neutral), marks: newMarks(), state: newBanner(),
		stage: widget.Stack(), meter: widget.NewMeter(k.say("preview.meter")), quiet: small(k.say("preview.meter.words")),
		name: widget.NewText("", widget.Style{Bold: true}), avatar: widget.NewAvatar("", 0, 36), standing: newMarks(),
	}
	v.mic = k.button(widget.ButtonConfig{Tip: k.Tip("tip.mic", "mic"), Tapped: v.ToggleMic})
	v.camera = k.button(widget.ButtonConfig{Tip: k.Tip("tip.camera", "camera"), Tapped: v.ToggleCamera})
	v.test = k.button(widget.ButtonConfig{Label: k.say("preview.test"), Icon: theme.IconVolume, Tapped: func() { k.Send(core.TestSpeaker{}) }})
	v.pickers[0] = newDevicePicker(k, theme.IconCamera, "settings.camera", func(id string) { v.choose(func(d *core.ChooseDevices) { d.Camera = id }) })
	v.pickers[1] = newDevicePicker(k, theme.IconMic, "settings.microphone", func(id string) { v.choose(func(d *core.ChooseDevices) { d.Microphone = id }) })
	v.pickers[2] = newDevicePicker(k, theme.IconVolume, "settings.speaker", func(id string) { v.choose(func(d *core.ChooseDevices) { d.Speaker = id }) })
	v.passcode = k.entry(k.say("home.join.passcode"))
	v.passcode.Limit = keys.MaxPasscode
	v.passcode.OnSubmitted = func(string) { v.Go() }
	v.passcode.OnChanged = func(string) { v.enable() }
	v.join = k.button(widget.ButtonConfig{Kind: widget.Primary, Large: true, Icon: theme.IconDoor, Tip: k.Tip("preview.join.go", "start"), Tapped: v.Go})
	back := k.button(widget.ButtonConfig{Label: k.say("settings.back"), Icon: theme.IconBack, Kind: widget.Quiet, Tip: k.Tip("settings.back", "back"), Tapped: v.Back})
	settings := k.button(widget.ButtonConfig{Icon: theme.IconSettings, Kind: widget.Quiet, Tip: k.Tip("home.settings", "settings"), Tapped: func() { k.Open(present.Settings) }})
	gap := widget.Gap()
	top := widget.PadXY(theme.SpaceL, theme.SpaceS, widget.Grow(widget.Row(theme.SpaceS, back, gap, settings), gap))

	picture := widget.Column(theme.SpaceM, widget.Shaped(16, 9, v.stage), widget.Wrap(theme.SpaceS, v.mic, v.camera, v.test), v.meter, v.quiet)
	who := widget.Column(theme.SpaceXS, v.name, v.standing.row)
	seen := widget.Column(theme.SpaceXS, label(k.say("preview.name")), widget.Grow(widget.Row(theme.SpaceS, v.avatar, who), who))
	about := widget.Column(theme.SpaceM,
		widget.Column(theme.SpaceXS, v.title, v.words),
		widget.Column(theme.SpaceS, widget.Wrap(theme.SpaceXS, v.mode), v.marks.row),
		v.state.object, seen, v.passcode, widget.Wrap(theme.SpaceNo, v.join))
	devices := part(k.say("settings.devices"), nil, widget.Columns(250, theme.SpaceM, v.pickers[0].object, v.pickers[1].object, v.pickers[2].object))
	body := widget.Column(theme.SpaceL, widget.Columns(330, theme.SpaceL, picture, about), devices, widget.Fixed(0, 8, widget.Gap()))
	scroll := widget.Scroll(widget.PadXY(theme.SpaceL, theme.SpaceNo, widget.Narrow(1080, body)))
	v.object = widget.Grow(widget.Column(theme.SpaceNo, top, scroll), scroll)
	return v
}

// Object implements Screen.
func (v *Preview) Object() fyne.CanvasObject { return v.object }

// Field is where the keyboard begins: Enter takes the next step.
func (v *Preview) Field() fyne.Focusable {
	if v.view.Passcode {
		return v.passcode
	}
	return v.join
}

// Show implements Screen.
func (v *Preview) Show(p present.Presenter, s core.Snapshot) {
	if s.Preview == nil {
		return
	}
	fresh := v.snap.Preview == nil || v.snap.Preview.Link != s.Preview.Link || v.snap.Preview.Start != s.Preview.Start
	asked := v.view.Passcode
	v.view, v.snap = p.Preview(s), s
	if fresh {
		v.waiting = false
		v.passcode.SetText("")
	}
	v.title.Set(v.view.Title)
	v.words.Set(v.view.Words)
	v.mode.Set(v.view.Mode.Words, theme.Icon(v.view.Mode.Icon), v.view.Mode.Tone)
	show(v.mode, v.view.Mode.Words != "")
	v.marks.set(v.view.Marks)
	show(v.marks.row, len(v.view.Marks) > 0)
	v.state.set(v.view.State)
	v.setTile(s)
	v.mic.Set(v.view.Mic.Label, theme.Icon(v.view.Mic.Icon), switchKind(v.view.Mic))
	v.camera.Set(v.view.Camera.Label, theme.Icon(v.view.Camera.Icon), switchKind(v.view.Camera))
	v.test.Set(v.view.Speaker.Label, theme.IconVolume, widget.Plain)
	v.test.SetEnabled(!v.view.Testing)
	v.meter.Set(v.view.Level)
	show(v.meter, v.view.Mic.On && !v.view.Mic.Faulty)
	show(v.quiet, v.meter.Visible())
	for i, d := range []present.Device{v.view.Camera, v.view.Mic, v.view.Speaker} {
		fault := core.DeviceFine
		if d.Faulty {
			fault = core.DeviceBroken
		}
		v.pickers[i].set(d.List, d.Chosen, d.Fault, fault)
	}
	h := p.Home(s)
	v.name.Set(h.Name)
	v.avatar.Set(h.Name, s.Profile.Key[0])
	v.standing.set(p.Standing(s).Marks)
	show(v.passcode, v.view.Passcode)
	if v.view.Passcode && !asked {
		v.kit.Focus(v.passcode)
	}
	v.enable()
	if v.waiting && v.view.Ready && v.view.Mode.Tone == present.Info {
		v.Go()
	}
}

// enable offers the next step when it can be taken.
func (v *Preview) enable() {
	v.join.Set(v.view.Go, theme.IconDoor, widget.Primary)
	v.join.SetEnabled(v.view.Ready && (!v.view.Passcode || strings.TrimSpace(v.passcode.Text) != ""))
}

func switchKind(d present.Device) widget.Kind {
	if d.Faulty || !d.On {
		return widget.Faulty
	}
	return widget.Plain
}

func (v *Preview) setTile(s core.Snapshot) {
	if v.tile == nil || v.self != s.Profile.Key {
		v.self = s.Profile.Key
		v.tile = widget.NewTile(v.kit.source(v.self, core.StreamCamera), nil)
		v.stage.Objects = []fyne.CanvasObject{v.tile}
		v.stage.Refresh()
	}
	v.tile.Set(widget.TileView{Tile: v.view.Tile, Seed: s.Profile.Key[0]})
}

// Rest stops asking for pictures, or begins again.
func (v *Preview) Rest(rest bool) {
	if v.tile != nil {
		v.tile.SetVisible(!rest)
	}
}

// Tick draws a new picture, if there is one.
func (v *Preview) Tick() {
	if v.tile != nil {
		v.tile.Tick()
	}
}

func (v *Preview) choose(change func(*core.ChooseDevices)) {
	d := v.snap.Devices
	c := core.ChooseDevices{Camera: d.Camera, Microphone: d.Microphone, Speaker: d.Speaker}
	change(&c)
	v.kit.Send(c)
}

// ToggleMic switches the microphone.
func (v *Preview) ToggleMic() { v.kit.Send(core.SetMic{On: !v.view.Mic.On}) }

// ToggleCamera switches the camera.
func (v *Preview) ToggleCamera() { v.kit.Send(core.SetCamera{On: !v.view.Camera.On}) }

// Back goes home.
func (v *Preview) Back() { v.kit.Send(core.ClosePreview{}) }

// Go takes the next step: starts or joins. While the service is still being
// asked, it is taken as soon as the answer says that the meeting is end-to-end
// encrypted; any other answer waits for the person to see it.
func (v *Preview) Go() {
	pre := v.snap.Preview
	if pre == nil {
		return
	}
	if !v.view.Ready {
		v.waiting = !pre.Looked
		return
	}
	v.waiting = false
	if v.view.Starts {
		v.kit.Send(pre.Start)
		return
	}
	passcode := strings.TrimSpace(v.passcode.Text)
	if v.view.Passcode && passcode == "" {
		v.kit.Focus(v.passcode)
		return
	}
	v.passcode.SetText("")
	v.kit.Send(core.JoinMeeting{Link: pre.Link, Passcode: passcode})
}
