package mls

import (
	"crypto"
	"crypto/sha256"

	"conclave/keys/mls/internal/codec"
	"conclave/keys/mls/internal/framing"
	"conclave/keys/mls/internal/suite"
)

// Staged is a commit that has been checked, or made, but not yet applied.
type Staged struct {
	suite.Hidden
	Change
	base    *state
	next    *state            // nil when this client is removed
	hash    [sha256.Size]byte // of an own commit's message, to know its echo
	message []byte
	welcome []byte
	signer  crypto.Signer // replaces the present one, unless nil
	cred    *Credential
	use     func() // deletes the key of an encrypted commit
}

// Change says what a commit does to the group. It holds nothing secret.
type Change struct {
	Epoch             uint64    // the one the commit begins
	Committer         LeafIndex // of an external commit, the new member's
	External          bool      // the committer joins by this commit
	Added             []Member  // without an external committer
	Removed           []Member
	Updated           []LeafIndex // by their own Update
	Extensions        Extensions  // of the new epoch's context
	ExtensionsChanged bool
	PathRenewed       bool // the committer's keys were
	RemovesSelf       bool // this client is removed
	Own               bool // this client's own commit
	AuthenticatedData []byte
	TreeHash          []byte // of the new epoch
	TranscriptHash    []byte // confirmed, of the new epoch; nil when this client is removed
}

// Message returns an own commit as an MLSMessage, to be handed to the delivery
// service.
func (s *Staged) Message() []byte { return s.message }

// Welcome returns the Welcome for the members that an own commit adds, as an
// MLSMessage, or nil when there are none. It must not be delivered before the
// commit has won.
func (s *Staged) Welcome() []byte { return s.welcome }

// Members returns the members of the epoch the commit begins, or nil when this
// client is not among them.
func (s *Staged) Members() (list []Member) {
	if s.next != nil {
		for i, leaf := range s.next.tree.Leaves {
			list = append(list, memberOf(i, leaf))
		}
	}
	return list
}

// RatchetTree returns the tree of the epoch the commit begins, for new members who
// fetch it apart from their Welcome, or nil when this client is not in that epoch.
func (s *Staged) RatchetTree() []byte {
	if s.next == nil {
		return nil
	}
	return codec.Marshal(s.next.tree)
}

func (s *Staged) wipe() {
	if s.next != nil {
		s.next.wipe()
		s.next.secrets.Wipe()
	}
}

// describe says what a commit does.
func (ch *change) describe(base, next *state, a *framing.Authenticated) Change {
	d := Change{
		Epoch: base.context.Epoch + 1, Committer: a.Content.Sender.Leaf,
		External: a.Content.Sender.Type == SenderNewMemberCommit,
		Removed:  ch.removed, Updated: ch.updated,
		Extensions: ch.extensions, ExtensionsChanged: ch.newContext,
		PathRenewed: a.Content.Commit.Path != nil, RemovesSelf: ch.removesSelf,
		AuthenticatedData: a.Content.AuthenticatedData, TreeHash: ch.tree.Hash(),
	}
	for _, i := range ch.added {
		d.Added = append(d.Added, memberOf(i, ch.tree.Leaf(i)))
	}
	if next != nil {
		d.TranscriptHash = next.context.TranscriptHash
	}
	return d
}

// Merge applies a staged commit: one that Process returned, or an own one that the
// delivery service has confirmed by other means than its echo.
func (g *Group) Merge(s *Staged) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.merge(s)
}

// Discard drops a staged commit. After that another can be made in its place.
func (g *Group) Discard(s *Staged) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.now != nil && s.next == g.now {
		return // it has been applied, and its secrets are the group's
	}
	if g.pending == s {
		g.pending = nil
	}
	s.wipe()
}

// merge moves the group to the commit's epoch.
func (g *Group) merge(s *Staged) error {
	if g.now == nil {
		return ErrRemoved
	}
	if s.base != g.now {
		return ErrStale
	}
	s.use()
	if g.pending != nil && g.pending != s {
		g.pending.wipe()
	}
	g.pending = nil
	g.past = append([]*past{g.now.retire()}, g.past...)
	for len(g.past) > maxPast {
		g.past[len(g.past)-1].wipe()
		g.past = g.past[:len(g.past)-1]
	}
	g.now = s.next
	if s.signer != nil {
		g.config.Signer = s.signer
	}
	if s.cred != nil {
		g.config.Credential = *s.cred
	}
	if g.now == nil {
		for _, p := range g.past {
			p.wipe()
		}
		g.past = nil
	}
	return nil
}
