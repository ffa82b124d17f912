package group

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"strings"

	"conclave/keys"
)

// MaxMembers is how many members a group takes: every leaf must have a number that
// a frame's key identifier can hold, and leaves are never moved.
const MaxMembers = 1000

// Labels of exported secrets. Those of SFrame are fixed by RFC 9605 section 5.2.
const (
	labelFrames = "SFrame 1.0 Base Key"
	labelRoster = "Conclave 1 roster\x00"
)

// frameKeySize is the length of a base key for frames: they are sealed with
// AES-256-GCM (suite 5 of RFC 9605), whatever the suite of the group is.
const frameKeySize = 32

// Config says which device enters which meeting.
type Config struct {
	// Device is this device's key. It signs in MLS.
	Device keys.DeviceKey
	// Descriptor is the meeting's, as the service handed it out.
	Descriptor keys.SignedDescriptor
	// Meeting is the identifier from the link. Descriptor must be the one it
	// names. The zero value takes the descriptor's own: for the host, who made it.
	Meeting keys.MeetingID
	// Passport is the device's passport (DER), which becomes its credential; nil
	// for a guest.
	Passport []byte
}

// meeting is a verified Config.
type meeting struct {
	device     keys.DeviceKey
	descriptor keys.Descriptor
	id         keys.MeetingID
	passport   []byte // nil for none; replaced, never written
}

func (c Config) verify() (meeting, error) {
	want := c.Meeting
	if want.IsZero() {
		d, err := keys.ParseDescriptor(c.Descriptor.Encoded)
		if err != nil {
			return meeting{}, err
		}
		want = d.ID()
	}
	d, err := c.Descriptor.Verify(want)
	if err != nil {
		return meeting{}, err
	}
	if !supports(d.Suite) {
		return meeting{}, ErrSuite
	}
	if err := checkPassport(c.Passport, c.Device.Public()); err != nil {
		return meeting{}, err
	}
	return meeting{device: c.Device, descriptor: d, id: want, passport: bytes.Clone(c.Passport)}, nil
}

// Member is a device in the meeting. Leaf is its place in the tree, kept as long
// as it stays and then perhaps given to another.
type Member struct {
	Leaf uint32
	Key  keys.PublicKey
}

// Group is this device's membership in the meeting.
type Group struct {
	meeting  meeting
	engine   engine
	roster   []Member // of the present epoch, ascending by leaf
	papers   papers   // of the present epoch
	staged   []byte   // our commit, waiting for its echo
	departed map[keys.PublicKey]bool
	own      ownMessages
	err      error // ErrRemoved or ErrClosed when the group is over
}

// Create makes the meeting's group with this device, the host, alone in it.
func Create(cfg Config) (*Group, error) {
	m, err := cfg.verify()
	if err != nil {
		return nil, fmt.Errorf("create group: %w", err)
	}
	if cfg.Device.Public() != m.descriptor.Host {
		return nil, fmt.Errorf("create group: %w: only its host creates it", ErrOtherMeeting)
	}
	e, err := found(m)
	if err != nil {
		return nil, fmt.Errorf("create group: %w", err)
	}
	return newGroup(m, e)
}

func newGroup(m meeting, e engine) (*Group, error) {
	g := &Group{meeting: m, engine: e, departed: map[keys.PublicKey]bool{}}
	roster, papers, err := rosterOf(e, nil)
	if err != nil {
		return nil, err
	}
	g.roster, g.papers = roster, papers
	return g, nil
}

// Meeting returns the meeting's identifier.
func (g *Group) Meeting() keys.MeetingID { return g.meeting.id }

// Host returns the host's device key.
func (g *Group) Host() keys.PublicKey { return g.meeting.descriptor.Host }

// Epoch returns the number of the present epoch; 0 once the group is over.
func (g *Group) Epoch() uint64 {
	if g.err != nil {
		return 0
	}
	return g.engine.epoch()
}

// Members returns everybody in the present epoch, ascending by leaf.
func (g *Group) Members() []Member { return append([]Member(nil), g.roster...) }

// Self returns this device's own membership.
func (g *Group) Self() Member {
	m, _ := g.find(g.meeting.device.Public())
	return m
}

// Authenticator returns the epoch authenticator: equal for all who are in the same
// epoch of the same group, and for nobody else. Nil once the group is over.
func (g *Group) Authenticator() []byte {
	if g.err != nil {
		return nil
	}
	return g.engine.authenticator()
}

