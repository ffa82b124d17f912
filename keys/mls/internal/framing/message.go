package framing

import (
	"conclave/keys/mls/internal/codec"
	"conclave/keys/mls/internal/rule"
	"conclave/keys/mls/internal/tree"
)

// MaxMessage bounds a message. A Welcome for 1,000 members added at once to a
// post-quantum group has 2.7 MB.
const MaxMessage = 8 << 20

// Message is MLSMessage (section 6), the form in which everything travels. The
// field that Wire names is set.
type Message struct {
	Wire       WireFormat
	Public     *PublicMessage
	Private    *PrivateMessage
	Welcome    *Welcome
	GroupInfo  *GroupInfo
	KeyPackage *KeyPackage
}

// Encode writes the structure.
func (m *Message) Encode(w *codec.Writer) {
	w.Uint16(tree.Version)
	w.Uint16(uint16(m.Wire))
	switch m.Wire {
	case WirePublic:
		m.Public.Encode(w)
	case WirePrivate:
		m.Private.Encode(w)
	case WireWelcome:
		m.Welcome.Encode(w)
	case WireGroupInfo:
		m.GroupInfo.Encode(w)
	case WireKeyPackage:
		m.KeyPackage.Encode(w)
	}
}

// Decode reads the structure.
func (m *Message) Decode(r *codec.Reader) {
	if r.Uint16() != tree.Version {
		r.Fail(rule.Broken("6", "decode message: protocol version is not mls10"))
		return
	}
	switch m.Wire = WireFormat(r.Uint16()); m.Wire {
	case WirePublic:
		m.Public = new(PublicMessage)
		m.Public.Decode(r)
	case WirePrivate:
		m.Private = new(PrivateMessage)
		m.Private.Decode(r)
	case WireWelcome:
		m.Welcome = new(Welcome)
		m.Welcome.Decode(r)
	case WireGroupInfo:
		m.GroupInfo = new(GroupInfo)
		m.GroupInfo.Decode(r)
	case WireKeyPackage:
		m.KeyPackage = new(KeyPackage)
		m.KeyPackage.Decode(r)
	default:
		r.Fail(rule.Broken("6", "decode message: unknown wire format"))
	}
}

// ParseMessage decodes a whole MLSMessage.
func ParseMessage(b []byte) (*Message, error) {
	if len(b) > MaxMessage {
		return nil, rule.Broken("6", "decode message: too long")
	}
	m := new(Message)
	if err := codec.Unmarshal(b, m); err != nil {
		return nil, err
	}
	return m, nil
}

// ParseKind decodes an MLSMessage that must have the given wire format.
func ParseKind(b []byte, wire WireFormat) (*Message, error) {
	m, err := ParseMessage(b)
	if err == nil && m.Wire != wire {
		err = rule.Broken("6", "decode message: not of the expected wire format")
	}
	return m, err
}
