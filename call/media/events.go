package media

import "conclave/keys"

// TileState says what a tile shows instead of, or with, a picture.
type TileState uint8

// The states of a tile.
const (
	TileUnknown       TileState = iota
	TileConnecting              // nothing of theirs has arrived
	TileLive                    // pictures arrive and open
	TileCameraOff               // they send no picture
	TileWaitingForKey           // pictures arrive, sealed with a key that this device does not have yet
	TileCannotDecrypt           // pictures arrive that are not theirs, or are damaged
	TileWeak                    // pictures stopped arriving
)

// EventKind says what happened in a session.
type EventKind uint8

// What happens in a session.
const (
	EventUnknown    EventKind = iota
	EventFlowing              // connected to the relay
	EventStalled              // the relay connection broke; it is being restored. Err says why
	EventDeviceLost           // Device gives nothing. Err wraps ErrDeviceMissing, ErrDeviceBusy or ErrDeviceLost
	EventDeviceBack           // Device works
	EventSpeaking             // Key speaks with Level, 0 to 1; 0 when they stopped. Self's is the microphone's level
	EventTileState            // Key's tile is in State
	EventStrangers            // Strangers are the relay identities without a member; empty when there are none any more
	EventFirstFrame           // Key's first picture was decoded
	EventQuality              // Key's network is of Quality
	EventSaving               // Saving: this machine is too weak for all pictures, and sends fewer; or it does not any more
)

// DeviceKind names a device.
type DeviceKind uint8

// The kinds of device.
const (
	DeviceUnknown DeviceKind = iota
	DeviceCamera
	DeviceMicrophone
	DeviceSpeaker
	DeviceScreen
)

// Event is something that happened in a session.
type Event struct {
	Kind      EventKind
	Key       keys.PublicKey
	Device    DeviceKind
	State     TileState
	Level     float64
	Quality   int // 1 (bad) to 4; 0 is unknown
	Saving    bool
	Strangers []string
	Err       error
}
