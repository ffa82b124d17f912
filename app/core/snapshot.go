package core

import (
	"image"
	"time"

	"conclave/call"
	"conclave/keys"
)

// Snapshot is everything that the screens draw, at one moment. It is a value
// without secrets; its slices are never written again once published, so any
// goroutine may read them.
type Snapshot struct {
	Revision uint64  // grows by one with each published snapshot
	Profile  Profile // who uses this app
	Service  Service // the service that meetings are started on
	Devices  Devices // camera, microphone, speaker
	Account  Account // at that service
	Preview  *Preview
	Meeting  *Meeting
	People   []Acquaintance // met before, newest first
	Plans    []Scheduled    // to be hosted, soonest first
	Report   Report
	Kiosk    *Kiosk // nil but on a classroom machine
	Update   Update
	Managed  []string // settings that the organisation has set, by their names in ADMIN.md
	Notices  []Notice // oldest first; at most one has Modal set
	Can      Can
}

// Can says what this core will do when asked, so that a screen never offers
// what would be refused. A kiosk's core simply has fewer of them.
type Can struct {
	StartMeeting, JoinMeeting, ChooseService bool
	ShareScreen, React, RaiseHand            bool
	Admit, Remove, Lock, EndForAll           bool // a host's powers, in this meeting
	Mute, SetRules                           bool // likewise
	Chat, Rename, Unmute                     bool // what the host's rules leave to this person
	Accounts, Schedule, Settings, Report     bool
}

// KeyPlace says where the device key lies.
type KeyPlace uint8

// The places of a device key.
const (
	KeyPlaceUnknown  KeyPlace = iota
	KeyPlaceKeychain          // the operating system's keychain
	KeyPlaceFile              // a sealed file in the profile folder
	KeyPlaceMemory            // nowhere: forgotten when the app ends
)

// Profile is the person at this app.
type Profile struct {
	Name        string // "" until the first start is done
	Key         keys.PublicKey
	Fingerprint string
	KeyPlace    KeyPlace
}

// ServiceState is what is known of the service.
type ServiceState uint8

// The states of a service.
const (
	ServiceNone     ServiceState = iota // none chosen, none started
	ServiceStarting                     // "host on this computer" is starting
	ServiceUp
	ServiceFailed // see Why
)

// Service is the service that new meetings are started on.
type Service struct {
	State ServiceState
	URL   string // "" for the one on this computer until it runs
	Local bool   // runs on this computer, as a child of this app
	Why   NoticeCode
}

// Device is one camera, microphone or speaker.
type Device struct {
	ID, Label string
}

// Devices lists what is plugged in and what is chosen ("" is the system's
// default).
type Devices struct {
	Cameras, Microphones, Speakers []Device
	Screens                        []Device // that can be shared
	Camera, Microphone, Speaker    string
	CameraFault, MicrophoneFault   DeviceFault
	SpeakerFault                   DeviceFault
	Level                          float64 // microphone, 0 to 1
	Testing                        bool    // the test sound plays
}

// DeviceFault says why a device gives nothing.
type DeviceFault uint8

// The faults of a device.
const (
	DeviceFine DeviceFault = iota
	DeviceMissing
	DeviceBusy
	DeviceBroken
)

// Meeting is the current meeting. It stays, with Phase Ended, until the person
// closes it.
type Meeting struct {
	ID      keys.MeetingID
	Link    string // to hand to others
	Phase   call.Phase
	End     call.EndReason // why, in PhaseEnded
	Mode    keys.Mode
	Host    bool // this person hosts
	Locked  bool
	Asks    bool // a passcode is asked of joiners
	Since   time.Time
	Waiting Waiting     // in PhaseLobby
	Demand  keys.Demand // what the host asks beyond policy
	Rules   Rules
	Lobby   []Knocker // for a host, oldest first
	People  []Person  // exactly the holders of the key; self first
	Chat    []ChatLine
	Code    Code
	Badge   Badge
	Mic     Toggle
	Camera  Toggle
	Share   Toggle
	Saving  bool         // this machine is too weak for all pictures: fewer are sent
	Sending bool         // media may leave this device
	Silence SilenceCause // why not, when Sending is false in a meeting
	Retry   int          // attempt number, in PhaseReconnecting
}

