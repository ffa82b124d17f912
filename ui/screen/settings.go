package screen

import (
	"fmt"
	"strings"

	"fyne.io/fyne/v2"

	"conclave/app/core"
	"conclave/ui/present"
	"conclave/ui/text"
	"conclave/ui/theme"
	"conclave/ui/widget"
)

// Shortcut is a line of the list of shortcuts.
type Shortcut struct{ Keys, Words string }

// Settings is where the person chooses how Conclave looks and what it uses.
type Settings struct {
	kit    *Kit
	object fyne.CanvasObject

	name                    *widget.Entry
	save                    *widget.Button
	account                 *widget.Button
	appearance              []*widget.Choice
	scale                   []*widget.Button
	language                []*widget.Button
	cameras, mics, speakers *devicePicker
	keyWords, print         *widget.Text
	devices                 core.Devices
	named                   string
	managed                 *managedNote
}

var textScales = [...]float32{1, 1.25, 1.5, 2}

// NewSettings returns the screen.
func NewSettings(k *Kit, version string, shortcuts []Shortcut) *Settings {
	s := &Settings{kit: k, keyWords: body(""), print: mono("")}
	back := k.button(widget.ButtonConfig{Label: k.say("settings.back"), Icon: theme.IconBack, Kind: widget.Quiet, Tip: k.Tip("settings.back", "back"), Tapped: k.Close})
	gap := widget.Gap()
	top := widget.PadXY(theme.SpaceL, theme.SpaceS, widget.Grow(widget.Row(theme.SpaceS, back, gap), gap))
	s.managed = newManagedNote(k)
	looks, languages, devices := s.section("settings.appearance", s.looks()), s.section("settings.language", s.languages()), s.section("settings.devices", s.deviceRows())
	s.managed.hides = map[string]fyne.CanvasObject{
		"appearance": looks, "text-size": looks, "language": languages, "camera": devices, "microphone": devices, "speaker": devices,
	}
	page := widget.Column(theme.SpaceL, display(k.say("settings.title")), s.managed.object,
		s.section("settings.you", s.you()),
		looks, languages, devices,
		s.section("settings.keys", widget.Column(theme.SpaceS, s.keyWords, label(k.say("home.fingerprint")), s.print, s.keyButtons())),
		s.section("settings.shortcuts", shortcutList(shortcuts)),
		s.section("settings.about", widget.Column(theme.SpaceS, body(k.say("settings.version", "version", version)), small(k.say("settings.about.words")), s.licences())),
		widget.Fixed(0, 12, widget.Gap()))
	scroll := widget.Scroll(widget.PadXY(theme.SpaceL, theme.SpaceNo, widget.Narrow(720, page)))
	s.object = widget.Stack(widget.NewBox(widget.BoxStyle{Fill: theme.ColorBackground}), widget.Grow(widget.Column(theme.SpaceNo, top, scroll), scroll))
	return s
}

// keyButtons lead to what hangs on this device's key.
func (s *Settings) keyButtons() fyne.CanvasObject {
	k := s.kit
	people := k.button(widget.ButtonConfig{Label: k.say("settings.people"), Icon: theme.IconPeople, Tapped: func() { k.Open(present.Acquaintances) }})
	s.account = k.button(widget.ButtonConfig{Label: k.say("settings.account"), Icon: theme.IconKey, Tapped: func() { k.Open(present.Account) }})
	return widget.Wrap(theme.SpaceS, people, s.account)
}

func (s *Settings) licences() fyne.CanvasObject {
	k := s.kit
	return widget.Wrap(theme.SpaceS, k.button(widget.ButtonConfig{Label: k.say("settings.licences"), Icon: theme.IconInfo, Tapped: func() { k.Open(present.Licences) }}))
}

func (s *Settings) section(key string, content fyne.CanvasObject) fyne.CanvasObject {
	return widget.Column(theme.SpaceS, title(s.kit.say(key)), widget.Card(theme.SpaceL, content))
}

