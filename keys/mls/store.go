package mls

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"

	"conclave/keys/mls/internal/codec"
	"conclave/keys/mls/internal/framing"
	"conclave/keys/mls/internal/rule"
	"conclave/keys/mls/internal/schedule"
	"conclave/keys/mls/internal/suite"
	"conclave/keys/mls/internal/tree"
)

// SealKeySize is the length of the keys of Seal: AES-256.
const SealKeySize = 32

// What a sealed blob holds; it is bound into the encryption, so that one kind is
// never read as another.
const (
	sealedGroup      = "conclave keys/mls group 1"
	sealedKeyPackage = "conclave keys/mls key package 1"
)

// Seal returns the whole state of the group, encrypted under a key that the caller
// keeps elsewhere. The signing key is not in it.
//
// Store it after every method that changes the group, and never go back to an older
// one: keys would be used twice. A pending commit is stored too, so that its echo is
// known after a restart.
func (g *Group) Seal(key []byte) ([]byte, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.now == nil {
		return nil, ErrRemoved
	}
	var w codec.Writer
	w.Uint16(uint16(g.config.Suite))
	g.now.encode(&w)
	w.Uint8(uint8(len(g.past)))
	for _, p := range g.past {
		p.encode(&w)
	}
	// A new signing key cannot be stored, so neither can a commit that brings it.
	stored := g.pending != nil && g.pending.signer == nil
	w.Optional(stored)
	if stored {
		g.pending.encode(&w)
	}
	return seal(key, sealedGroup, w.Bytes())
}

// Open reads what Group.Seal wrote. The configuration must be the group's own.
func Open(c Config, key, sealed []byte) (*Group, error) {
	s, err := c.check()
	if err != nil {
		return nil, fmt.Errorf("open group: %w", err)
	}
	b, err := unseal(key, sealedGroup, sealed)
	if err != nil {
		return nil, fmt.Errorf("open group: %w", err)
	}
	defer clear(b)
	r := codec.NewReader(b)
	if suite.ID(r.Uint16()) != s.ID() {
		return nil, fmt.Errorf("open group: %w: another cipher suite", ErrConfig)
	}
	g := &Group{config: c, now: decodeState(s, r)}
	for range min(int(r.Uint8()), maxPast) {
		g.past = append(g.past, decodePast(s, r))
	}
	if r.Optional() {
		g.pending = decodeStaged(s, r)
		g.pending.base = g.now
	}
	if err := r.Done(); err != nil {
		return nil, fmt.Errorf("open group: %w: %w", ErrSealed, err)
	}
	own := g.now.tree.Leaf(g.now.self())
	signatureKey, err := s.SignatureKey(c.Signer)
	if err != nil || own == nil || string(own.SignatureKey) != string(signatureKey) {
		return nil, fmt.Errorf("open group: %w: the signing key is not the member's", ErrConfig)
	}
	g.config.Credential = own.Credential
	return g, nil
}

func (st *state) encode(w *codec.Writer) {
	st.context.Encode(w)
	w.Opaque(codec.Marshal(st.tree))
	st.private.Encode(w)
	st.epoch.Encode(w)
	st.secrets.Encode(w)
	w.Opaque(st.tag)
	w.Vector(func(w *codec.Writer) {
		for _, p := range st.proposals {
			w.Opaque(p.ref)
			p.sender.Encode(w)
			p.proposal.Encode(w)
		}
	})
	w.Vector(func(w *codec.Writer) {
		for _, public := range slices.Sorted(maps.Keys(st.updates)) {
			w.Opaque([]byte(public))
			w.Opaque(st.updates[public])
		}
	})
}

func decodeState(s *suite.Suite, r *codec.Reader) *state {
	st := &state{suite: s, private: new(tree.Private), epoch: new(schedule.Epoch), updates: make(map[string]suite.Secret)}
	st.context.Decode(r)
	st.contextBytes = codec.Marshal(&st.context)
	st.tree = decodeTree(s, r)
	st.private.Decode(r)
	st.epoch.Decode(r)
	st.secrets = schedule.DecodeSecretTree(s, r)
	st.tag = r.Opaque()
	st.interim = framing.InterimTranscript(s, st.context.TranscriptHash, st.tag)
	st.proposals = codec.Vector(r, func(r *codec.Reader) *pending {
		p := &pending{ref: r.Opaque(), proposal: new(framing.Proposal)}
		p.sender.Decode(r)
		p.proposal.Decode(r)
		return p
	})
	codec.Vector(r, func(r *codec.Reader) struct{} {
		public := string(r.Opaque())
		st.updates[public] = r.Opaque()
		return struct{}{}
	})
	return st
}