// Waiting is the view of one who waits in the lobby.
type Waiting struct {
	Position int  // 1 is next; 0 is unknown
	HostHere bool // somebody who can admit is connected
}

// Toggle is a switch of the person's own: what is wished, and what is so.
type Toggle struct {
	Wanted, On bool
	Fault      DeviceFault
}

// SilenceCause says why nothing is sent.
type SilenceCause uint8

// The causes of silence.
const (
	SilenceNone      SilenceCause = iota
	SilenceSecuring               // keys are being agreed on
	SilenceStranger               // the relay holds somebody who is not in the group
	SilenceFork                   // the service shows different people different meetings
	SilenceForged                 // the service delivered what no member signed
	SilenceForbidden              // somebody without the right changed who is in
	SilenceUnheard                // no sign of life bound to this epoch for a minute
	SilenceDiffers                // the person said that the code differs
	SilenceOffline                // no connection
)

// Verification is what is proved of a person.
type Verification uint8

// The verification classes.
const (
	Unverified Verification = iota
	VerifiedEmail
	VerifiedPhone
	VerifiedOrganisation
	VerifiedSeat
	VerifiedVoucher
)

// Trust is what this device knows of a person's key.
type Trust uint8

// The levels of trust.
const (
	TrustUnknown  Trust = iota // first meeting with this key
	TrustMet                   // the same key was met before under this name
	TrustCompared              // the code was compared with this key in the line-up
	TrustChanged               // this name was met before with another key
)

// Knocker is somebody in the lobby, as the host sees them.
type Knocker struct {
	Ticket       string
	Name         string
	Key          keys.PublicKey
	Fingerprint  string
	Verification Verification
	Issuer       string
	Logged       bool
	Imitates     string
	Refusal      *Permission // why policy or the host's demand does not let them in; nil when it does
	Trust        Trust
	Since        time.Time
	Admitting    bool // admitted, the commit is under way
}

// TileState says what a person's tile shows instead of, or with, a picture.
type TileState uint8

// The states of a tile; never a black rectangle without a word.
const (
	TileConnecting TileState = iota
	TileLive
	TileCameraOff
	TileWaitingForKey
	TileCannotDecrypt
	TileWeak
)

// Person is a holder of the meeting's key.
type Person struct {
	Key          keys.PublicKey
	Name         string // "" until their signed name arrived
	Self, Host   bool
	Verification Verification
	Trust        Trust
	Fingerprint  string
	SafetyNumber string // pairwise with this device; "" for self
	Mic, Camera  bool   // as they say
	Hand         bool
	Sharing      bool
	Reaction     Reaction // shown for ReactionTime
	Muted        bool     // by the host; they cannot unmute themselves when the rules say so
	Imitates     string   // the name of somebody else here that theirs looks like; "" for none
	Issuer       string   // who verified them; "" for the service
	Logged       bool     // their passport was found in the log
	Quality      int      // of the network, 1 (bad) to 4; 0 is unknown
	Speaking     bool
	Connected    bool
	Tile         TileState
}

// ChatLine is one message, signed by its sender inside the group.
type ChatLine struct {
	From    keys.PublicKey
	Name    string
	Self    bool
	Text    string
	At      time.Time
	Pending bool // own, not yet echoed by the service
	Failed  bool // own, could not be sent
}

// Code is the security code over the whole line-up of the current epoch.
type Code struct {
	Digits   string // "12345 67890 …": six groups of five; "" before keys are ready
	Words    []string
	Epoch    uint64
	Compared CodeVerdict
	Joined   []keys.PublicKey // since it was last found to match
	Left     int              // how many left since then
}

// CodeVerdict is what the person said of the code.
type CodeVerdict uint8

