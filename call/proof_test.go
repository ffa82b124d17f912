package call

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"reflect"
	"testing"
	"time"

	"conclave/call/wire"
	"conclave/keys"
	"conclave/keys/policy"
)

// papers makes passports as a service would.
type papers struct {
	t         testing.TB
	authority *x509.Certificate
	key       ed25519.PrivateKey
}

func newPapers(t testing.TB) papers {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(48 * time.Hour), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, public, private)
	if err != nil {
		t.Fatal(err)
	}
	authority, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return papers{t, authority, private}
}

// bundle is a passport bundle of device i.
func (p papers) bundle(i int) []byte {
	p.t.Helper()
	now := time.Now().UTC().Truncate(time.Second)
	der, err := keys.SignPassport(p.authority, p.key, keys.Passport{
		Account: keys.AccountID{1}, Device: key(i), Name: "Guest", Class: keys.ClassPhone,
		Verified: now, NotBefore: now, NotAfter: now.Add(time.Hour),
	})
	if err != nil {
		p.t.Fatal(err)
	}
	data, err := keys.PassportBundle{Chain: [][]byte{der}}.Encode()
	if err != nil {
		p.t.Fatal(err)
	}
	return data
}

func holds(class keys.Class, issuer string, d policy.Decision) Proof {
	return Proof{
		Checked: CheckedHolds, Class: class, Issuer: issuer, Name: "Guest", Until: time.Unix(1_900_000_000, 0),
		Answer: policy.Answer{Decision: d},
	}
}

// knock shows guest i to the host, with what their passport proves.
func (p *play) knock(ticket wire.Ticket, i int, proof Proof) *play {
	return p.do(KnockOpened{Ticket: ticket, Device: key(i), KeyPackage: []byte("kp"), Name: p.name(i, "Guest"), Passcode: true, Proof: proof})
}

// Policy and demand are asked before a commit with anybody's key is made:
// whoever they refuse is not in it, whatever the host presses.
func TestNobodyIsAddedWhomPolicyOrDemandRefuses(t *testing.T) {
	school := keys.Demand{Organisation: "school.example"}
	for name, row := range map[string]struct {
		demand keys.Demand
		proof  Proof
		in     bool
	}{
		"nobody looked":                {keys.Demand{}, Proof{}, false},
		"no accounts":                  {keys.Demand{}, NoAccounts(), true},
		"no accounts, but demanded":    {keys.Demand{Verified: true}, NoAccounts(), false},
		"allowed":                      {keys.Demand{}, holds(keys.ClassPhone, "", policy.DecisionAllow), true},
		"the host decides":             {keys.Demand{}, holds(keys.ClassEmail, "", policy.DecisionAsk), true},
		"refused by policy":            {keys.Demand{}, holds(keys.ClassEmail, "", policy.DecisionRefuse), false},
		"no decision":                  {keys.Demand{}, holds(keys.ClassPhone, "", policy.DecisionNone), false},
		"false passport":               {keys.Demand{}, Proof{Checked: CheckedFalse, Flaw: FlawRevoked, Answer: policy.Answer{Decision: policy.DecisionAllow}}, false},
		"log away, guests may":         {keys.Demand{}, Proof{Checked: CheckedAway, Class: keys.ClassGuest, Answer: policy.Answer{Decision: policy.DecisionAllow}}, true},
		"log away, proof demanded":     {keys.Demand{Verified: true}, Proof{Checked: CheckedAway, Class: keys.ClassGuest, Answer: policy.Answer{Decision: policy.DecisionAllow}}, false},
		"e-mail, but demanded":         {keys.Demand{Verified: true}, holds(keys.ClassEmail, "", policy.DecisionAllow), false},
		"demanded and verified":        {keys.Demand{Verified: true}, holds(keys.ClassVoucher, "relief.example", policy.DecisionAllow), true},
		"another organisation":         {school, holds(keys.ClassOrganisation, "other.example", policy.DecisionAllow), false},
		"the organisation":             {school, holds(keys.ClassOrganisation, "school.example", policy.DecisionAllow), true},
		"an e-mail that claims to be":  {school, holds(keys.ClassEmail, "school.example", policy.DecisionAllow), false},
		"the organisation, but policy": {school, holds(keys.ClassOrganisation, "school.example", policy.DecisionRefuse), false},
	} {
		p := hosting(t)
		p.s.About.Demand = row.demand
		p.all = nil
		p.knock(1, 1, row.proof).do(Admit{}, Admit{Tickets: []wire.Ticket{1}}).wait(2 * AdmitEvery).fire(TimerCommit)
		added := false
		for _, c := range find[MakeCommit](p.all) {
			added = added || len(c.Adds) > 0
		}
		if added != row.in {
			t.Errorf("%s: added %t, want %t", name, added, row.in)
		}
	}
}

