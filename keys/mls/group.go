package mls

import (
	"crypto/rand"
	"fmt"
	"sync"

	"conclave/keys/mls/internal/codec"
	"conclave/keys/mls/internal/framing"
	"conclave/keys/mls/internal/schedule"
	"conclave/keys/mls/internal/suite"
	"conclave/keys/mls/internal/tree"
)

// maxGroupID bounds a group's name.
const maxGroupID = 255

// Group is one member's view of a group. Its methods may be called from several
// goroutines; they run one after the other. A method that fails leaves the group as
// it was.
type Group struct {
	suite.Hidden
	mu      sync.Mutex
	config  Config
	now     *state  // nil when this client was removed
	past    []*past // newest first
	pending *Staged // this client's own commit, waiting for its echo
}

// Create founds a group with one member (section 11). extensions go into the
// group's context.
func Create(c Config, groupID []byte, extensions Extensions) (*Group, error) {
	s, err := c.check()
	if err != nil {
		return nil, fmt.Errorf("create group: %w", err)
	}
	if len(groupID) == 0 || len(groupID) > maxGroupID {
		return nil, fmt.Errorf("create group: %w: length of the group id", ErrConfig)
	}
	leaf, leafKey, err := c.newLeaf(s)
	if err != nil {
		return nil, fmt.Errorf("create group: %w", err)
	}
	t := tree.New(s, leaf)
	// Read back what will be sent: an extension given twice is refused here, and
	// the group keeps no slice of the caller's.
	var own Extensions
	if err := codec.Unmarshal(codec.Marshal(extensions), &own); err != nil {
		return nil, fmt.Errorf("create group: %w", err)
	}
	if err := t.CheckAllMembers(own); err != nil {
		return nil, fmt.Errorf("create group: %w", err)
	}
	if err := c.verifySenders(own); err != nil {
		return nil, fmt.Errorf("create group: %w", err)
	}
	secret := s.Zero()
	if _, err := rand.Read(secret); err != nil {
		return nil, fmt.Errorf("create group: %w", err)
	}
	defer secret.Wipe()
	context := groupContext{Suite: c.Suite, GroupID: append([]byte(nil), groupID...), TreeHash: t.Hash(), Extensions: own}
	epoch := schedule.FromEpochSecret(s, secret)
	tag := s.MAC(epoch.Confirmation, nil)
	return &Group{config: c, now: newState(s, context, t, tree.NewPrivate(0, leafKey), epoch, tag)}, nil
}

// ID returns the group's name.
func (g *Group) ID() []byte {
	return read(g, func(st *state) []byte { return append([]byte(nil), st.context.GroupID...) })
}

// Suite returns the group's cipher suite.
func (g *Group) Suite() Suite { return read(g, func(st *state) Suite { return st.context.Suite }) }

// Epoch returns the number of the present epoch.
func (g *Group) Epoch() uint64 { return read(g, func(st *state) uint64 { return st.context.Epoch }) }

// Removed reports whether this client was removed from the group. Then every other
// method fails, or returns a zero value.
func (g *Group) Removed() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.now == nil
}

// Self returns this member's leaf index.
func (g *Group) Self() LeafIndex { return read(g, (*state).self) }

// Members returns the members of the present epoch, by leaf index.
func (g *Group) Members() []Member {
	return read(g, func(st *state) (list []Member) {
		for i, leaf := range st.tree.Leaves {
			list = append(list, memberOf(i, leaf))
		}
		return list
	})
}

// Extensions returns the extensions of the group's context.
func (g *Group) Extensions() Extensions {
	return read(g, func(st *state) Extensions { return append(Extensions(nil), st.context.Extensions...) })
}

// TreeHash returns the hash of the ratchet tree (section 7.8).
func (g *Group) TreeHash() []byte {
	return read(g, func(st *state) []byte { return append([]byte(nil), st.context.TreeHash...) })
}

// ConfirmedTranscriptHash returns the hash over all commits so far (section 8.2).
func (g *Group) ConfirmedTranscriptHash() []byte {
	return read(g, func(st *state) []byte { return append([]byte(nil), st.context.TranscriptHash...) })
}

// EpochAuthenticator returns the secret that all members share, and nobody else
// has, if they agree on the whole state of the epoch (section 8.7).
func (g *Group) EpochAuthenticator() []byte {
	return read(g, func(st *state) []byte { return append([]byte(nil), st.epoch.Authenticator...) })
}

// RatchetTree returns the tree as the ratchet_tree extension has it (section
// 12.4.3.3), for those who fetch it apart. It holds nothing secret.
func (g *Group) RatchetTree() []byte {
	return read(g, func(st *state) []byte { return codec.Marshal(st.tree) })
}

