package calltest

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"time"

	"conclave/call"
	"conclave/call/wire"
	"conclave/keys"
	"conclave/keys/mls"
)

// Rogue is a member with an altered program: let in by the host like anybody,
// it knows the meeting's keys and asks no rules. Together with a lying service
// it can do all that MLS itself allows. One goroutine at a time.
type Rogue struct {
	conn   *HallConn
	config mls.Config
	group  *mls.Group
	id     keys.MeetingID
	device keys.PublicKey
}

// NewRogue connects a rogue; it knocks and waits until the host lets it in.
func NewRogue(ctx context.Context, h *Hall, id keys.MeetingID, name string) (*Rogue, error) {
	device, err := keys.NewDeviceKey()
	if err != nil {
		return nil, err
	}
	r := &Rogue{id: id, device: device.Public()}
	if r.conn, err = h.Dial(device.Public()); err != nil {
		return nil, err
	}
	if err := r.conn.Send(ctx, wire.Look{Ref: 1, Meeting: id}); err != nil {
		return nil, err
	}
	seen, err := next[wire.Meeting](ctx, r)
	if err != nil {
		return nil, err
	}
	about, err := keys.ParseDescriptor(seen.Encoded)
	if err != nil {
		return nil, err
	}
	r.config = mlsOf(device, about.Suite)
	key, err := mls.NewKeyPackage(r.config)
	if err != nil {
		return nil, err
	}
	statement, err := device.SignName(id, 1, name)
	if err != nil {
		return nil, err
	}
	sealed, err := keys.SealKnock(about.LobbyKey, id, device.Public(), keys.NewKnock(statement, ""))
	if err != nil {
		return nil, err
	}
	if err := r.conn.Send(ctx, wire.Knock{Ref: 2, Meeting: id, KeyPackage: key.Message(), Sealed: sealed}); err != nil {
		return nil, err
	}
	joined, err := next[wire.Joined](ctx, r)
	if err != nil {
		return nil, err
	}
	if len(joined.Welcome) < ed25519.SignatureSize {
		return nil, errors.New("the Welcome is too short")
	}
	welcome := joined.Welcome[ed25519.SignatureSize:] // behind the host's signature; see keys/group
	if r.group, err = mls.Join(r.config, key, welcome, nil); err != nil {
		return nil, err
	}
	return r, nil
}

// mlsOf is a member's configuration without any rule of meetings.
func mlsOf(device keys.DeviceKey, suite uint16) mls.Config {
	public := device.Public()
	return mls.Config{
		Suite: mls.Suite(suite), Signer: device.Signer(), Credential: mls.BasicCredential(public[:]),
		Verify: func(mls.Credential, []byte) error { return nil }, Successor: func(_, _ mls.Credential) error { return nil },
	}
}

// next waits for a message of a type.
func next[M wire.Message](ctx context.Context, r *Rogue) (M, error) {
	for {
		m, err := r.conn.Receive(ctx)
		if err != nil {
			return *new(M), fmt.Errorf("wait for a %T: %w", *new(M), err)
		}
		if m, ok := m.(M); ok {
			return m, nil
		}
		if _, refused := m.(wire.Refused); refused {
			return *new(M), errors.New("the rogue was refused")
		}
	}
}

// CatchUp handles what was ordered since.
func (r *Rogue) CatchUp(ctx context.Context) error {
	for {
		brief, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
		m, err := r.conn.Receive(brief)
		cancel()
		if err != nil {
			return ctx.Err()
		}
		switch m := m.(type) {
		case wire.Ordered:
			_, err = r.group.Handle(m.Commit)
		case wire.Said:
			if m.Sender != r.device {
				_, err = r.group.Handle(m.Message)
			}
		}
		if err != nil {
			return err
		}
	}
}

// Epoch is the one that the rogue is in.
func (r *Rogue) Epoch() uint64 { return r.group.Epoch() }

// AddGhost makes a commit that adds a device of the service's own.
func (r *Rogue) AddGhost() ([]byte, error) {
	config, err := r.ghost()
	if err != nil {
		return nil, err
	}
	key, err := mls.NewKeyPackage(config)
	if err != nil {
		return nil, err
	}
	return r.commit(mls.CommitOptions{Add: [][]byte{key.Message()}})
}

// Outside makes a commit with which a device of the service's own enters by
// itself, with the group's public state that the rogue hands it.
func (r *Rogue) Outside() ([]byte, error) {
	config, err := r.ghost()
	if err != nil {
		return nil, err
	}
	info, err := r.group.GroupInfo(true)
	if err != nil {
		return nil, err
	}
	_, commit, err := mls.JoinExternal(config, info, mls.ExternalOptions{})
	return commit, err
}

// Say has the service order a payload in the rogue's name.
func (r *Rogue) Say(ctx context.Context, p call.Payload) error {
	plain, err := call.EncodePayload(p)
	if err != nil {
		return err
	}
	sealed, err := r.group.Protect(plain, nil)
	if err != nil {
		return err
	}
	return r.conn.Send(ctx, wire.Say{Ref: 99, Epoch: r.group.Epoch(), Message: sealed})
}

// Wear has the service order a commit that makes a certificate (DER) the credential
// in the rogue's leaf; CatchUp puts it into effect.
func (r *Rogue) Wear(ctx context.Context, certificate []byte) error {
	c := mls.X509Credential([][]byte{certificate})
	epoch := r.group.Epoch()
	staged, err := r.group.Commit(mls.CommitOptions{Credential: &c, References: [][]byte{}})
	if err != nil {
		return err
	}
	return r.conn.Send(ctx, wire.Commit{Ref: 98, Epoch: epoch, Commit: staged.Message()})
}

// Expel makes a commit that removes a member.
func (r *Rogue) Expel(k keys.PublicKey) ([]byte, error) {
	for _, m := range r.group.Members() {
		if string(m.SignatureKey) == string(k[:]) {
			return r.commit(mls.CommitOptions{Remove: []mls.LeafIndex{m.Leaf}})
		}
	}
	return nil, errors.New("expel: not a member")
}

func (r *Rogue) commit(o mls.CommitOptions) ([]byte, error) {
	o.References = [][]byte{}
	staged, err := r.group.Commit(o)
	if err != nil {
		return nil, err
	}
	r.group.Discard(staged)
	return staged.Message(), nil
}

func (r *Rogue) ghost() (mls.Config, error) {
	device, err := keys.NewDeviceKey()
	return mlsOf(device, uint16(r.config.Suite)), err
}

// Device is the rogue's own key.
func (r *Rogue) Device() keys.PublicKey { return r.device }

// Send says something to the service.
func (r *Rogue) Send(ctx context.Context, m wire.Message) error { return r.conn.Send(ctx, m) }

// Close disconnects the rogue.
func (r *Rogue) Close() error { return r.conn.Close() }
