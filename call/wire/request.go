package wire

import "conclave/keys"

// Hello answers the service's Challenge and proves that the connection belongs
// to a device. It is the first message of a client, once per connection; the
// answer is Ready, or Failed and the end of the connection. Make it with
// [NewHello].
type Hello struct {
	Version   int            `json:"version"`
	Device    keys.PublicKey `json:"device"`
	Signature []byte         `json:"signature"`
}

// Create opens the meeting that the signed descriptor describes. The device
// must be the descriptor's host; it is seated at epoch 0.
type Create struct {
	Ref       uint32 `json:"ref"`
	Encoded   []byte `json:"encoded"`
	Signature []byte `json:"signature"`
}

// Look asks for a meeting's descriptor and state. It binds nothing.
type Look struct {
	Ref     uint32         `json:"ref"`
	Meeting keys.MeetingID `json:"meeting"`
}

// Knock asks to be let in. Sealed holds name and passcode, readable by the
// host's device only. The connection waits in the lobby until Joined, Refused
// or Leave; a lost connection takes its knock with it.
type Knock struct {
	Ref        uint32         `json:"ref"`
	Meeting    keys.MeetingID `json:"meeting"`
	KeyPackage []byte         `json:"keypackage"`
	Sealed     []byte         `json:"sealed"`
}

// Refuse turns a knock away; for the host's device.
type Refuse struct {
	Ref    uint32 `json:"ref"`
	Ticket Ticket `json:"ticket"`
	Reason Reason `json:"reason"`
}

// Commit offers an MLS commit made in Epoch. The first one for the current
// epoch is ordered; any later one fails as stale. Adds become seated and get
// Welcome; Removes are unseated (before the adds, so a device can be replaced
// in one commit) and leave the relay at once. Both empty is a path update.
type Commit struct {
	Ref     uint32           `json:"ref"`
	Epoch   uint64           `json:"epoch"`
	Commit  []byte           `json:"commit"`
	Welcome []byte           `json:"welcome,omitempty"`
	Adds    []Ticket         `json:"adds,omitempty"`
	Removes []keys.PublicKey `json:"removes,omitempty"`
}

// Say offers an MLS application message sealed in Epoch. It is ordered among
// the commits, so it fails as stale unless Epoch is current: everyone who gets
// it is then in the epoch that opens it.
type Say struct {
	Ref     uint32 `json:"ref"`
	Epoch   uint64 `json:"epoch"`
	Message []byte `json:"message"`
}

// Lock closes (or opens) the lobby to new knocks; for the host's device.
type Lock struct {
	Ref    uint32 `json:"ref"`
	Locked bool   `json:"locked"`
}

// Leave gives up the seat, or the place in the lobby. A seat that was left
// cannot be resumed: coming back is a new Knock.
type Leave struct {
	Ref uint32 `json:"ref"`
}

// End ends the meeting for all, for good; for the host's device.
type End struct {
	Ref uint32 `json:"ref"`
}

// Resume takes a seat up again on a new connection. The service replays what
// was ordered after the sequence After, in order, before its Done. After is the
// last sequence that the client has handled; 0 when it never got its Joined.
type Resume struct {
	Ref     uint32         `json:"ref"`
	Meeting keys.MeetingID `json:"meeting"`
	After   uint64         `json:"after"`
}

// Renew asks for a fresh MediaToken, which comes before the Done.
type Renew struct {
	Ref uint32 `json:"ref"`
}

func (Hello) Type() string  { return "hello" }
func (Create) Type() string { return "create" }
func (Look) Type() string   { return "look" }
func (Knock) Type() string  { return "knock" }
func (Refuse) Type() string { return "refuse" }
func (Commit) Type() string { return "commit" }
func (Say) Type() string    { return "say" }
func (Lock) Type() string   { return "lock" }
func (Leave) Type() string  { return "leave" }
func (End) Type() string    { return "end" }
func (Resume) Type() string { return "resume" }
func (Renew) Type() string  { return "renew" }

func (Hello) Reference() uint32    { return 0 }
func (m Create) Reference() uint32 { return m.Ref }
func (m Look) Reference() uint32   { return m.Ref }
func (m Knock) Reference() uint32  { return m.Ref }
func (m Refuse) Reference() uint32 { return m.Ref }
func (m Commit) Reference() uint32 { return m.Ref }
func (m Say) Reference() uint32    { return m.Ref }
func (m Lock) Reference() uint32   { return m.Ref }
func (m Leave) Reference() uint32  { return m.Ref }
func (m End) Reference() uint32    { return m.Ref }
func (m Resume) Reference() uint32 { return m.Ref }
func (m Renew) Reference() uint32  { return m.Ref }

func (Hello) request()  {}
func (Create) request() {}
func (Look) request()   {}
func (Knock) request()  {}
func (Refuse) request() {}
func (Commit) request() {}
func (Say) request()    {}
func (Lock) request()   {}
func (Leave) request()  {}
func (End) request()    {}
func (Resume) request() {}
func (Renew) request()  {}

func (m Hello) check() error {
	return first(
		// A version other than ours is decoded, so that it can be answered.
		positive("version", uint64(max(m.Version, 0))),
		device("device", m.Device),
		size("signature", m.Signature, 1, MaxSignature),
	)
}

func (m Create) check() error {
	return first(
		reference(m.Ref),
		size("encoded", m.Encoded, 1, MaxDescriptor),
		size("signature", m.Signature, 1, MaxSignature),
	)
}

func (m Look) check() error { return first(reference(m.Ref), meeting(m.Meeting)) }

func (m Knock) check() error {
	return first(
		reference(m.Ref),
		meeting(m.Meeting),
		size("keypackage", m.KeyPackage, 1, MaxKeyPackage),
		size("sealed", m.Sealed, 1, MaxSealedKnock),
	)
}

func (m Refuse) check() error {
	return first(reference(m.Ref), positive("ticket", uint64(m.Ticket)), m.Reason.check())
}

func (m Commit) check() error {
	err := first(
		reference(m.Ref),
		size("commit", m.Commit, 1, MaxCommit),
		size("welcome", m.Welcome, 0, MaxWelcome),
		distinct("adds", m.Adds),
		distinct("removes", m.Removes),
	)
	if err != nil {
		return err
	}
	if (len(m.Adds) == 0) != (len(m.Welcome) == 0) {
		return fault("welcome", "must be there exactly when adds are")
	}
	return nil
}

func (m Say) check() error {
	return first(reference(m.Ref), size("message", m.Message, 1, MaxSaid))
}

func (m Lock) check() error   { return reference(m.Ref) }
func (m Leave) check() error  { return reference(m.Ref) }
func (m End) check() error    { return reference(m.Ref) }
func (m Resume) check() error { return first(reference(m.Ref), meeting(m.Meeting)) }
func (m Renew) check() error  { return reference(m.Ref) }
