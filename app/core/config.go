package core

import (
	"context"
	"time"

	"conclave/call/media"
	"conclave/call/runner"
	"conclave/keys"
)

// Config is what the core works with. Device, Dial and Relay must be set.
type Config struct {
	// Device is this device's identity, and KeyPlace where it lies.
	Device   keys.DeviceKey
	KeyPlace KeyPlace
	// Settings are what was kept from the last time; Save keeps them. Save may
	// be nil and is called in a goroutine of the core's.
	Settings Settings
	Save     func(Settings) error
	// Keep remembers people met and meetings planned between starts; nil forgets
	// them when the app ends. It is called in goroutines of the core's.
	Keep Keep
	// Report hands a report to the service's operator. SaveReport writes one to
	// a file instead, where Report is nil, and returns its path. With neither,
	// nothing can be reported.
	Report     func(context.Context, Complaint) error
	SaveReport func(name string, data []byte) (path string, err error)
	// Dial reaches a service and greets it as Device.
	Dial func(ctx context.Context, service, pin string) (runner.Conn, error)
	// Relay connects to the media relay.
	Relay func(ctx context.Context, url, token, pin string) (media.Relay, error)
	// Local starts the service on this computer and returns how to reach it.
	// Nil forbids hosting here.
	Local func(context.Context) (service, pin string, err error)
	// Identify opens the account at a service, and reports until it is closed;
	// local says that the service runs on this computer. Nil keeps no accounts:
	// everybody is a guest.
	Identify func(service, pin string, local bool, report func(IdentityEvent)) Identity
	// Hardware gives cameras and the like.
	Hardware Hardware
	// Format is the camera's picture on the wire; zero for the session's default.
	Format media.VideoFormat
	// ScreenFormat is the shared screen's; zero for the session's default.
	ScreenFormat media.VideoFormat
	// ReadPatterns makes sessions read test patterns in the pictures they show.
	ReadPatterns bool
	// Updates asks for a newer version of the program; the zero Update is none.
	// Nil never asks.
	Updates func(context.Context) (Update, error)
	// Now is the clock; time.Now when nil.
	Now func() time.Time
}

// Settings are what the app keeps between starts.
type Settings struct {
	Name       string
	Service    string // "" hosts on this computer
	Pin        string // of Service, when it has a self-made certificate
	Camera     string
	Microphone string
	Speaker    string
	MicOff     bool // how meetings are entered
	CameraOff  bool
}

// Hardware opens devices by ID; "" is the system's default. Nil functions are
// missing devices.
type Hardware struct {
	Codecs     media.Codecs
	List       func() Devices
	Camera     func(id string) (media.VideoSource, error)
	Microphone func(id string) (media.AudioSource, error)
	Speaker    func(id string) (media.AudioSink, error)
	// Screen captures a screen of Devices.Screens; nil where nothing can be shared.
	Screen func(id string) (media.VideoSource, error)
}
