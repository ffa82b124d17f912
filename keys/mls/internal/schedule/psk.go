package schedule

import (
	"conclave/keys/mls/internal/codec"
	"conclave/keys/mls/internal/rule"
	"conclave/keys/mls/internal/suite"
)

// PSKType says where a pre-shared key comes from (section 8.4).
type PSKType uint8

// The types of pre-shared keys. A resumption key is used within its own group only:
// a meeting never resumes another.
const (
	PSKExternal   PSKType = 1
	PSKResumption PSKType = 2
)

// UsageApplication is the usage of a resumption key within its own group. The other
// two, reinit and branch, tie groups together.
const UsageApplication uint8 = 1

// PSKID names a pre-shared key (PreSharedKeyID, section 8.4).
type PSKID struct {
	Type     PSKType
	ID       []byte // external
	Usage    uint8  // resumption
	GroupID  []byte // resumption
	Epoch    uint64 // resumption
	PSKNonce []byte
}

// Encode writes the structure.
func (p PSKID) Encode(w *codec.Writer) {
	w.Uint8(uint8(p.Type))
	switch p.Type {
	case PSKExternal:
		w.Opaque(p.ID)
	case PSKResumption:
		w.Uint8(p.Usage)
		w.Opaque(p.GroupID)
		w.Uint64(p.Epoch)
	}
	w.Opaque(p.PSKNonce)
}

// Decode reads the structure.
func (p *PSKID) Decode(r *codec.Reader) {
	switch p.Type = PSKType(r.Uint8()); p.Type {
	case PSKExternal:
		p.ID = r.Opaque()
	case PSKResumption:
		if p.Usage = r.Uint8(); p.Usage < 1 || p.Usage > 3 {
			r.Fail(rule.Broken("8.4", "decode PSK id: unknown resumption usage"))
		}
		p.GroupID = r.Opaque()
		p.Epoch = r.Uint64()
	default:
		r.Fail(rule.Broken("8.4", "decode PSK id: unknown type"))
	}
	p.PSKNonce = r.Opaque()
}

// CombinePSKs mixes pre-shared keys into one PSK secret (section 8.4). Without any
// it is all zero.
func CombinePSKs(s *suite.Suite, ids []PSKID, psks []suite.Secret) suite.Secret {
	secret := s.Zero()
	for i, id := range ids {
		extracted := s.Extract(s.Zero(), psks[i])
		var w codec.Writer
		id.Encode(&w)
		w.Uint16(uint16(i))
		w.Uint16(uint16(len(ids)))
		input := s.ExpandWithLabel(extracted, "derived psk", w.Bytes(), s.HashSize())
		next := s.Extract(input, secret)
		extracted.Wipe()
		input.Wipe()
		secret.Wipe()
		secret = next
	}
	return secret
}