// The verdicts on a code.
const (
	CodeNotCompared CodeVerdict = iota
	CodeMatches
	CodeStale // matched before the line-up changed
	CodeDiffers
)

// Badge holds the facts of the encryption badge; its colour and words are
// computed from them alone.
type Badge struct {
	EndToEnd     bool // media is sealed and this device holds a ready key
	Verified, Of int  // people
	Compared     CodeVerdict
	PostQuantum  bool
	LogChecked   bool
	Strangers    int // at the relay, not in the group
	Suite        string
}

// NoticeCode names a notice; ui/text has its words in every language.
type NoticeCode string

// The notices of the core.
const (
	NoticeNone            NoticeCode = ""
	NoticeServiceDown     NoticeCode = "service-down"
	NoticeServiceGone     NoticeCode = "service-gone"
	NoticeServiceBroken   NoticeCode = "service-did-not-start"
	NoticePortInUse       NoticeCode = "port-in-use"
	NoticePin             NoticeCode = "service-certificate-changed"
	NoticeVersion         NoticeCode = "service-version"
	NoticeBrokenLink      NoticeCode = "link-broken"
	NoticeForeignLink     NoticeCode = "link-foreign"
	NoticeNoMeeting       NoticeCode = "meeting-not-found"
	NoticeWrongPasscode   NoticeCode = "passcode-wrong"
	NoticeLocked          NoticeCode = "meeting-locked"
	NoticeFull            NoticeCode = "meeting-full"
	NoticeRefused         NoticeCode = "refused"
	NoticeTooFast         NoticeCode = "too-fast"
	NoticeRelabelled      NoticeCode = "meeting-relabelled" // descriptor does not match the link
	NoticeCameraMissing   NoticeCode = "camera-missing"
	NoticeCameraBusy      NoticeCode = "camera-busy"
	NoticeMicMissing      NoticeCode = "microphone-missing"
	NoticeSpeakerMissing  NoticeCode = "speaker-missing"
	NoticeScreenMissing   NoticeCode = "screen-missing" // the screen cannot be shared, or not any more
	NoticeNoKeychain      NoticeCode = "keychain-missing"
	NoticeStranger        NoticeCode = "stranger-at-relay"
	NoticeFork            NoticeCode = "meeting-forked"
	NoticeForged          NoticeCode = "forged-message"
	NoticeForbidden       NoticeCode = "forbidden-change"
	NoticeUnheard         NoticeCode = "members-unheard"
	NoticeCodeDiffers     NoticeCode = "code-differs"
	NoticeNameChanged     NoticeCode = "name-key-changed" // Name: a known name with another key
	NoticeRenamed         NoticeCode = "renamed"
	NoticeChatFailed      NoticeCode = "chat-failed"
	NoticeNameInvalid     NoticeCode = "name-invalid"
	NoticeInternal        NoticeCode = "internal"
	NoticeNothingToDecode NoticeCode = "cannot-decrypt"
)

// Severity orders notices.
type Severity uint8

// The severities.
const (
	SeverityInfo Severity = iota
	SeverityWarning
	SeverityAlarm // security: says what to do, stays until dismissed
)

// Notice is one thing to tell the person. Name is a display name to fill into
// the words, or "".
type Notice struct {
	ID       uint64
	Code     NoticeCode
	Severity Severity
	Modal    bool
	Name     string
	At       time.Time
}

// Stream is one of a person's pictures.
type Stream uint8

// The pictures of a person.
const (
	StreamCamera Stream = iota
	StreamScreen
)

// Frames gives the screens their pictures. It is apart from Snapshot because
// video never passes through state. Safe for concurrent use.
type Frames interface {
	// Want says at which pixel size a picture is shown now; width 0 means that
	// it is not visible and need not be decoded.
	Want(person keys.PublicKey, stream Stream, width, height int)
	// Latest returns the newest picture and its sequence number, or nil and 0
	// before the first. The picture may be smaller than was wanted, in the same
	// proportions; it is read-only and stays until the next Latest.
	Latest(person keys.PublicKey, stream Stream) (*image.RGBA, uint64)
}