func (s *Settings) you() fyne.CanvasObject {
	k := s.kit
	s.name = k.entry(k.say("welcome.name"))
	s.name.Limit = 64
	submit := func() {
		if name := strings.TrimSpace(s.name.Text); name != "" && name != s.named {
			k.Send(core.SetName{Name: name})
		}
	}
	s.name.OnSubmitted = func(string) { submit() }
	s.save = k.button(widget.ButtonConfig{Label: k.say("settings.save"), Tapped: submit})
	s.name.OnChanged = func(v string) {
		v = strings.TrimSpace(v)
		s.save.SetEnabled(v != "" && v != s.named)
	}
	row := widget.Grow(widget.Row(theme.SpaceS, s.name, s.save), s.name)
	return widget.Column(theme.SpaceS, label(k.say("settings.name")), row)
}

func (s *Settings) looks() fyne.CanvasObject {
	k := s.kit
	entries := []struct {
		look theme.Appearance
		key  string
		icon theme.Icon
	}{
		{theme.System, "settings.appearance.system", theme.IconComputer},
		{theme.Light, "settings.appearance.light", theme.IconAppearance},
		{theme.Dark, "settings.appearance.dark", theme.IconAppearance},
		{theme.HighContrast, "settings.appearance.contrast", theme.IconEye},
	}
	grid := widget.Columns(290, theme.SpaceS)
	left, right := widget.Column(theme.SpaceS), widget.Column(theme.SpaceS)
	grid.Objects = []fyne.CanvasObject{left, right}
	for i, e := range entries {
		c := widget.NewChoice(e.icon, k.say(e.key), "", func() { s.prefer(func(p *Preferences) { p.Appearance = e.look }) })
		s.appearance = append(s.appearance, c)
		if i%2 == 0 {
			left.Objects = append(left.Objects, c)
		} else {
			right.Objects = append(right.Objects, c)
		}
	}
	sizes := widget.Wrap(theme.SpaceS)
	for _, v := range textScales {
		b := k.button(widget.ButtonConfig{Label: fmt.Sprintf("%.0f %%", v*100), Tapped: func() { s.prefer(func(p *Preferences) { p.Scale = v }) }})
		s.scale = append(s.scale, b)
		sizes.Objects = append(sizes.Objects, b)
	}
	return widget.Column(theme.SpaceM, grid, widget.Column(theme.SpaceS, label(k.say("settings.textsize")), sizes))
}

func (s *Settings) languages() fyne.CanvasObject {
	row := widget.Wrap(theme.SpaceS)
	for _, l := range text.Languages() {
		b := s.kit.button(widget.ButtonConfig{Label: l.Name, Tapped: func() { s.prefer(func(p *Preferences) { p.Language = l.Tag }) }})
		s.language = append(s.language, b)
		row.Objects = append(row.Objects, b)
	}
	return row
}

func (s *Settings) prefer(change func(*Preferences)) {
	p := s.kit.Prefs()
	change(&p)
	s.kit.Prefer(p)
}

func (s *Settings) deviceRows() fyne.CanvasObject {
	k := s.kit
	s.cameras = newDevicePicker(k, theme.IconCamera, "settings.camera", func(id string) { s.choose(func(d *core.ChooseDevices) { d.Camera = id }) })
	s.mics = newDevicePicker(k, theme.IconMic, "settings.microphone", func(id string) { s.choose(func(d *core.ChooseDevices) { d.Microphone = id }) })
	s.speakers = newDevicePicker(k, theme.IconVolume, "settings.speaker", func(id string) { s.choose(func(d *core.ChooseDevices) { d.Speaker = id }) })
	return widget.Column(theme.SpaceM, s.cameras.object, s.mics.object, s.speakers.object)
}

func (s *Settings) choose(change func(*core.ChooseDevices)) {
	d := core.ChooseDevices{Camera: s.devices.Camera, Microphone: s.devices.Microphone, Speaker: s.devices.Speaker}
	change(&d)
	s.kit.Send(d)
}

