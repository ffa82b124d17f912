package voucher

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"testing"
)

func issuer(t testing.TB) (*Issuer, []byte) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048) // smaller than Bits, for speed
	if err != nil {
		t.Fatal(err)
	}
	i, err := NewIssuer(key)
	if err != nil {
		t.Fatal(err)
	}
	public, err := i.Public()
	if err != nil {
		t.Fatal(err)
	}
	return i, public
}

func TestVoucherIsUnlinkableAndHolds(t *testing.T) {
	i, public := issuer(t)
	_, otherPublic := issuer(t)
	r, err := NewRequest(public)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := i.Sign(r.Blinded())
	if err != nil {
		t.Fatal(err)
	}
	v, err := r.Finish(answer)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(r.Blinded(), v.Message) || bytes.Equal(answer, v.Signature) || bytes.Equal(r.Blinded(), v.Signature) {
		t.Error("the partner saw the voucher")
	}
	right, _ := NewVerifier(public)
	other, _ := NewVerifier(otherPublic)
	if err := right.Verify(v); err != nil {
		t.Error(err)
	}
	if other.Verify(v) == nil {
		t.Error("another partner's voucher holds")
	}
	changed := Voucher{bytes.Clone(v.Message), v.Signature}
	changed.Message[0] ^= 1
	if right.Verify(changed) == nil {
		t.Error("a changed voucher holds")
	}
	if right.Verify(Voucher{}) == nil || right.Verify(Voucher{v.Message, nil}) == nil {
		t.Error("an empty voucher holds")
	}
	if changed.ID() == v.ID() || (Voucher{Message: v.Message}).ID() != v.ID() {
		t.Error("ID does not name the message")
	}
	if s := fmt.Sprintf("%v %+v %#v %s %v", v, v, v, r, r); s != "[hidden] [hidden] [hidden] [hidden] [hidden]" {
		t.Errorf("shows %s", s)
	}
}

func TestMalformedVouchersAreRefused(t *testing.T) {
	i, public := issuer(t)
	if _, err := i.Sign([]byte("short")); err == nil {
		t.Error("signed a malformed request")
	}
	r, _ := NewRequest(public)
	if _, err := r.Finish(make([]byte, 256)); err == nil {
		t.Error("a false answer was accepted")
	}
	for _, der := range [][]byte{nil, []byte("x"), make([]byte, 5000)} {
		if _, err := NewVerifier(der); err == nil {
			t.Error("a malformed key was accepted")
		}
	}
}
