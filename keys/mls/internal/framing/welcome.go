package framing

import (
	"crypto"

	"conclave/keys/mls/internal/codec"
	"conclave/keys/mls/internal/rule"
	"conclave/keys/mls/internal/schedule"
	"conclave/keys/mls/internal/suite"
	"conclave/keys/mls/internal/tree"
)

// GroupInfo tells a new member about a group (section 12.4.3).
type GroupInfo struct {
	Context         schedule.GroupContext
	Extensions      tree.Extensions
	ConfirmationTag []byte
	Signer          tree.LeafIndex
	Signature       []byte
}

// Encode writes the structure.
func (g *GroupInfo) Encode(w *codec.Writer) {
	g.encodeBody(w)
	w.Opaque(g.Signature)
}

// Decode reads the structure.
func (g *GroupInfo) Decode(r *codec.Reader) {
	g.Context.Decode(r)
	g.Extensions.Decode(r)
	g.ConfirmationTag = r.Opaque()
	g.Signer = tree.LeafIndex(r.Uint32())
	g.Signature = r.Opaque()
}

func (g *GroupInfo) encodeBody(w *codec.Writer) {
	g.Context.Encode(w)
	g.Extensions.Encode(w)
	w.Opaque(g.ConfirmationTag)
	w.Uint32(uint32(g.Signer))
}

func (g *GroupInfo) tbs() []byte {
	var w codec.Writer
	g.encodeBody(&w)
	return w.Bytes()
}

// Sign signs the group info.
func (g *GroupInfo) Sign(s *suite.Suite, signer crypto.Signer) (err error) {
	g.Signature, err = s.SignWithLabel(signer, "GroupInfoTBS", g.tbs())
	return err
}

// Verify checks the signature under the key of the leaf that signed.
func (g *GroupInfo) Verify(s *suite.Suite, key []byte) error {
	if err := s.VerifyWithLabel(key, "GroupInfoTBS", g.tbs(), g.Signature); err != nil {
		return rule.Because("12.4.3.1", "check group info", err)
	}
	return nil
}

// ExternalPub is the content of the external_pub extension (section 12.4.3.2). The
// key has a length of its own inside the extension's.
func (g *GroupInfo) ExternalPub() ([]byte, error) {
	data, ok := g.Extensions.Find(tree.ExtensionExternalPub)
	if !ok {
		return nil, rule.Broken("12.4.3.2", "read group info: no external_pub extension")
	}
	r := codec.NewReader(data)
	key := r.Opaque()
	return key, r.Done()
}

// ExternalPubExtension makes the extension of that name.
func ExternalPubExtension(key []byte) tree.Extension {
	var w codec.Writer
	w.Opaque(key)
	return tree.Extension{Type: tree.ExtensionExternalPub, Data: w.Bytes()}
}

// GroupSecrets is what a Welcome tells one new member (section 12.4.3.1).
type GroupSecrets struct {
	suite.Hidden
	Joiner     suite.Secret
	PathSecret suite.Secret // nil when the commit had no path
	PSKs       []schedule.PSKID
}

// Encode writes the structure.
func (g *GroupSecrets) Encode(w *codec.Writer) {
	w.Opaque(g.Joiner)
	w.Optional(g.PathSecret != nil)
	if g.PathSecret != nil {
		w.Opaque(g.PathSecret)
	}
	codec.List(w, g.PSKs)
}

// Decode reads the structure.
func (g *GroupSecrets) Decode(r *codec.Reader) {
	g.Joiner = r.Opaque()
	if r.Optional() {
		g.PathSecret = r.Opaque()
	}
	g.PSKs = codec.Vector(r, func(r *codec.Reader) (p schedule.PSKID) {
		p.Decode(r)
		return p
	})
}

// Wipe overwrites the secrets.
func (g *GroupSecrets) Wipe() {
	g.Joiner.Wipe()
	g.PathSecret.Wipe()
}

// EncryptedGroupSecrets is GroupSecrets for one key package (section 12.4.3.1).
type EncryptedGroupSecrets struct {
	NewMember []byte // KeyPackageRef
	Secrets   suite.Ciphertext
}

// Encode writes the structure.
func (e EncryptedGroupSecrets) Encode(w *codec.Writer) {
	w.Opaque(e.NewMember)
	e.Secrets.Encode(w)
}

// Decode reads the structure.
func (e *EncryptedGroupSecrets) Decode(r *codec.Reader) {
	e.NewMember = r.Opaque()
	e.Secrets.Decode(r)
}

// Welcome brings new members into a group (section 12.4.3.1).
type Welcome struct {
	Suite     suite.ID
	Secrets   []EncryptedGroupSecrets
	GroupInfo []byte // encrypted
}