// Who comes back unasked is checked as well.
func TestComingBackNeedsTheProofToo(t *testing.T) {
	p := hosting(t)
	p.s.Lost = []keys.PublicKey{key(1)}
	p.s.Known = append(p.s.Known, p.name(1, "Guest"))
	p.all = nil
	p.knock(1, 1, holds(keys.ClassEmail, "", policy.DecisionRefuse))
	if len(find[MakeCommit](p.all)) != 0 {
		t.Error("let in on the strength of having been in")
	}
	p = hosting(t)
	p.s.Lost = []keys.PublicKey{key(1)}
	p.s.Known = append(p.s.Known, p.name(1, "Guest"))
	p.wait(2*AdmitEvery).knock(1, 1, holds(keys.ClassPhone, "", policy.DecisionAllow))
	if len(find[MakeCommit](p.all)) == 0 {
		t.Error("a verified member does not come back")
	}
}

func TestPolicysSizeIsKept(t *testing.T) {
	p := hosting(t)
	p.s.Most = 3
	for i := 1; i <= 4; i++ {
		p.knock(wire.Ticket(i), i, NoAccounts())
	}
	p.all = nil
	p.wait(2 * AdmitEvery).do(Admit{})
	c := find[MakeCommit](p.all)
	if len(c) != 1 || len(c[0].Adds) != 2 {
		t.Errorf("%d commits; want one with 2 people beside the host", len(c))
	}
}

// A knock that went away while it was checked, or was checked twice, is no
// entry in the lobby.
func TestLateAnswersAboutKnocks(t *testing.T) {
	p := hosting(t).from(wire.Withdrawn{Ticket: 7}).knock(7, 1, NoAccounts())
	if len(p.s.Lobby) != 0 {
		t.Error("somebody who left waits")
	}
	p.knock(8, 1, NoAccounts()).knock(8, 1, NoAccounts())
	if len(p.s.Lobby) != 1 {
		t.Errorf("%d entries of one knock", len(p.s.Lobby))
	}
	for i := range 1000 {
		p.from(wire.Withdrawn{Ticket: wire.Ticket(1000 + i)})
	}
	if len(p.s.Withdrawn) > withdrawnKept {
		t.Errorf("%d tickets are remembered", len(p.s.Withdrawn))
	}
}

// Whom the policy of the descriptor refuses does not even knock.
func TestWhoIsRefusedDoesNotKnock(t *testing.T) {
	p := joining(t)
	p.s.Entry = 0
	p.do(OwnPassport{Proof: holds(keys.ClassEmail, "", policy.DecisionRefuse)})
	if p.s.Seat != SeatEnded || p.s.End != EndPolicy {
		t.Errorf("seat %d, end %d", p.s.Seat, p.s.End)
	}
}

// hash is the name of the certificate in a bundle of device i.
func hash(i int, bundle []byte) PassportHash {
	return HashPassport(keys.CertificateIn(bundle, key(i)))
}

// leaf makes an epoch by a commit of i, which puts the certificate of bundle (nil
// for none) into their leaf.
func (p *play) leaf(i int, bundle []byte) *play {
	p.t.Helper()
	e := EpochReady{Epoch: p.s.Epoch + 1, By: key(i), Roster: p.s.Roster}
	for _, q := range p.s.People {
		m := Member{Key: q.Key, Leaf: q.Leaf, Passport: q.Passport}
		if q.Key == key(i) {
			m.Passport = hash(i, bundle)
		}
		e.Members = append(e.Members, m)
	}
	return p.do(e)
}

// shows lets i say bundles.
func (p *play) shows(i int, bundles ...[]byte) *play {
	p.all = nil
	return p.do(Heard{key(i), p.s.Epoch, Passports{bundles}})
}

