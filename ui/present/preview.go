package present

import (
	"slices"

	"conclave/app/core"
	"conclave/keys"
)

// PreviewView is the moment before a meeting.
type PreviewView struct {
	Title, Words string
	Mode         Badge // Words "" until it is known
	Marks        []Mark
	State        *Banner // what stands in the way, or is waited for
	Tile         Tile    // the own picture
	Mic, Camera  Device
	Speaker      Device
	Level        float64 // of the microphone, 0 to 1
	Testing      bool
	Passcode     bool // a field for it
	Starts       bool // else it joins
	Ready        bool // the one next step can be taken
	Go           string
}

// Device is one that can be switched and chosen.
type Device struct {
	On     bool
	Icon   Icon
	Label  string // of the switch
	Fault  string // words, or ""
	Faulty bool
	List   []core.Device
	Chosen string
}

// Preview computes the view of a snapshot with one.
func (p Presenter) Preview(s core.Snapshot) PreviewView {
	pre := s.Preview
	v := PreviewView{
		Title: p.Text.Say("preview.join.title"), Words: p.Text.Say("preview.join.words"), Go: p.Text.Say("preview.join.go"),
		Level: s.Devices.Level, Testing: pre.Testing, Passcode: pre.Asks, Marks: p.previewMarks(pre), State: p.previewState(s),
	}
	if pre.Link == "" {
		v.Starts, v.Ready, v.Passcode = true, true, false
		v.Title, v.Words, v.Go = p.Text.Say("preview.start.title"), p.Text.Say("preview.start.words"), p.Text.Say("preview.start.go")
	} else {
		v.Ready = pre.Looked && !pre.Missing && !pre.Locked
	}
	if pre.Mode != 0 {
		v.Mode = p.modeBadge(pre.Mode)
	}
	d := s.Devices
	v.Camera = p.device("camera", pre.Camera, worse(pre.Camera.Fault, d.CameraFault), d.Cameras, d.Camera)
	v.Mic = p.device("mic", pre.Mic, worse(pre.Mic.Fault, d.MicrophoneFault), d.Microphones, d.Microphone)
	v.Speaker = Device{On: true, Icon: "volume", List: d.Speakers, Chosen: d.Speaker, Label: p.Text.Say("preview.test")}
	if pre.Testing {
		v.Speaker.Label = p.Text.Say("preview.testing")
	}
	if d.SpeakerFault != core.DeviceFine {
		v.Speaker.Fault, v.Speaker.Faulty = p.Fault("speaker", d.SpeakerFault), true
	}
	v.Tile = p.previewTile(s, v.Camera)
	return v
}

func worse(a, b core.DeviceFault) core.DeviceFault {
	if a != core.DeviceFine {
		return a
	}
	return b
}

func (p Presenter) device(key string, t core.Toggle, fault core.DeviceFault, list []core.Device, chosen string) Device {
	d := Device{On: t.Wanted, Icon: Icon(key), List: list, Chosen: chosen}
	name := map[string]string{"mic": "microphone", "camera": "camera"}[key]
	state := ".on"
	if !t.Wanted {
		state, d.Icon = ".off", Icon(key+"-off")
	}
	d.Label = p.Text.Say("preview." + name + state)
	if fault != core.DeviceFine {
		d.Fault, d.Faulty, d.Icon = p.Fault(name, fault), true, Icon(key+"-off")
		if t.Wanted {
			d.Label = p.Text.Say("preview." + name + ".fault")
		}
	}
	return d
}

func (p Presenter) previewTile(s core.Snapshot, camera Device) Tile {
	t := Tile{
		Key: s.Profile.Key, Name: p.Text.Say("person.you", "name", s.Profile.Name), Called: s.Profile.Name, Self: true,
		Live: camera.On && !camera.Faulty, Caption: p.Text.Say("preview.starting"), CaptionIcon: "camera", MicOff: !s.Preview.Mic.Wanted,
	}
	switch {
	case camera.On && camera.Faulty:
		t.Caption, t.CaptionIcon, t.CaptionTone = camera.Fault, "camera-off", Caution
	case !camera.On:
		t.Caption, t.CaptionIcon = p.Text.Say("preview.camera.off"), "camera-off"
	}
	return t
}

// previewMarks says what is known of the meeting.
func (p Presenter) previewMarks(pre *core.Preview) []Mark {
	if !pre.Looked || pre.Missing {
		return nil
	}
	var marks []Mark
	if pre.Link != "" {
		if pre.HostHere {
			marks = append(marks, Mark{p.Text.Say("lobby.host"), "check", Info})
		} else {
			marks = append(marks, Mark{p.Text.Say("lobby.nohost"), "clock", Caution})
		}
	}
	if pre.Locked {
		marks = append(marks, Mark{p.Text.Say("preview.locked"), "lock", Caution})
	}
	if pre.Asks {
		marks = append(marks, Mark{p.Text.Say("preview.asks"), "key", Neutral})
	}
	switch {
	case pre.Demand.Organisation != "":
		marks = append(marks, Mark{p.Text.Say("preview.demand.organisation", "domain", pre.Demand.Organisation), "shield-check", Neutral})
	case pre.Demand.Verified:
		marks = append(marks, Mark{p.Text.Say("preview.demand.verified"), "shield-check", Neutral})
	}
	return marks
}

// previewState says what stands in the way. Where no meeting is found, both
// possibilities are told: nobody but its host knows which it is.
func (p Presenter) previewState(s core.Snapshot) *Banner {
	pre := s.Preview
	told := func(code core.NoticeCode) bool {
		return slices.ContainsFunc(s.Notices, func(n core.Notice) bool { return n.Code == code })
	}
	banner := func(key string, icon Icon, tone Tone) *Banner {
		return &Banner{Icon: icon, Tone: tone, Title: p.Text.Say("preview." + key + ".title"), Words: p.Text.Say("preview." + key + ".words")}
	}
	switch {
	case pre.Link == "" && s.Service.State == core.ServiceStarting:
		return banner("serving", "clock", Info)
	case pre.Link == "":
		return nil
	case told(core.NoticeRelabelled):
		return banner("relabelled", "shield-alert", Alarm)
	case pre.Missing:
		return banner("missing", "clock", Caution)
	case !pre.Looked && told(core.NoticeServiceDown):
		return banner("down", "signal-weak", Caution)
	case !pre.Looked && (told(core.NoticePin) || told(core.NoticeVersion)):
		return banner("stopped", "shield-alert", Alarm)
	case !pre.Looked:
		return banner("looking", "globe", Info)
	case pre.Locked:
		return banner("locked", "lock", Caution)
	case pre.Mode == keys.ModeTransport:
		return nil
	}
	return nil
}