// Code returns the security code of the present epoch, or the zero Code once the
// group is over.
func (g *Group) Code() keys.Code {
	if g.err != nil {
		return keys.Code{}
	}
	identities := make([]keys.PublicKey, len(g.roster))
	for i, m := range g.roster {
		identities[i] = m.Key
	}
	return keys.SecurityCode(g.engine.authenticator(), g.meeting.id, identities)
}

// RosterHash returns a hash of meeting, epoch and members, for heartbeats.
func (g *Group) RosterHash() [32]byte {
	msg := append([]byte(labelRoster), g.meeting.id[:]...)
	msg = binary.BigEndian.AppendUint64(msg, g.Epoch())
	for _, m := range g.roster {
		msg = binary.BigEndian.AppendUint32(msg, m.Leaf)
		msg = append(msg, m.Key[:]...)
	}
	return sha256.Sum256(msg)
}

// Departed records that a member has left or lost its connection, as it said
// itself or as the service reports. Afterwards anybody may remove it. A lying
// service can in this way have people removed, and never have anybody added.
// Removing the host closes the meeting to newcomers.
func (g *Group) Departed(key keys.PublicKey) {
	if _, ok := g.find(key); ok {
		g.departed[key] = true
	}
}

// Returned takes back Departed: the member's connection is there again.
func (g *Group) Returned(key keys.PublicKey) { delete(g.departed, key) }

// Staged is a commit that waits for the service to order it.
type Staged struct {
	Epoch   uint64 // the epoch that it ends
	Commit  []byte // for everybody, this device included
	Welcome []byte // for those who are added; nil when nobody is
}

// Commit prepares a commit that adds the devices of these key packages, removes
// these members and renews this device's keys, and its credential when UsePassport
// brought another; with neither it only renews. It
// takes effect when Handle is given Staged.Commit back, and is to be discarded when
// another commit wins. It keeps the rules of the meeting like everybody else's.
func (g *Group) Commit(adds [][]byte, removes []keys.PublicKey) (Staged, error) {
	if g.err != nil {
		return Staged{}, fmt.Errorf("commit: %w", g.err)
	}
	if g.staged != nil {
		return Staged{}, fmt.Errorf("commit: %w", ErrPending)
	}
	leaves, err := g.leaves(removes)
	if err != nil {
		return Staged{}, fmt.Errorf("commit: %w", err)
	}
	admissions, err := g.admit(adds)
	if err != nil {
		return Staged{}, fmt.Errorf("commit: %w", err)
	}
	if len(g.roster)-len(leaves)+len(adds) > MaxMembers {
		return Staged{}, fmt.Errorf("commit: %w", ErrFull)
	}
	commit, welcome, err := g.engine.stage(adds, leaves, admissions, g.meeting.passport)
	if err != nil {
		return Staged{}, fmt.Errorf("commit: %w", err)
	}
	g.staged = commit
	return Staged{Epoch: g.engine.epoch(), Commit: bytes.Clone(commit), Welcome: g.meeting.signWelcome(welcome)}, nil
}

// Discard forgets the staged commit: another one won, or the service refused it.
func (g *Group) Discard() {
	if g.err == nil && g.staged != nil {
		g.engine.discard()
		g.staged = nil
	}
}

// Handle takes a message as the service delivers it, in its order: a commit of
// anybody, this device's own included, or an application message. On error nothing
// has changed; the errors are those of this package.
func (g *Group) Handle(message []byte) (Event, error) {
	if g.err != nil {
		return nil, fmt.Errorf("handle message: %w", g.err)
	}
	if g.staged != nil && bytes.Equal(message, g.staged) {
		event, err := g.merge()
		if err != nil {
			return nil, fmt.Errorf("handle own commit: %w", err)
		}
		return event, nil
	}
	if said, ok := g.own.find(message); ok {
		return said, nil
	}
	event, err := g.read(message)
	if err != nil {
		return nil, fmt.Errorf("handle message: %w", err)
	}
	return event, nil
}

// merge puts our own commit into effect.
func (g *Group) merge() (Event, error) {
	if err := g.engine.merge(); err != nil {
		return nil, err
	}
	g.staged = nil
	return g.changed(g.Self())
}