// decodeTree reads a tree and works out its hashes, which readers then share.
func decodeTree(s *suite.Suite, r *codec.Reader) *tree.Tree {
	t, err := tree.Parse(s, r.Opaque())
	if err != nil {
		r.Fail(err)
		return tree.New(s, new(tree.LeafNode))
	}
	t.Hash()
	return t
}

func (p *past) encode(w *codec.Writer) {
	w.Uint64(p.epoch)
	w.Opaque(p.contextBytes)
	w.Opaque(codec.Marshal(p.tree))
	w.Opaque(p.senderData)
	w.Opaque(p.resumption)
	p.secrets.Encode(w)
	w.Uint32(uint32(p.self))
}

func decodePast(s *suite.Suite, r *codec.Reader) *past {
	return &past{
		suite: s, epoch: r.Uint64(), contextBytes: r.Opaque(), tree: decodeTree(s, r),
		senderData: r.Opaque(), resumption: r.Opaque(), secrets: schedule.DecodeSecretTree(s, r), self: LeafIndex(r.Uint32()),
	}
}

func (s *Staged) encode(w *codec.Writer) {
	w.Opaque(s.message)
	w.Opaque(s.welcome)
	w.Optional(s.cred != nil)
	if s.cred != nil {
		s.cred.Encode(w)
	}
	s.next.encode(w)
	s.Change.encode(w)
}

func decodeStaged(s *suite.Suite, r *codec.Reader) *Staged {
	st := &Staged{use: func() {}}
	st.message = r.Opaque()
	st.hash = sha256.Sum256(st.message)
	if st.welcome = r.Opaque(); len(st.welcome) == 0 {
		st.welcome = nil
	}
	if r.Optional() {
		st.cred = new(Credential)
		st.cred.Decode(r)
	}
	st.next = decodeState(s, r)
	st.Change.decode(r)
	return st
}

func (c *Change) encode(w *codec.Writer) {
	w.Uint64(c.Epoch)
	w.Uint32(uint32(c.Committer))
	writeMembers(w, c.Added)
	writeMembers(w, c.Removed)
	w.Vector(func(w *codec.Writer) {
		for _, i := range c.Updated {
			w.Uint32(uint32(i))
		}
	})
	c.Extensions.Encode(w)
	w.Optional(c.ExtensionsChanged)
	w.Optional(c.PathRenewed)
	w.Opaque(c.AuthenticatedData)
	w.Opaque(c.TreeHash)
	w.Opaque(c.TranscriptHash)
}

func (c *Change) decode(r *codec.Reader) {
	c.Own = true
	c.Epoch = r.Uint64()
	c.Committer = LeafIndex(r.Uint32())
	c.Added = readMembers(r)
	c.Removed = readMembers(r)
	c.Updated = codec.Vector(r, func(r *codec.Reader) LeafIndex { return LeafIndex(r.Uint32()) })
	c.Extensions.Decode(r)
	c.ExtensionsChanged = r.Optional()
	c.PathRenewed = r.Optional()
	c.AuthenticatedData = r.Opaque()
	c.TreeHash = r.Opaque()
	c.TranscriptHash = r.Opaque()
}

func writeMembers(w *codec.Writer, list []Member) {
	w.Vector(func(w *codec.Writer) {
		for _, m := range list {
			w.Uint32(uint32(m.Leaf))
			m.Credential.Encode(w)
			w.Opaque(m.SignatureKey)
			m.Extensions.Encode(w)
		}
	})
}

func readMembers(r *codec.Reader) []Member {
	return codec.Vector(r, func(r *codec.Reader) (m Member) {
		m.Leaf = LeafIndex(r.Uint32())
		m.Credential.Decode(r)
		m.SignatureKey = r.Opaque()
		m.Extensions.Decode(r)
		return m
	})
}

// seal encrypts a blob with AES-256-GCM under a random nonce.
func seal(key []byte, kind string, plaintext []byte) ([]byte, error) {
	defer clear(plaintext)
	a, err := sealer(key)
	if err != nil {
		return nil, err
	}
	nonce := make([]byte, a.NonceSize(), a.NonceSize()+len(plaintext)+a.Overhead())
	if _, err := rand.Read(nonce); err != nil {
		return nil, err
	}
	return a.Seal(nonce, nonce, plaintext, []byte(kind)), nil
}

func unseal(key []byte, kind string, sealed []byte) ([]byte, error) {
	a, err := sealer(key)
	if err != nil {
		return nil, err
	}
	if len(sealed) < a.NonceSize() {
		return nil, ErrSealed
	}
	b, err := a.Open(nil, sealed[:a.NonceSize()], sealed[a.NonceSize():], []byte(kind))
	if err != nil {
		return nil, ErrSealed
	}
	return b, nil
}

func sealer(key []byte) (cipher.AEAD, error) {
	if len(key) != SealKeySize {
		return nil, rule.Because("16", "seal state: length of the key", ErrConfig)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}
