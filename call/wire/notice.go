package wire

import "conclave/keys"

// Challenge is the first message of a connection. Version is the newest that
// the service speaks.
type Challenge struct {
	Version int    `json:"version"`
	Nonce   []byte `json:"nonce"`
}

// Ready says that the Hello was accepted.
type Ready struct{}

// Meeting answers Look, before its Done. The client verifies the descriptor
// against the id in its link; Locked and HostHere are the service's word.
type Meeting struct {
	Encoded   []byte `json:"encoded"`
	Signature []byte `json:"signature"`
	Locked    bool   `json:"locked"`
	HostHere  bool   `json:"hosthere"`
}

// Waiting tells a knocking device its place in the lobby, from 1, and whether
// the host's device is connected; sent again when either changes.
type Waiting struct {
	Position int  `json:"position"`
	HostHere bool `json:"hosthere"`
}

// Knocking shows a knock to the host's device; again after it resumed.
type Knocking struct {
	Ticket     Ticket         `json:"ticket"`
	Device     keys.PublicKey `json:"device"`
	KeyPackage []byte         `json:"keypackage"`
	Sealed     []byte         `json:"sealed"`
}

// Withdrawn says that a knock shown before is gone.
type Withdrawn struct {
	Ticket Ticket `json:"ticket"`
}

// Refused ends a knock.
type Refused struct {
	Reason Reason `json:"reason"`
}

// Joined seats a device whose knock was admitted. Sequence is that of the
// commit that added it; what is ordered next follows.
type Joined struct {
	Welcome  []byte `json:"welcome"`
	Sequence uint64 `json:"sequence"`
}

// Ordered delivers a commit to everyone seated, its sender included. Epoch is
// the one it was made in, which it ends. Sequence counts Ordered and Said of
// the meeting together, from 1, without gaps.
type Ordered struct {
	Sequence uint64         `json:"sequence"`
	Epoch    uint64         `json:"epoch"`
	Sender   keys.PublicKey `json:"sender"`
	Commit   []byte         `json:"commit"`
}

// Said delivers an application message to everyone seated, its sender included
// (which cannot open it, and needs its sequence).
type Said struct {
	Sequence uint64         `json:"sequence"`
	Epoch    uint64         `json:"epoch"`
	Sender   keys.PublicKey `json:"sender"`
	Message  []byte         `json:"message"`
}

// Seat is one row of a Roster.
type Seat struct {
	Device    keys.PublicKey `json:"device"`
	Connected bool           `json:"connected"`
}

// Roster is the service's idea of who is seated, sorted by device. It is for
// presence only: the roster shown to people is that of the key epoch.
type Roster struct {
	Seated []Seat `json:"seated,omitempty"`
}

// Gone says that a seated device left, or that its connection has been dead for
// the grace time. From then on every seated device may commit its removal.
type Gone struct {
	Device keys.PublicKey `json:"device"`
}

// MediaToken admits the device to the meeting's room at the relay. URL is what
// a LiveKit client dials (ws or wss). The token prints as [hidden].
type MediaToken struct {
	URL   string `json:"url"`
	Token Token  `json:"token"`
}

// Locked tells everyone seated the state of the lobby.
type Locked struct {
	Locked bool `json:"locked"`
}

// Removed says that a commit unseated this device.
type Removed struct{}

// Ended says that the meeting is over for good.
type Ended struct {
	Reason EndReason `json:"reason"`
}

// Done answers a request that was carried out.
type Done struct {
	Ref uint32 `json:"ref"`
}

// Failed answers a request that was not, and that changed nothing. Ref is 0
// when the message could not be read, or was no request.
type Failed struct {
	Ref  uint32 `json:"ref"`
	Code Code   `json:"code"`
}

func (Challenge) Type() string  { return "challenge" }
func (Ready) Type() string      { return "ready" }
func (Meeting) Type() string    { return "meeting" }
func (Waiting) Type() string    { return "waiting" }
func (Knocking) Type() string   { return "knocking" }
func (Withdrawn) Type() string  { return "withdrawn" }
func (Refused) Type() string    { return "refused" }
func (Joined) Type() string     { return "joined" }
func (Ordered) Type() string    { return "ordered" }
func (Said) Type() string       { return "said" }
func (Roster) Type() string     { return "roster" }
func (Gone) Type() string       { return "gone" }
func (MediaToken) Type() string { return "media-token" }
func (Locked) Type() string     { return "locked" }
func (Removed) Type() string    { return "removed" }
func (Ended) Type() string      { return "ended" }
func (Done) Type() string       { return "done" }
func (Failed) Type() string     { return "failed" }

func (Challenge) notice()  {}
func (Ready) notice()      {}
func (Meeting) notice()    {}
func (Waiting) notice()    {}
func (Knocking) notice()   {}
func (Withdrawn) notice()  {}
func (Refused) notice()    {}
func (Joined) notice()     {}
func (Ordered) notice()    {}
func (Said) notice()       {}
func (Roster) notice()     {}
func (Gone) notice()       {}
func (MediaToken) notice() {}
func (Locked) notice()     {}
func (Removed) notice()    {}
func (Ended) notice()      {}
func (Done) notice()       {}
func (Failed) notice()     {}

func (m Challenge) check() error {
	return first(positive("version", uint64(max(m.Version, 0))), size("nonce", m.Nonce, NonceSize, NonceSize))
}

func (Ready) check() error { return nil }

func (m Meeting) check() error {
	return first(size("encoded", m.Encoded, 1, MaxDescriptor), size("signature", m.Signature, 1, MaxSignature))
}

func (m Waiting) check() error { return positive("position", uint64(max(m.Position, 0))) }

func (m Knocking) check() error {
	return first(
		positive("ticket", uint64(m.Ticket)),
		device("device", m.Device),
		size("keypackage", m.KeyPackage, 1, MaxKeyPackage),
		size("sealed", m.Sealed, 1, MaxSealedKnock),
	)
}

func (m Withdrawn) check() error { return positive("ticket", uint64(m.Ticket)) }
func (m Refused) check() error   { return m.Reason.check() }

func (m Joined) check() error {
	return first(size("welcome", m.Welcome, 1, MaxWelcome), positive("sequence", m.Sequence))
}

func (m Ordered) check() error {
	return first(
		positive("sequence", m.Sequence),
		device("sender", m.Sender),
		size("commit", m.Commit, 1, MaxCommit),
	)
}

func (m Said) check() error {
	return first(
		positive("sequence", m.Sequence),
		device("sender", m.Sender),
		size("message", m.Message, 1, MaxSaid),
	)
}

func (m Roster) check() error {
	if len(m.Seated) > MaxSeated {
		return fault("seated", "has too many entries")
	}
	seen := make(map[keys.PublicKey]bool, len(m.Seated))
	for _, s := range m.Seated {
		if err := device("device", s.Device); err != nil {
			return err
		}
		if seen[s.Device] {
			return fault("seated", "repeats an entry")
		}
		seen[s.Device] = true
	}
	return nil
}

func (m Gone) check() error { return device("device", m.Device) }

func (m MediaToken) check() error {
	return first(size("url", []byte(m.URL), 1, MaxURL), size("token", []byte(m.Token), 1, MaxToken))
}

func (Locked) check() error  { return nil }
func (Removed) check() error { return nil }
func (m Ended) check() error { return m.Reason.check() }
func (Done) check() error    { return nil }
func (m Failed) check() error {
	return m.Code.check()
}