func TestMembersPassportsAreCheckedByEverybody(t *testing.T) {
	made := newPapers(t)
	first, second := made.bundle(2), made.bundle(2)
	p := seated(t, 2).leaf(2, first)
	p.shows(0, first, made.bundle(1), made.bundle(4), []byte("x"))
	asked := find[CheckPassport](p.all)
	if len(asked) != 1 || asked[0].Shown.Device != key(2) || !bytes.Equal(asked[0].Shown.Bundle, first) {
		t.Fatalf("asked about %d", len(asked)) // not oneself, no strangers, no nonsense
	}
	if p.s.ProofOf(key(2)).Checked != CheckedNot {
		t.Error("believed before it was checked")
	}
	good := holds(keys.ClassPhone, "", policy.DecisionAllow)
	p.do(PassportChecked{key(2), first, good})
	if !p.s.ProofOf(key(2)).Holds(p.now, "Guest") {
		t.Error("not taken over")
	}
	for name, holds := range map[string]bool{
		"another name": p.s.ProofOf(key(2)).Holds(p.now, "Anna"),
		"too late":     p.s.ProofOf(key(2)).Holds(time.Unix(1_900_000_001, 0), "Guest"),
	} {
		if holds {
			t.Errorf("holds for %s", name)
		}
	}
	// Somebody else's word replaces nothing; their own is checked, and counts once
	// they have put it into their leaf.
	p.shows(0, second)
	if len(find[CheckPassport](p.all)) != 0 {
		t.Error("the host replaced a member's passport")
	}
	p.shows(2, second)
	if len(find[CheckPassport](p.all)) != 1 || !p.s.ProofOf(key(2)).Holds(p.now, "Guest") {
		t.Error("a renewed passport was not asked about, or took the proof away at once")
	}
	p.do(PassportChecked{key(2), second, good}).leaf(2, second)
	if !p.s.ProofOf(key(2)).Holds(p.now, "Guest") || len(p.s.Papers) != 1 {
		t.Errorf("a renewal took the proof away, or left %d papers", len(p.s.Papers))
	}
	p.do(PassportChecked{key(2), first, Proof{Checked: CheckedFalse, Flaw: FlawRevoked}})
	if p.s.ProofOf(key(2)).Checked == CheckedFalse {
		t.Error("an answer about the former passport counts")
	}
	p.do(PassportChecked{key(2), second, Proof{Checked: CheckedAway}})
	if !p.s.ProofOf(key(2)).Holds(p.now, "Guest") {
		t.Error("a log that is away accuses")
	}
	p.all = nil
	p.do(PassportChecked{key(2), second, Proof{Checked: CheckedFalse, Flaw: FlawRevoked}})
	tells := find[Tell](p.all)
	if len(tells) != 1 || tells[0].Notice != NoticeFalsePassport {
		t.Errorf("told %v", tells)
	}
	p.all = nil
	p.do(CheckAgain{})
	if len(find[FetchOwn](p.all)) != 1 || len(find[CheckPassport](p.all)) != 1 {
		t.Error("not everybody is asked about again")
	}
}

// The certificate in the leaf is who somebody is: a true passport that is said, and
// is not the one in the leaf, proves nothing.
func TestWhoSaysAnotherPassportThanTheirLeafIsNotVerified(t *testing.T) {
	made := newPapers(t)
	inLeaf, said := made.bundle(2), made.bundle(2)
	good := holds(keys.ClassPhone, "", policy.DecisionAllow)
	for name, leaf := range map[string][]byte{"another certificate": inLeaf, "the bare key": nil} {
		p := seated(t, 2).leaf(2, leaf).shows(2, said).do(PassportChecked{key(2), said, good})
		if got := p.s.ProofOf(key(2)); got.Checked != CheckedNot {
			t.Errorf("%s in the leaf: %+v", name, got)
		}
	}
	// Having proved one passport does not carry over to the next leaf.
	p := seated(t, 2).leaf(2, inLeaf).shows(2, inLeaf).do(PassportChecked{key(2), inLeaf, good})
	if !p.s.ProofOf(key(2)).Holds(p.now, "Guest") {
		t.Fatal("the passport in the leaf is not taken over")
	}
	for name, next := range map[string][]byte{"another certificate": said, "the bare key": nil} {
		q := *p
		if got := q.leaf(2, next).s.ProofOf(key(2)); got.Checked != CheckedNot {
			t.Errorf("the leaf has %s now: %+v", name, got)
		}
	}
	// However many they say, few are kept.
	for range 50 {
		p.shows(2, made.bundle(2))
	}
	if len(p.s.Papers) > 2 || !p.s.ProofOf(key(2)).Holds(p.now, "Guest") {
		t.Errorf("%d papers of one member", len(p.s.Papers))
	}
}

// A renewed passport is said at once, committed with the next sign of life, and said
// again for those who came in between; and then there is quiet.
func TestRenewedPassportIsCommitted(t *testing.T) {
	made := newPapers(t)
	good := holds(keys.ClassPhone, "", policy.DecisionAllow)
	first, second := made.bundle(1), made.bundle(1)
	p := seated(t, 2).leaf(1, first).do(OwnPassport{Bundle: first, Proof: good})
	beat := func() int {
		p.all = nil
		p.wait(HeartbeatEvery).fire(TimerHeartbeat)
		return len(find[MakeCommit](p.all))
	}
	if n := beat(); n != 0 {
		t.Fatalf("%d commits without a reason", n)
	}
	p.all = nil
	p.do(OwnPassport{Bundle: second, Proof: good})
	if said := passportsSaid(p.all); len(said) != 1 || !bytes.Equal(said[0], second) {
		t.Errorf("%d passports were said", len(said))
	}
	if n := beat(); n != 1 {
		t.Fatalf("%d commits with the new passport", n)
	}
	// Somebody else's commit is ordered first: it is tried again.
	p.refused("commit", wire.CodeStale).leaf(2, nil)
	if n := beat(); n != 1 {
		t.Fatalf("%d commits after one was lost", n)
	}
	p.all = nil
	p.leaf(1, second)
	if said := passportsSaid(p.all); len(said) != 1 || !bytes.Equal(said[0], second) {
		t.Errorf("%d passports were said after the commit", len(said))
	}
	if n := beat(); n != 0 {
		t.Errorf("%d commits after the renewal", n)
	}
}

