package device

import (
	"cmp"
	"slices"
	"strings"

	"github.com/gen2brain/malgo"
	"github.com/pion/mediadevices/pkg/driver/camera"
)

// Device is one camera, microphone, speaker or screen that is plugged in.
type Device struct {
	ID, Label string
	Default   bool
}

// Devices are what is plugged in.
type Devices struct {
	Cameras, Microphones, Speakers []Device
	Screens                        []Device // that can be shared
}

// List asks the machine for its devices. It may take a second, and finds none
// of a kind rather than fail.
func List() Devices {
	var d Devices
	for _, c := range cameras() {
		name, _, _ := strings.Cut(c.Info().Name, camera.LabelSeparator)
		if name == "" {
			name = "Camera"
		}
		d.Cameras = append(d.Cameras, Device{ID: c.Info().Label, Label: name})
	}
	slices.SortFunc(d.Cameras, func(a, b Device) int { return cmp.Compare(a.ID, b.ID) })
	d.Screens = Screens()
	ctx, err := openContext(nil)
	if err != nil {
		return d
	}
	defer closeContext(ctx)
	d.Microphones = listSound(ctx, malgo.Capture)
	d.Speakers = listSound(ctx, malgo.Playback)
	return d
}

func listSound(ctx *malgo.AllocatedContext, kind malgo.DeviceType) []Device {
	infos, err := ctx.Devices(kind)
	if err != nil {
		return nil
	}
	list := make([]Device, 0, len(infos))
	for i := range infos {
		list = append(list, Device{ID: infos[i].ID.String(), Label: infos[i].Name(), Default: infos[i].IsDefault != 0})
	}
	return list
}