// Export derives a secret for another protocol (section 8.5).
func (g *Group) Export(label string, context []byte, length int) ([]byte, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.now == nil {
		return nil, ErrRemoved
	}
	return g.now.epoch.Export(g.now.suite, label, context, length)
}

// GroupInfo returns a signed description of the present epoch, as an MLSMessage,
// with which a client can join by an external commit (section 12.4.3).
func (g *Group) GroupInfo(withTree bool) ([]byte, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.now == nil {
		return nil, ErrRemoved
	}
	st := g.now
	pair, err := st.epoch.ExternalKey(st.suite)
	if err != nil {
		return nil, fmt.Errorf("make group info: %w", err)
	}
	pair.Private.Wipe()
	info := st.groupInfo(withTree)
	info.Extensions = append(info.Extensions, framing.ExternalPubExtension(pair.Public))
	if err := info.Sign(st.suite, g.config.Signer); err != nil {
		return nil, fmt.Errorf("make group info: %w", err)
	}
	return codec.Marshal(&framing.Message{Wire: framing.WireGroupInfo, GroupInfo: info}), nil
}

// Protect encrypts an application message to the group. authenticated travels in
// the clear, but nobody can change it (section 6.3).
func (g *Group) Protect(plaintext, authenticated []byte) ([]byte, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.now == nil {
		return nil, ErrRemoved
	}
	st := g.now
	a := st.content(framing.ContentApplication, authenticated)
	a.Content.Application = plaintext
	a.Wire = framing.WirePrivate
	if err := a.Sign(st.suite, g.config.Signer, st.contextBytes); err != nil {
		return nil, fmt.Errorf("protect message: %w", err)
	}
	m, err := a.Encrypt(st.suite, st.secrets, st.epoch.SenderData, g.config.Padding)
	if err != nil {
		return nil, fmt.Errorf("protect message: %w", err)
	}
	return codec.Marshal(&framing.Message{Wire: framing.WirePrivate, Private: m}), nil
}

// SetEncryptHandshake changes Config.EncryptHandshake from the next message on.
func (g *Group) SetEncryptHandshake(encrypt bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.config.EncryptHandshake = encrypt
}

// Pending reports whether a commit of this client waits for its echo.
func (g *Group) Pending() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.pending != nil
}

// Wipe overwrites all the group's secrets. The group is then as if this client had
// been removed.
func (g *Group) Wipe() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.pending != nil {
		g.pending.wipe()
	}
	for _, p := range g.past {
		p.wipe()
	}
	if g.now != nil {
		g.now.wipe()
		g.now.secrets.Wipe()
	}
	g.now, g.past, g.pending = nil, nil, nil
}

// read takes something out of the present epoch: its zero value when there is none.
func read[T any](g *Group, get func(*state) T) (v T) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.now != nil {
		v = get(g.now)
	}
	return v
}

// groupInfo describes the epoch, unsigned and without the external key.
func (st *state) groupInfo(withTree bool) *framing.GroupInfo {
	info := &framing.GroupInfo{Context: st.context, ConfirmationTag: st.tag, Signer: st.self()}
	if withTree {
		info.Extensions = append(info.Extensions, Extension{Type: tree.ExtensionRatchetTree, Data: codec.Marshal(st.tree)})
	}
	return info
}

// content begins a message of this member's.
func (st *state) content(kind framing.ContentType, authenticated []byte) *framing.Authenticated {
	return &framing.Authenticated{Content: framing.Content{
		GroupID: st.context.GroupID, Epoch: st.context.Epoch, Type: kind,
		Sender:            Sender{Type: SenderMember, Leaf: st.self()},
		AuthenticatedData: append([]byte(nil), authenticated...),
	}}
}

// handshakeWire is the form in which this client sends handshake messages.
func (c *Config) handshakeWire() framing.WireFormat {
	if c.EncryptHandshake {
		return framing.WirePrivate
	}
	return framing.WirePublic
}

// frame encodes a signed handshake message.
func (st *state) frame(c *Config, a *framing.Authenticated) ([]byte, error) {
	if a.Wire == framing.WirePublic {
		m := a.Protect(st.suite, st.epoch.Membership, st.contextBytes)
		return codec.Marshal(&framing.Message{Wire: a.Wire, Public: m}), nil
	}
	m, err := a.Encrypt(st.suite, st.secrets, st.epoch.SenderData, c.Padding)
	if err != nil {
		return nil, err
	}
	return codec.Marshal(&framing.Message{Wire: a.Wire, Private: m}), nil
}
