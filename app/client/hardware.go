package client

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"conclave/app/core"
	"conclave/app/demo/stamp"
	"conclave/call/media"
	"conclave/call/media/device"
)

// Sources names what stands in for devices; "" is the machine's own.
type Sources struct {
	Video  string // a file (.ivf, .y4m), pattern, portrait or none
	Audio  string // a file (.wav), tone:HERTZ or none
	Record string // a .wav file that gets what would be heard, or none
	Stamp  int    // 1 to 15: mark outgoing pictures with this number and the capture time
}

// Hardware is the machine's devices, or what o puts in their place.
func Hardware(o Sources) (core.Hardware, error) {
	codecs, echo := new(device.Codecs), device.NewEcho()
	h := core.Hardware{
		Codecs: codecs,
		List:   listDevices,
		Camera: func(id string) (media.VideoSource, error) {
			return device.OpenCamera(device.CameraConfig{ID: id})
		},
		Microphone: func(id string) (media.AudioSource, error) {
			return device.OpenMicrophone(device.SoundConfig{ID: id, Echo: echo})
		},
		Speaker: func(id string) (media.AudioSink, error) {
			return device.OpenSpeaker(device.SoundConfig{ID: id, Echo: echo})
		},
		Screen: func(id string) (media.VideoSource, error) {
			return device.OpenScreen(device.ScreenConfig{ID: id, FrameRate: media.DefaultScreenFormat().FrameRate})
		},
	}
	if err := o.useVideo(&h, codecs); err != nil {
		return h, err
	}
	if err := o.useAudio(&h); err != nil {
		return h, err
	}
	switch o.Record {
	case "":
	case "none":
		h.Speaker = nil
	default:
		h.Speaker = func(string) (media.AudioSink, error) { return media.NewRecorder(o.Record) }
	}
	return h, nil
}

func (o Sources) useVideo(h *core.Hardware, codecs media.Codecs) error {
	open := h.Camera
	switch kind := strings.ToLower(filepath.Ext(o.Video)); {
	case o.Video == "":
	case o.Video == "none":
		open = nil
	case o.Video == "pattern":
		open = func(string) (media.VideoSource, error) { return media.NewPattern(media.PatternConfig{}), nil }
	case o.Video == "portrait":
		open = func(string) (media.VideoSource, error) { return media.NewPortrait(media.PortraitConfig{}), nil }
	case kind == ".ivf":
		open = func(string) (media.VideoSource, error) {
			decoder, err := codecs.NewVideoDecoder()
			if err != nil {
				return nil, err
			}
			return media.OpenIVF(o.Video, decoder)
		}
	case kind == ".y4m":
		open = func(string) (media.VideoSource, error) { return media.OpenY4M(o.Video) }
	default:
		return fmt.Errorf("--video %s: want a .ivf or .y4m file, pattern, portrait or none", o.Video)
	}
	if o.Stamp > 0 && open != nil {
		inner := open
		open = func(id string) (media.VideoSource, error) {
			source, err := inner(id)
			if err != nil {
				return nil, err
			}
			return stamp.NewSource(source, o.Stamp), nil
		}
	}
	h.Camera = open
	return nil
}

func (o Sources) useAudio(h *core.Hardware) error {
	switch {
	case o.Audio == "":
	case o.Audio == "none":
		h.Microphone = nil
	case strings.HasPrefix(o.Audio, "tone:"):
		hertz, err := strconv.ParseFloat(strings.TrimPrefix(o.Audio, "tone:"), 64)
		if err != nil || hertz < 50 || hertz > 8000 {
			return fmt.Errorf("--audio %s: want tone:HERTZ with 50 to 8000", o.Audio)
		}
		h.Microphone = func(string) (media.AudioSource, error) { return media.NewTone(hertz), nil }
	case strings.EqualFold(filepath.Ext(o.Audio), ".wav"):
		h.Microphone = func(string) (media.AudioSource, error) { return media.OpenWAV(o.Audio) }
	default:
		return fmt.Errorf("--audio %s: want a .wav file, tone:HERTZ or none", o.Audio)
	}
	return nil
}

func listDevices() core.Devices {
	found := device.List()
	convert := func(list []device.Device) []core.Device {
		out := make([]core.Device, 0, len(list))
		for _, d := range list {
			out = append(out, core.Device{ID: d.ID, Label: d.Label})
		}
		return out
	}
	return core.Devices{
		Cameras: convert(found.Cameras), Microphones: convert(found.Microphones), Speakers: convert(found.Speakers),
		Screens: convert(found.Screens),
	}
}
