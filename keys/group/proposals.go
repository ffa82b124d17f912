package group

import (
	"crypto/sha256"
	"encoding/binary"
)

// proposals is the list of proposals in a commit, as it stands on the wire.
type proposals struct {
	adds    [][]byte // key packages, as MLSMessages
	removes []uint32
	other   bool // anything else is in the list, or anything by reference
}

// Numbers of RFC 9420 sections 6, 12.1 and 17.4.
const (
	wireVersion      = 1
	wirePublic       = 1
	wireKeyPackage   = 5
	senderMember     = 1
	contentCommit    = 3
	byValue          = 1
	proposalAdd      = 1
	proposalRemove   = 3
	sourceKeyPackage = 1
	credentialBasic  = 1
	credentialX509   = 2
)

// readProposals reads the proposals of a member's commit in a PublicMessage (RFC
// 9420 sections 6 and 12.4), which keys/mls has verified before. It exists so that
// the rules of the meeting see the very bytes that are about to count: the hash of
// each key package is compared with the host's admission.
func readProposals(message []byte) (proposals, error) {
	r := reader{rest: message}
	ok := r.uint(2) == wireVersion && r.uint(2) == wirePublic
	r.vector() // group_id
	r.uint(8)  // epoch
	ok = ok && r.uint(1) == senderMember
	r.uint(4)  // leaf_index
	r.vector() // authenticated_data
	ok = ok && r.uint(1) == contentCommit
	list := reader{rest: r.vector()}
	if !ok || r.failed {
		return proposals{}, ErrInvalid
	}
	var out proposals
	for len(list.rest) > 0 && !list.failed {
		out.next(&list)
		if out.other {
			return out, nil // what follows cannot be told apart, and need not
		}
	}
	if list.failed {
		return proposals{}, ErrInvalid
	}
	return out, nil
}

// next reads one ProposalOrRef.
func (p *proposals) next(r *reader) {
	if r.uint(1) != byValue {
		p.other = !r.failed
		return
	}
	switch r.uint(2) {
	case proposalAdd:
		before := r.rest
		r.skipKeyPackage()
		if r.failed {
			return
		}
		kp := before[:len(before)-len(r.rest)]
		p.adds = append(p.adds, append([]byte{0, wireVersion, 0, wireKeyPackage}, kp...))
	case proposalRemove:
		p.removes = append(p.removes, uint32(r.uint(4)))
	default:
		p.other = !r.failed
	}
}

// hashKeyPackage is what an admission names.
func hashKeyPackage(message []byte) [32]byte { return sha256.Sum256(message) }

// reader reads the presentation language of RFC 9420 section 2.1.
type reader struct {
	rest   []byte
	failed bool
}

// uint reads a number of so many bytes, at most 8.
func (r *reader) uint(size int) uint64 {
	var wide [8]byte
	copy(wide[8-size:], r.take(size))
	return binary.BigEndian.Uint64(wide[:])
}

// vector reads opaque<V>: a length in one, two or four bytes, then as many bytes.
func (r *reader) vector() []byte {
	if len(r.rest) == 0 {
		r.failed = true
		return nil
	}
	size := 1 << (r.rest[0] >> 6)
	if size > 4 {
		r.failed = true
		return nil
	}
	length := r.uint(size) & (1<<(8*size-2) - 1)
	if length > uint64(len(r.rest)) {
		r.failed = true
		return nil
	}
	return r.take(int(length))
}

func (r *reader) take(n int) []byte {
	if r.failed || n > len(r.rest) {
		r.failed = true
		return nil
	}
	out := r.rest[:n]
	r.rest = r.rest[n:]
	return out
}

// skipKeyPackage reads over a KeyPackage (section 10) with a basic or an x509
// credential: an identity or a list of certificates, either way one vector.
func (r *reader) skipKeyPackage() {
	r.uint(2)  // version
	r.uint(2)  // cipher_suite
	r.vector() // init_key
	r.vector() // leaf_node: encryption_key
	r.vector() // signature_key
	credential := r.uint(2)
	r.failed = credential != credentialBasic && credential != credentialX509 || r.failed
	r.vector() // identity, or certificates
	for range 5 {
		r.vector() // capabilities: versions, suites, extensions, proposals, credentials
	}
	r.failed = r.uint(1) != sourceKeyPackage || r.failed
	r.take(16) // lifetime
	r.vector() // extensions
	r.vector() // signature
	r.vector() // extensions of the key package
	r.vector() // signature of the key package
}
