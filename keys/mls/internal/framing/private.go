package framing

import (
	"crypto/rand"

	"conclave/keys/mls/internal/codec"
	"conclave/keys/mls/internal/rule"
	"conclave/keys/mls/internal/schedule"
	"conclave/keys/mls/internal/suite"
	"conclave/keys/mls/internal/tree"
)

// PrivateMessage is a signed and encrypted message (section 6.3).
type PrivateMessage struct {
	GroupID           []byte
	Epoch             uint64
	Type              ContentType
	AuthenticatedData []byte
	SenderData        []byte // encrypted
	Ciphertext        []byte
}

// Encode writes the structure.
func (m *PrivateMessage) Encode(w *codec.Writer) {
	m.encodeHead(w)
	w.Opaque(m.AuthenticatedData)
	w.Opaque(m.SenderData)
	w.Opaque(m.Ciphertext)
}

// Decode reads the structure.
func (m *PrivateMessage) Decode(r *codec.Reader) {
	m.GroupID = r.Opaque()
	m.Epoch = r.Uint64()
	switch m.Type = ContentType(r.Uint8()); m.Type {
	case ContentApplication, ContentProposal, ContentCommit:
	default:
		r.Fail(rule.Broken("6", "decode private message: unknown content type"))
	}
	m.AuthenticatedData = r.Opaque()
	m.SenderData = r.Opaque()
	m.Ciphertext = r.Opaque()
}

func (m *PrivateMessage) encodeHead(w *codec.Writer) {
	w.Opaque(m.GroupID)
	w.Uint64(m.Epoch)
	w.Uint8(uint8(m.Type))
}

// contentAAD is PrivateContentAAD (section 6.3.1).
func (m *PrivateMessage) contentAAD() []byte {
	var w codec.Writer
	m.encodeHead(&w)
	w.Opaque(m.AuthenticatedData)
	return w.Bytes()
}

// senderDataAAD is SenderDataAAD (section 6.3.2).
func (m *PrivateMessage) senderDataAAD() []byte {
	var w codec.Writer
	m.encodeHead(&w)
	return w.Bytes()
}

// senderData is SenderData (section 6.3.2).
type senderData struct {
	leaf       tree.LeafIndex
	generation uint32
	guard      [4]byte
}

// Encode writes the structure.
func (d *senderData) Encode(w *codec.Writer) {
	w.Uint32(uint32(d.leaf))
	w.Uint32(d.generation)
	w.Raw(d.guard[:])
}

// Decode reads the structure.
func (d *senderData) Decode(r *codec.Reader) {
	d.leaf = tree.LeafIndex(r.Uint32())
	d.generation = r.Uint32()
	copy(d.guard[:], r.Raw(len(d.guard)))
}

// guarded returns the nonce with the reuse guard over its first four bytes, which
// keeps apart two messages that were sealed after a stored state was rolled back.
func (d *senderData) guarded(nonce suite.Secret) suite.Secret {
	n := nonce.Clone()
	for i, b := range d.guard {
		n[i] ^= b
	}
	return n
}

func kindOf(t ContentType) schedule.Kind {
	if t == ContentApplication {
		return schedule.Application
	}
	return schedule.Handshake
}

// Encrypt makes a PrivateMessage of a member's signed content (section 6.3). The
// plaintext is filled up with zeros to a multiple of block bytes, when block is
// positive.
func (a *Authenticated) Encrypt(s *suite.Suite, keys *schedule.SecretTree, senderDataSecret suite.Secret, block int) (*PrivateMessage, error) {
	m := &PrivateMessage{
		GroupID: a.Content.GroupID, Epoch: a.Content.Epoch,
		Type: a.Content.Type, AuthenticatedData: a.Content.AuthenticatedData,
	}
	key, err := keys.Send(a.Content.Sender.Leaf, kindOf(m.Type))
	if err != nil {
		return nil, err
	}
	defer key.Wipe()
	data := senderData{leaf: a.Content.Sender.Leaf, generation: key.Generation}
	if _, err := rand.Read(data.guard[:]); err != nil {
		return nil, err
	}
	var w codec.Writer
	a.Content.encodeBody(&w)
	a.encodeAuth(&w)
	if block > 0 && len(w.Bytes())%block != 0 {
		w.Raw(make([]byte, block-len(w.Bytes())%block))
	}
	nonce := data.guarded(key.Nonce)
	defer nonce.Wipe()
	if m.Ciphertext, err = s.Seal(key.Key, nonce, w.Bytes(), m.contentAAD()); err != nil {
		return nil, err
	}
	dataKey, dataNonce := schedule.SenderDataKey(s, senderDataSecret, m.Ciphertext)
	m.SenderData, err = s.Seal(dataKey, dataNonce, codec.Marshal(&data), m.senderDataAAD())
	return m, err
}

// Decrypt opens a PrivateMessage (section 6.3). The signature is not yet checked;
// when it is, the caller marks the lease as used.
func (m *PrivateMessage) Decrypt(s *suite.Suite, keys *schedule.SecretTree, senderDataSecret suite.Secret, self tree.LeafIndex) (*Authenticated, *schedule.Lease, error) {
	dataKey, dataNonce := schedule.SenderDataKey(s, senderDataSecret, m.Ciphertext)
	opened, err := s.Open(dataKey, dataNonce, m.SenderData, m.senderDataAAD())
	if err != nil {
		return nil, nil, rule.Because("6.3.2", "open message: sender data", err)
	}
	var data senderData
	if err := codec.Unmarshal(opened, &data); err != nil {
		return nil, nil, rule.Because("6.3.2", "open message: sender data", err)
	}
	if data.leaf == self {
		return nil, nil, rule.Because("6.3.1", "open message", ErrOwn)
	}
	lease, err := keys.Lease(data.leaf, kindOf(m.Type), data.generation)
	if err != nil {
		return nil, nil, err
	}
	nonce := data.guarded(lease.Nonce)
	defer nonce.Wipe()
	plaintext, err := s.Open(lease.Key, nonce, m.Ciphertext, m.contentAAD())
	lease.MessageKey.Wipe()
	if err != nil {
		return nil, nil, rule.Because("6.3.1", "open message", err)
	}
	a := &Authenticated{Wire: WirePrivate, Content: Content{
		GroupID: m.GroupID, Epoch: m.Epoch, Type: m.Type, AuthenticatedData: m.AuthenticatedData,
		Sender: Sender{Type: SenderMember, Leaf: data.leaf},
	}}
	r := codec.NewReader(plaintext)
	a.Content.decodeBody(r)
	a.decodeAuth(r)
	for _, b := range r.Rest() {
		if b != 0 {
			return nil, nil, rule.Broken("6.3.1", "open message: padding is not zero")
		}
	}
	return a, lease, r.Err()
}