// Encode writes the structure.
func (m *Welcome) Encode(w *codec.Writer) {
	w.Uint16(uint16(m.Suite))
	codec.List(w, m.Secrets)
	w.Opaque(m.GroupInfo)
}

// Decode reads the structure.
func (m *Welcome) Decode(r *codec.Reader) {
	m.Suite = suite.ID(r.Uint16())
	m.Secrets = codec.Vector(r, func(r *codec.Reader) (e EncryptedGroupSecrets) {
		e.Decode(r)
		return e
	})
	m.GroupInfo = r.Opaque()
}

// ExternalSender is one entry of the external_senders extension (section 12.1.8.1).
type ExternalSender struct {
	SignatureKey []byte
	Credential   tree.Credential
}

// Encode writes the structure.
func (e ExternalSender) Encode(w *codec.Writer) {
	w.Opaque(e.SignatureKey)
	e.Credential.Encode(w)
}

// Decode reads the structure.
func (e *ExternalSender) Decode(r *codec.Reader) {
	e.SignatureKey = r.Opaque()
	e.Credential.Decode(r)
}

// ExternalSenders reads the extension of that name.
func ExternalSenders(context tree.Extensions) ([]ExternalSender, error) {
	data, ok := context.Find(tree.ExtensionExternalSenders)
	if !ok {
		return nil, nil
	}
	r := codec.NewReader(data)
	list := codec.Vector(r, func(r *codec.Reader) (e ExternalSender) {
		e.Decode(r)
		return e
	})
	return list, r.Done()
}

// ExternalSendersExtension makes the extension of that name.
func ExternalSendersExtension(list []ExternalSender) tree.Extension {
	var w codec.Writer
	codec.List(&w, list)
	return tree.Extension{Type: tree.ExtensionExternalSenders, Data: w.Bytes()}
}

// OpenSecrets decrypts what a Welcome holds for the given key package (section
// 12.4.3.1).
func (m *Welcome) OpenSecrets(s *suite.Suite, ref []byte, initKey suite.Secret) (*GroupSecrets, error) {
	for _, e := range m.Secrets {
		if string(e.NewMember) != string(ref) {
			continue
		}
		plaintext, err := s.DecryptWithLabel(initKey, "Welcome", m.GroupInfo, e.Secrets)
		if err != nil {
			return nil, rule.Because("12.4.3.1", "open welcome: group secrets", err)
		}
		defer plaintext.Wipe()
		secrets := new(GroupSecrets)
		if err := codec.Unmarshal(plaintext, secrets); err != nil {
			return nil, rule.Because("12.4.3.1", "open welcome: group secrets", err)
		}
		return secrets, nil
	}
	return nil, rule.Broken("12.4.3.1", "open welcome: it is not for this key package")
}

// OpenGroupInfo decrypts a Welcome's GroupInfo (section 12.4.3.1).
func (m *Welcome) OpenGroupInfo(s *suite.Suite, joiner, psk suite.Secret) (*GroupInfo, error) {
	secret := schedule.Welcome(s, joiner, psk)
	defer secret.Wipe()
	key, nonce := schedule.WelcomeKey(s, secret)
	defer key.Wipe()
	plaintext, err := s.Open(key, nonce, m.GroupInfo, nil)
	if err != nil {
		return nil, rule.Because("12.4.3.1", "open welcome: group info", err)
	}
	info := new(GroupInfo)
	if err := codec.Unmarshal(plaintext, info); err != nil {
		return nil, rule.Because("12.4.3.1", "open welcome: group info", err)
	}
	return info, nil
}

// SealGroupInfo makes the encrypted GroupInfo of a Welcome.
func SealGroupInfo(s *suite.Suite, info *GroupInfo, joiner, psk suite.Secret) ([]byte, error) {
	secret := schedule.Welcome(s, joiner, psk)
	defer secret.Wipe()
	key, nonce := schedule.WelcomeKey(s, secret)
	defer key.Wipe()
	return s.Seal(key, nonce, codec.Marshal(info), nil)
}

// SealSecrets encrypts GroupSecrets to a key package's init key.
func SealSecrets(s *suite.Suite, secrets *GroupSecrets, kp *KeyPackage, encryptedGroupInfo []byte) (EncryptedGroupSecrets, error) {
	plaintext := suite.Secret(codec.Marshal(secrets))
	defer plaintext.Wipe()
	sealed, err := s.EncryptWithLabel(kp.InitKey, "Welcome", encryptedGroupInfo, plaintext)
	return EncryptedGroupSecrets{NewMember: kp.Ref(s), Secrets: sealed}, err
}