func (g *Group) read(message []byte) (Event, error) {
	out, err := g.engine.read(message, g.judge)
	if err != nil {
		return nil, err
	}
	key, ok := g.papers.key(out.from)
	if !ok {
		return nil, &ForbiddenError{Why: BadCredential}
	}
	from := Member{Leaf: out.from.index, Key: key}
	switch {
	case out.removed:
		self := g.Self()
		g.end(ErrRemoved)
		return Changed{Epoch: out.epoch + 1, By: from, Removed: []Member{self}, SelfRemoved: true}, nil
	case out.commit:
		g.staged = nil
		return g.changed(from)
	}
	if now, ok := g.find(key); !ok || now.Leaf != from.Leaf {
		return nil, &ForbiddenError{Why: SenderLeft, By: from}
	}
	return Said{From: from, Epoch: out.epoch, Plaintext: out.plaintext}, nil
}

// changed takes over the roster of the new epoch and says what is different.
func (g *Group) changed(by Member) (Event, error) {
	after, papers, err := rosterOf(g.engine, g.papers)
	if err != nil {
		// judge has looked at everybody who came in, so this does not happen; if it
		// did, no key of such a group may be used.
		g.end(ErrClosed)
		return nil, err
	}
	event := Changed{Epoch: g.engine.epoch(), By: by, Added: without(after, g.roster), Removed: without(g.roster, after)}
	g.roster, g.papers = after, papers
	for _, m := range event.Removed {
		delete(g.departed, m.Key)
	}
	return event, nil
}

// Seal encrypts an application message of this epoch. The service echoes it like
// all messages, and Handle then returns it as Said by this device.
func (g *Group) Seal(plaintext []byte) ([]byte, error) {
	if g.err != nil {
		return nil, fmt.Errorf("seal message: %w", g.err)
	}
	sealed, err := g.engine.seal(plaintext)
	if err != nil {
		return nil, fmt.Errorf("seal message: %w", err)
	}
	g.own.add(sealed, Said{From: g.Self(), Epoch: g.engine.epoch(), Plaintext: bytes.Clone(plaintext)})
	return sealed, nil
}

// Export derives a secret of the present epoch (RFC 9420 section 8.5). Labels are
// constants of the caller; those that begin with "SFrame" are refused.
func (g *Group) Export(label string, context []byte, n int) ([]byte, error) {
	if strings.HasPrefix(label, "SFrame") {
		return nil, fmt.Errorf("export secret: frame keys are exported by FrameKeys alone")
	}
	return g.export(label, context, n)
}

func (g *Group) export(label string, context []byte, n int) ([]byte, error) {
	if g.err != nil {
		return nil, fmt.Errorf("export secret: %w", g.err)
	}
	secret, err := g.engine.export(label, context, n)
	if err != nil {
		return nil, fmt.Errorf("export secret: %w", err)
	}
	return secret, nil
}

// FrameKeys is what a frame.Ring needs to know about an epoch.
type FrameKeys struct {
	Epoch uint64
	Leaf  uint32 // this device's
	Base  []byte // secret; wipe it after AddEpoch
}

// FrameKeys derives the base key of the present epoch's frames (RFC 9605 section
// 5.2), for frame.Ring.AddEpoch. A meeting in transport mode has a group, for its
// roster and its signed messages, but no frame keys: ErrMode.
func (g *Group) FrameKeys() (FrameKeys, error) {
	if g.meeting.descriptor.Mode != keys.ModeE2EE {
		return FrameKeys{}, fmt.Errorf("derive frame keys: %w", ErrMode)
	}
	base, err := g.export(labelFrames, nil, frameKeySize)
	if err != nil {
		return FrameKeys{}, err
	}
	return FrameKeys{Epoch: g.engine.epoch(), Leaf: g.Self().Leaf, Base: base}, nil
}

// Close wipes the group's secrets. Everything fails afterwards.
func (g *Group) Close() { g.end(ErrClosed) }

func (g *Group) end(why error) {
	if g.err != nil {
		return
	}
	g.engine.close()
	g.own = ownMessages{}
	g.staged, g.err = nil, why
}

func (g *Group) find(key keys.PublicKey) (Member, bool) {
	for _, m := range g.roster {
		if m.Key == key {
			return m, true
		}
	}
	return Member{}, false
}
