package group

import (
	"errors"

	"conclave/keys"
)

var (
	ErrStale  = errors.New("handle message: it belongs to an epoch that is over")
	ErrFuture = errors.New("handle message: it belongs to an epoch that has not begun here")
)

type Config struct {
	Device     keys.DeviceKey
	Descriptor keys.SignedDescriptor
	Meeting    keys.MeetingID
}
type Group struct{}
type Joining struct{}
type Member struct {
	Leaf uint32
	Key  keys.PublicKey
}
type Staged struct {
	Epoch           uint64
	Commit, Welcome []byte
}
type Event interface{ event() }

func Create(Config) (*Group, error)    { return nil, errors.ErrUnsupported }
func Prepare(Config) (*Joining, error) { return nil, errors.ErrUnsupported }
func CheckKeyPackage(Config, []byte) (keys.PublicKey, error) {
	return keys.PublicKey{}, errors.ErrUnsupported
}
func (j *Joining) KeyPackage() []byte                  { return nil }
func (j *Joining) Join(welcome []byte) (*Group, error) { return nil, errors.ErrUnsupported }
func (g *Group) Epoch() uint64                         { return 0 }
func (g *Group) Members() []Member                     { return nil }
func (g *Group) Self() Member                          { return Member{} }
func (g *Group) Authenticator() []byte                 { return nil }
func (g *Group) Code() keys.Code                       { return keys.Code{} }
func (g *Group) RosterHash() [32]byte                  { return [32]byte{} }
func (g *Group) Commit(adds [][]byte, removes []keys.PublicKey) (Staged, error) {
	return Staged{}, errors.ErrUnsupported
}
func (g *Group) Handle(message []byte) (Event, error)  { return nil, errors.ErrUnsupported }
func (g *Group) Departed(keys.PublicKey)               {}
func (g *Group) Discard()                              {}
func (g *Group) Seal(plaintext []byte) ([]byte, error) { return nil, errors.ErrUnsupported }
func (g *Group) Export(label string, context []byte, n int) ([]byte, error) {
	return nil, errors.ErrUnsupported
}
func (g *Group) FrameKeys() ([]byte, error) { return nil, errors.ErrUnsupported }
func (g *Group) Close()                     {}

type Changed struct {
	Epoch          uint64
	By             Member
	Added, Removed []Member
	SelfRemoved    bool
}
type Said struct {
	From      Member
	Epoch     uint64
	Plaintext []byte
}

func (Changed) event() {}
func (Said) event()    {}
