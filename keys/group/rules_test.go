package group

import (
	"bytes"
	"errors"
	"testing"

	"conclave/keys"
	"conclave/keys/mls"
)

func TestOnlyTheHostAdds(t *testing.T) {
	r := openRoom(t)
	a := r.admit("a", "b")[0]
	_, j := r.prepare("ghost")
	_, err := a.Commit([][]byte{j.KeyPackage()}, nil)
	wantForbidden(t, err, AddNotByHost)
	if a.staged != nil {
		t.Error("the refused commit is staged")
	}
	// A member with an altered program, which does not ask the rules.
	for name, data := range map[string][]byte{
		"without admission": nil,
		"admitted by itself": encodeAdmissions([]keys.Admission{
			a.device.SignAdmission(r.host.Meeting(), keys.PublicKey{1}, hashKeyPackage(j.KeyPackage())),
		}),
	} {
		commit, _, err := a.engine.stage([][]byte{j.KeyPackage()}, nil, data, nil)
		if err != nil {
			t.Fatal(name, err)
		}
		for _, p := range []*person{r.host, r.present[2]} {
			r.unchanged(p, func() {
				_, err := p.Handle(commit)
				wantForbidden(t, err, AddNotByHost)
			})
		}
		a.engine.discard()
	}
}

func TestAddNeedsAnAdmissionForThisKeyPackage(t *testing.T) {
	r := openRoom(t)
	a := r.admit("a")[0]
	ghost, j := r.prepare("ghost")
	other, j2 := r.prepare("other")
	id, kp, key := r.host.Meeting(), j.KeyPackage(), ghost.device.Public()
	right := r.host.device.SignAdmission(id, key, hashKeyPackage(kp))
	broken := right
	broken.Signature = bytes.Clone(right.Signature)
	broken.Signature[3] ^= 1
	elsewhere := r.host.device.SignAdmission(keys.MeetingID{1}, key, hashKeyPackage(kp))
	cases := map[string][]byte{
		"none":                nil,
		"empty list":          encodeAdmissions(nil),
		"not a list":          []byte("nonsense"),
		"another key package": encodeAdmissions([]keys.Admission{r.host.device.SignAdmission(id, key, hashKeyPackage(j2.KeyPackage()))}),
		"another device":      encodeAdmissions([]keys.Admission{r.host.device.SignAdmission(id, other.device.Public(), hashKeyPackage(kp))}),
		"another meeting":     encodeAdmissions([]keys.Admission{elsewhere}),
		"broken signature":    encodeAdmissions([]keys.Admission{broken}),
		"signed by a member":  encodeAdmissions([]keys.Admission{a.device.SignAdmission(id, key, hashKeyPackage(kp))}),
		"one too many":        encodeAdmissions([]keys.Admission{right, right}),
		"trailing byte":       append(encodeAdmissions([]keys.Admission{right}), 0),
	}
	for name, data := range cases {
		commit, _, err := r.host.engine.stage([][]byte{kp}, nil, data, nil)
		if err != nil {
			t.Fatal(name, err)
		}
		r.unchanged(a, func() {
			_, err := a.Handle(commit)
			t.Log(name)
			wantForbidden(t, err, AddNotAdmitted)
		})
		r.host.engine.discard()
	}
	commit, _, err := r.host.engine.stage([][]byte{kp}, nil, encodeAdmissions([]keys.Admission{right}), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Handle(commit); err != nil {
		t.Errorf("with the right admission: %v", err)
	}
}

func TestAdmissionsStandOnlyBesideAdds(t *testing.T) {
	r := openRoom(t)
	a := r.admit("a")[0]
	commit, _, err := r.host.engine.stage(nil, nil, []byte("covert"), nil)
	if err != nil {
		t.Fatal(err)
	}
	_, err = a.Handle(commit)
	wantForbidden(t, err, OtherProposal)
}

func TestNobodyIsAddedTwice(t *testing.T) {
	r := openRoom(t)
	a := r.admit("a")[0]
	j, err := Prepare(a.cfg)
	if err != nil {
		t.Fatal(err)
	}
	_, err = r.host.Commit([][]byte{j.KeyPackage()}, nil)
	wantForbidden(t, err, AddTwice)
	_, j2 := r.prepare("b")
	if _, err := r.host.Commit([][]byte{j2.KeyPackage(), j2.KeyPackage()}, nil); err == nil {
		t.Error("the same key package was added twice")
	}
	r.host.Discard()
}

func TestMembersRemoveOnlyWhoHasDeparted(t *testing.T) {
	r := openRoom(t)
	people := r.admit("a", "b", "c")
	a, b, c := people[0], people[1], people[2]
	_, err := a.Commit(nil, []keys.PublicKey{b.device.Public()})
	wantForbidden(t, err, RemoveNotAllowed)
	_, err = a.Commit(nil, []keys.PublicKey{r.host.device.Public()})
	wantForbidden(t, err, RemoveNotAllowed)

	a.Departed(b.device.Public())
	a.Returned(b.device.Public())
	_, err = a.Commit(nil, []keys.PublicKey{b.device.Public()})
	wantForbidden(t, err, RemoveNotAllowed)

	a.Departed(b.device.Public())
	staged, err := a.Commit(nil, []keys.PublicKey{b.device.Public()})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range []*person{r.host, b, c} { // none of them knows that b is gone
		r.unchanged(p, func() {
			_, err := p.Handle(staged.Commit)
			wantForbidden(t, err, RemoveNotAllowed)
		})
	}
	r.leave(b)
	r.host.Departed(b.device.Public())
	c.Departed(b.device.Public())
	c.Departed(keys.PublicKey{1}) // of no meaning
	r.deliver(staged.Commit)
	r.agree()
	if len(c.departed) != 0 {
		t.Error("a departure outlives the Remove")
	}
}

func TestCommitNamesMembersOnly(t *testing.T) {
	r := openRoom(t)
	r.admit("a")
	if _, err := r.host.Commit(nil, []keys.PublicKey{{1}}); !errors.Is(err, ErrNotMember) {
		t.Errorf("got %v, want ErrNotMember", err)
	}
	if _, err := r.host.Commit(nil, []keys.PublicKey{r.host.device.Public()}); !errors.Is(err, ErrNotMember) {
		t.Errorf("itself: got %v, want ErrNotMember", err)
	}
	if _, err := r.host.Commit([][]byte{[]byte("nonsense")}, nil); !errors.Is(err, ErrInvalid) {
		t.Errorf("got %v, want ErrInvalid", err)
	}
}

func TestWelcomeIsUsedOnce(t *testing.T) {
	r := openRoom(t)
	_, j := r.prepare("a")
	staged, err := r.host.Commit([][]byte{j.KeyPackage()}, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.deliver(staged.Commit)
	for i := range 20 { // altered Welcomes do not spoil the true one
		altered := bytes.Clone(staged.Welcome)
		altered[len(altered)*i/20] ^= 1
		if _, err := j.Join(altered); err == nil {
			t.Fatalf("joined by a Welcome altered in part %d", i)
		}
	}
	if _, err := j.Join([]byte("nonsense")); !errors.Is(err, ErrInvalid) {
		t.Errorf("got %v, want ErrInvalid", err)
	}
	g, err := j.Join(staged.Welcome)
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	if _, err := j.Join(staged.Welcome); !errors.Is(err, ErrUsed) {
		t.Errorf("replayed: got %v, want ErrUsed", err)
	}
	_, other := r.prepare("b")
	if _, err := other.Join(staged.Welcome); !errors.Is(err, ErrInvalid) {
		t.Errorf("somebody else's Welcome: got %v, want ErrInvalid", err)
	}
}

func TestConfigMustBeForThisMeeting(t *testing.T) {
	host, guest := newDevice(t), newDevice(t)
	signed := testSigned(t, host, nil)
	d, err := keys.ParseDescriptor(signed.Encoded)
	if err != nil {
		t.Fatal(err)
	}
	good := Config{Device: guest, Descriptor: signed, Meeting: d.ID()}
	if _, err := Prepare(good); err != nil {
		t.Fatal(err)
	}
	cases := map[string]struct {
		cfg  Config
		want error
	}{
		"another meeting":   {Config{Device: guest, Descriptor: signed, Meeting: keys.MeetingID{1}}, keys.ErrDescriptorMeeting},
		"not signed":        {Config{Device: guest, Descriptor: keys.SignedDescriptor{Encoded: signed.Encoded}}, keys.ErrDescriptorSignature},
		"signed by another": {Config{Device: guest, Descriptor: guest.SignDescriptor(d)}, keys.ErrDescriptorSignature},
		"empty":             {Config{Device: guest}, keys.ErrDescriptor},
		"unknown suite":     {Config{Device: guest, Descriptor: testSigned(t, host, func(d *keys.Descriptor) { d.Suite = 0x7777 })}, ErrSuite},
	}
	for name, c := range cases {
		if _, err := Prepare(c.cfg); !errors.Is(err, c.want) {
			t.Errorf("%s: prepare: got %v, want %v", name, err, c.want)
		}
		if _, _, err := CheckKeyPackage(c.cfg, nil); !errors.Is(err, c.want) {
			t.Errorf("%s: check: got %v, want %v", name, err, c.want)
		}
		c.cfg.Device = host
		if _, err := Create(c.cfg); err == nil {
			t.Errorf("%s: created", name)
		}
	}
	if _, err := Create(good); !errors.Is(err, ErrOtherMeeting) {
		t.Errorf("created by a guest: got %v", err)
	}
	good.Device = host
	if _, err := Prepare(good); err == nil {
		t.Error("the host prepared to join its own meeting")
	}
}

func TestCheckKeyPackage(t *testing.T) {
	r := openRoom(t)
	p, j := r.prepare("a")
	kp := j.KeyPackage()
	key, _, err := CheckKeyPackage(r.host.cfg, kp)
	if err != nil || key != p.device.Public() {
		t.Fatalf("got %v, %v", key, err)
	}
	for i := range kp {
		altered := bytes.Clone(kp)
		altered[i] ^= 1
		if _, _, err := CheckKeyPackage(r.host.cfg, altered); err == nil {
			t.Errorf("altered at %d: accepted", i)
		}
		if _, _, err := CheckKeyPackage(r.host.cfg, kp[:i]); err == nil {
			t.Errorf("cut at %d: accepted", i)
		}
	}
	if _, _, err := CheckKeyPackage(r.host.cfg, append(bytes.Clone(kp), 0)); err == nil {
		t.Error("with a byte more: accepted")
	}
}

func TestMembersWithForeignCredentialsAreNobody(t *testing.T) {
	key := newDevice(t).Public()
	other := newDevice(t).Public()
	for name, l := range map[string]leaf{
		"another key":  {credential: other[:], signatureKey: key[:]},
		"none":         {signatureKey: key[:]},
		"short":        {credential: key[:31], signatureKey: key[:31]},
		"both missing": {},
	} {
		if _, ok := l.key(); ok {
			t.Errorf("%s: taken for a device", name)
		}
	}
	if got, ok := (leaf{credential: key[:], signatureKey: key[:]}).key(); !ok || got != key {
		t.Error("a true credential was refused")
	}
}

func TestGhostBringsAnotherCode(t *testing.T) {
	// Two groups of the same meeting, as a lying service with the help of a
	// dishonest host could make them: their codes differ, and so do the keys.
	device := newDevice(t)
	r1 := &room{t: t, cfg: Config{Descriptor: testSigned(t, device, nil)}}
	r2 := &room{t: t, cfg: r1.cfg}
	for _, r := range []*room{r1, r2} {
		r.host = r.person("host", device)
		g, err := Create(r.host.cfg)
		if err != nil {
			t.Fatal(err)
		}
		r.host.Group = g
		r.present = []*person{r.host}
		r.admit("a", "b")
		r.agree()
	}
	disagree(t, r1.host, r2.host)
	disagree(t, r1.present[1], r2.present[1])
}

func TestTransportMeetingHasRosterButNoFrameKeys(t *testing.T) {
	host := newDevice(t)
	g, err := Create(Config{Device: host, Descriptor: testSigned(t, host, func(d *keys.Descriptor) { d.Mode = keys.ModeTransport })})
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	if n := len(g.Members()); n != 1 {
		t.Errorf("%d members, want the host", n)
	}
	if _, err := g.FrameKeys(); !errors.Is(err, ErrMode) {
		t.Errorf("frame keys: %v, want ErrMode", err)
	}
}

// A meeting in transport mode has a group too, for people, chat and names, and no
// key to seal media with.
func TestTransportModeHasNoFrameKeys(t *testing.T) {
	device := newDevice(t)
	r := &room{t: t, cfg: Config{Descriptor: testSigned(t, device, func(d *keys.Descriptor) { d.Mode = keys.ModeTransport })}}
	r.host = r.person("host", device)
	g, err := Create(r.host.cfg)
	if err != nil {
		t.Fatal(err)
	}
	r.host.Group, r.present = g, []*person{r.host}
	guest := r.admit("a")[0]
	for _, p := range r.present {
		if k, err := p.FrameKeys(); !errors.Is(err, ErrMode) || k.Base != nil {
			t.Errorf("%s: got %v, want ErrMode", p.name, err)
		}
	}
	if guest.Code() != r.host.Code() {
		t.Error("the codes differ")
	}
}

func TestEachAdmissionLetsOneIn(t *testing.T) {
	r := openRoom(t)
	r.admit("a")
	p, j := r.prepare("ghost")
	other, _ := r.prepare("other")
	key, hash := p.device.Public(), hashKeyPackage(j.KeyPackage())
	add := added{leaf: leaf{credential: key[:], signatureKey: key[:]}, hash: hash}
	host := r.host.device
	data := encodeAdmissions([]keys.Admission{
		host.SignAdmission(r.host.Meeting(), key, hash), host.SignAdmission(r.host.Meeting(), other.device.Public(), hash),
	})
	err := r.host.judge(proposed{by: r.host.Self().Leaf, adds: []added{add, add}, data: data})
	wantForbidden(t, err, AddNotAdmitted)
}

// library returns the MLS group behind a person, to do with it what the rules of a
// meeting forbid.
func library(p *person) *mls.Group { return p.engine.(*ours).group }

func TestProposalsAreRefusedAndForgotten(t *testing.T) {
	r := openRoom(t)
	people := r.admit("a", "b")
	a, b := people[0], people[1]
	proposal, err := library(a).ProposeRemove(mls.LeafIndex(b.Self().Leaf))
	if err != nil {
		t.Fatal(err)
	}
	r.unchanged(r.host, func() {
		_, err := r.host.Handle(proposal)
		wantForbidden(t, err, OtherProposal)
	})
	if n := len(library(r.host).Proposals()); n != 0 {
		t.Errorf("%d proposals wait to be committed", n)
	}
	// A commit that names the proposal fails, for nobody has kept it.
	commit, err := library(a).Commit(mls.CommitOptions{})
	if err != nil {
		t.Fatal(err)
	}
	r.unchanged(r.host, func() {
		if _, err := r.host.Handle(commit.Message()); !errors.Is(err, ErrInvalid) {
			t.Errorf("got %v, want ErrInvalid", err)
		}
	})
}

func TestNothingElseAboutTheGroupChanges(t *testing.T) {
	r := openRoom(t)
	a := r.admit("a", "b")[0]
	for name, options := range map[string]mls.CommitOptions{
		"extensions": {References: [][]byte{}, Extensions: mls.Extensions{mls.RequiredCapabilitiesExtension(mls.RequiredCapabilities{})}},
		"beside a Remove": {
			References: [][]byte{}, Remove: []mls.LeafIndex{mls.LeafIndex(r.present[2].Self().Leaf)}, Extensions: mls.Extensions{},
		},
	} {
		for _, p := range []*person{a, r.host} {
			staged, err := library(p).Commit(options)
			if err != nil {
				t.Fatal(name, err)
			}
			bob := r.present[2]
			r.unchanged(bob, func() {
				_, err := bob.Handle(staged.Message())
				wantForbidden(t, err, OtherProposal)
			})
			library(p).Discard(staged)
		}
	}
}

func TestNobodyEntersFromOutside(t *testing.T) {
	r := openRoom(t)
	a := r.admit("a")[0]
	info, err := library(a).GroupInfo(true)
	if err != nil {
		t.Fatal(err)
	}
	ghost := r.person("ghost", newDevice(t))
	m, err := ghost.cfg.verify()
	if err != nil {
		t.Fatal(err)
	}
	_, commit, err := mls.JoinExternal(mlsConfig(m), info, mls.ExternalOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range r.present {
		r.unchanged(p, func() {
			_, err := p.Handle(commit)
			wantForbidden(t, err, OutsideCommit)
		})
	}
}

// A member leads a joiner into a group of its own, with the service's help: the
// Welcome is good MLS, and is not signed by the host.
func TestWelcomeOfAMemberIsRefused(t *testing.T) {
	r := openRoom(t)
	a := r.admit("a")[0]
	_, j := r.prepare("victim")
	_, welcome, err := a.engine.stage([][]byte{j.KeyPackage()}, nil, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, w := range map[string][]byte{
		"not signed": welcome, "signed by the member": a.meeting.signWelcome(welcome), "cut": welcome[:10],
	} {
		if _, err := j.Join(w); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: got %v, want ErrInvalid", name, err)
		}
	}
	g, err := j.Join(r.host.meeting.signWelcome(welcome)) // only the signature was missing
	if err != nil {
		t.Fatal(err)
	}
	g.Close()
}