func passportsSaid(effects []Effect) (out [][]byte) {
	for _, s := range find[Say](effects) {
		if p, ok := s.Payload.(Passports); ok {
			out = append(out, p.Bundles...)
		}
	}
	return out
}

func TestAMemberAgainstThePolicyIsTold(t *testing.T) {
	made := newPapers(t)
	b := made.bundle(2)
	p := seated(t, 2).leaf(2, b)
	p.s.About.Demand = keys.Demand{Verified: true}
	p.do(Heard{key(2), p.s.Epoch, Passports{[][]byte{b}}})
	p.all = nil
	p.do(PassportChecked{key(2), b, holds(keys.ClassEmail, "", policy.DecisionAllow)})
	if tells := find[Tell](p.all); len(tells) != 1 || tells[0].Notice != NoticeAgainstPolicy {
		t.Errorf("told %v", tells)
	}
}

func TestPassportsComeBack(t *testing.T) {
	made := newPapers(t)
	want := Passports{[][]byte{made.bundle(1), made.bundle(2)}}
	data, err := EncodePayload(want)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := DecodePayload(data); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v, %v", got, err)
	}
	if _, err := DecodePayload([]byte(`{"passports":["AAAA"]}`)); err == nil {
		t.Error("nonsense was taken for a passport")
	}
	many := Passports{}
	for range maxPassports + 1 {
		many.Bundles = append(many.Bundles, want.Bundles[0])
	}
	if _, err := decodePassports(many.Bundles); err == nil {
		t.Error("more than the limit")
	}
}

// The longest payload of passports fits into one message, sealed.
func TestSayingEverybodysPassportsFits(t *testing.T) {
	p := hosting(t)
	p.s.Mine.Bundle = bytes.Repeat([]byte{1}, 3000)
	for i := range 40 {
		k := key(1)
		k[0] = byte(i)
		p.s.Papers = append(p.s.Papers, Paper{Device: k, Bundle: bytes.Repeat([]byte{2}, 2500)})
	}
	m := &machine{State: p.s, now: p.now}
	m.sayPassports(true)
	total := 0
	for _, s := range find[Say](m.effects) {
		data, err := EncodePayload(s.Payload)
		if err != nil || len(data) > MaxPayload {
			t.Fatalf("%d bytes: %v", len(data), err)
		}
		total += len(s.Payload.(Passports).Bundles)
	}
	if total != 41 {
		t.Errorf("%d passports were said, want 41", total)
	}
}

// Somebody who shows no passport at all, by a changed app, is told of like
// somebody whose passport the policy refuses: after a while, and once.
func TestAMemberWithoutAPassportAgainstThePolicyIsTold(t *testing.T) {
	p := seated(t, 2)
	p.s.About.Demand = keys.Demand{Verified: true}
	p.all = nil
	p.fire(TimerHeartbeat)
	if len(find[CheckPassport](p.all)) != 0 {
		t.Error("asked at once: their passport may be on its way")
	}
	p.fire(TimerHeartbeat)
	asked := find[CheckPassport](p.all)
	if len(asked) != len(p.s.People)-1 || len(asked[0].Shown.Bundle) != 0 {
		t.Fatalf("asked %v about %d people", asked, len(p.s.People))
	}
	p.all = nil
	p.do(PassportChecked{Device: key(2), Proof: Proof{Checked: CheckedAway, Class: keys.ClassGuest}})
	if len(find[Tell](p.all)) != 0 {
		t.Error("a service that is away accuses somebody")
	}
	p.fire(TimerHeartbeat)
	if len(find[CheckPassport](p.all)) == 0 {
		t.Error("not asked again after the service was away")
	}
	p.do(PassportChecked{Device: key(2), Proof: NoAccounts()}, PassportChecked{Device: key(2), Proof: NoAccounts()})
	b := newPapers(t).bundle(2)
	p.do(Heard{key(2), p.s.Epoch, Passports{[][]byte{b}}})
	p.do(PassportChecked{key(2), b, holds(keys.ClassEmail, "", policy.DecisionAllow)})
	if tells := find[Tell](p.all); len(tells) != 1 || tells[0].Notice != NoticeAgainstPolicy {
		t.Errorf("told %v", tells)
	}
}