// Object implements Screen.
func (s *Settings) Object() fyne.CanvasObject { return s.object }

// Show implements Screen.
func (s *Settings) Show(p present.Presenter, snap core.Snapshot) {
	v := p.Home(snap)
	s.managed.set(p, snap.Managed)
	if s.named != v.Name {
		s.named = v.Name
		s.name.SetText(v.Name)
		s.save.SetEnabled(false)
	}
	s.keyWords.Set(v.KeyWords)
	show(s.account, snap.Can.Accounts)
	s.print.Set(v.Fingerprint)
	s.devices = snap.Devices
	d := snap.Devices
	s.cameras.set(d.Cameras, d.Camera, p.Fault("camera", d.CameraFault), d.CameraFault)
	s.mics.set(d.Microphones, d.Microphone, p.Fault("microphone", d.MicrophoneFault), d.MicrophoneFault)
	s.speakers.set(d.Speakers, d.Speaker, p.Fault("speaker", d.SpeakerFault), d.SpeakerFault)
	prefs := s.kit.Prefs()
	for i, c := range s.appearance {
		c.SetChosen(theme.Appearance(i) == prefs.Appearance)
	}
	chosen := func(b *widget.Button, is bool) {
		kind := widget.Plain
		if is {
			kind = widget.Primary
		}
		b.Set(b.Label(), theme.IconNone, kind)
	}
	for i, b := range s.scale {
		chosen(b, textScales[i] == prefs.Scale)
	}
	for i, b := range s.language {
		chosen(b, text.Languages()[i].Tag == prefs.Language)
	}
}

// devicePicker chooses one device of a kind.
type devicePicker struct {
	kit    *Kit
	object *fyne.Container
	list   *fyne.Container
	fault  *widget.Text
	pick   func(id string)
	last   []core.Device
	chosen string
}

func newDevicePicker(k *Kit, icon theme.Icon, key string, pick func(string)) *devicePicker {
	d := &devicePicker{kit: k, list: widget.WrapShrinking(theme.SpaceS, 120), pick: pick, fault: widget.NewText("", widget.Style{Size: theme.SizeSmall, Color: theme.ColorCaution, Wrap: true})}
	name := widget.NewText(k.say(key), widget.Style{Bold: true})
	d.object = widget.Column(theme.SpaceS, widget.Grow(widget.Row(theme.SpaceS, widget.NewIcon(icon, 18, theme.ColorMuted), name), name), d.list, d.fault)
	return d
}

func (d *devicePicker) set(devices []core.Device, chosen, faultWords string, fault core.DeviceFault) {
	show(d.fault, fault != core.DeviceFine)
	d.fault.Set(faultWords)
	same := len(d.list.Objects) > 0 && len(devices) == len(d.last) && chosen == d.chosen
	for i := range devices {
		same = same && devices[i] == d.last[i]
	}
	if same {
		return
	}
	d.last, d.chosen = append([]core.Device(nil), devices...), chosen
	options := append([]core.Device{{Label: d.kit.say("settings.default")}}, devices...)
	d.list.Objects = nil
	for _, o := range options {
		kind := widget.Plain
		if o.ID == chosen {
			kind = widget.Primary
		}
		d.list.Add(d.kit.button(widget.ButtonConfig{Label: o.Label, Kind: kind, Tapped: func() { d.pick(o.ID) }}))
	}
	d.object.Refresh()
}

func shorten(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return s
}

func shortcutList(list []Shortcut) fyne.CanvasObject {
	column := widget.Column(theme.SpaceS)
	for _, s := range list {
		words := widget.NewText(s.Words, widget.Style{Wrap: true})
		column.Objects = append(column.Objects, widget.Grow(widget.Row(theme.SpaceM, words, widget.NewTag(s.Keys, theme.IconNone, present.Neutral)), words))
	}
	return column
}
