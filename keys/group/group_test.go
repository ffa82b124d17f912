package group

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"conclave/keys"
)

func TestEverybodySeesTheSameGroup(t *testing.T) {
	r := openRoom(t)
	if r.host.Epoch() != 0 || len(r.host.Members()) != 1 {
		t.Fatalf("a new group has epoch %d and %d members", r.host.Epoch(), len(r.host.Members()))
	}
	codes := map[string]bool{r.host.Code().Digits(): true}
	for i := range 4 {
		r.admit(fmt.Sprint("guest ", i))
		r.agree()
		codes[r.host.Code().Digits()] = true
	}
	if len(codes) != 5 {
		t.Errorf("got %d different codes in 5 epochs", len(codes))
	}
	if n := len(r.host.Members()); n != 5 {
		t.Errorf("got %d members, want 5", n)
	}
	for _, p := range r.present {
		if p.Self().Key != p.device.Public() {
			t.Errorf("%s: Self is somebody else", p.name)
		}
		if p.Meeting() != r.host.Meeting() {
			t.Errorf("%s: another meeting", p.name)
		}
	}
	want, err := r.host.Export("conclave test", []byte("context"), 20)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range r.present {
		got, err := p.Export("conclave test", []byte("context"), 20)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s exports another secret: %v", p.name, err)
		}
	}
	if _, err := r.host.Export(labelFrames, nil, 32); err == nil {
		t.Error("the frame keys can be exported beside FrameKeys")
	}
	if other, _ := r.host.Export("conclave test", []byte("other"), 20); bytes.Equal(other, want) {
		t.Error("two contexts give the same secret")
	}
}

func TestCrowdEntersWithOneCommit(t *testing.T) {
	r := openRoom(t)
	people := r.admit("a", "b", "c", "d", "e")
	r.agree()
	if r.host.Epoch() != 1 || len(people) != 5 {
		t.Errorf("epoch %d, want 1", r.host.Epoch())
	}
}

func TestChangedSaysWhoCameAndWent(t *testing.T) {
	r := openRoom(t)
	a := r.admit("a")[0]
	joiner, j := r.prepare("b")
	staged, err := r.host.Commit([][]byte{j.KeyPackage()}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for p, e := range r.deliver(staged.Commit) {
		c, ok := e.(Changed)
		if !ok || c.Epoch != 2 || c.By.Key != r.host.device.Public() || len(c.Removed) != 0 || c.SelfRemoved ||
			len(c.Added) != 1 || c.Added[0].Key != joiner.device.Public() {
			t.Errorf("%s: got %+v", p.name, e)
		}
	}
	staged, err = r.host.Commit(nil, []keys.PublicKey{a.device.Public()})
	if err != nil {
		t.Fatal(err)
	}
	for p, e := range r.deliver(staged.Commit) {
		c, ok := e.(Changed)
		if !ok || c.Epoch != 3 || len(c.Added) != 0 || len(c.Removed) != 1 || c.Removed[0].Key != a.device.Public() || c.SelfRemoved != (p == a) {
			t.Errorf("%s: got %+v", p.name, e)
		}
	}
}

func TestRemovedMemberKnowsNothingAfterwards(t *testing.T) {
	r := openRoom(t)
	people := r.admit("a", "b", "c")
	gone := people[1]
	old := view(t, gone)
	staged, err := r.host.Commit(nil, []keys.PublicKey{gone.device.Public()})
	if err != nil {
		t.Fatal(err)
	}
	r.deliver(staged.Commit)
	r.leave(gone)
	r.agree()
	if now := view(t, r.host); now.frames == old.frames || now.code == old.code || now.members != 3 {
		t.Error("the keys have not changed with the Remove")
	}
	if _, err := gone.Handle([]byte("x")); !errors.Is(err, ErrRemoved) {
		t.Errorf("handle: got %v, want ErrRemoved", err)
	}
	if _, err := gone.Seal([]byte("x")); !errors.Is(err, ErrRemoved) {
		t.Errorf("seal: got %v, want ErrRemoved", err)
	}
	if _, err := gone.FrameKeys(); !errors.Is(err, ErrRemoved) {
		t.Errorf("frame keys: got %v, want ErrRemoved", err)
	}
	if _, err := gone.Commit(nil, nil); !errors.Is(err, ErrRemoved) {
		t.Errorf("commit: got %v, want ErrRemoved", err)
	}
	if gone.Authenticator() != nil || gone.Code() != (keys.Code{}) || gone.Epoch() != 0 {
		t.Error("the removed member still shows a code")
	}
}

func TestRemovedMemberMayComeBackWithAFreshKeyPackage(t *testing.T) {
	r := openRoom(t)
	people := r.admit("a", "b")
	staged, err := r.host.Commit(nil, []keys.PublicKey{people[0].device.Public()})
	if err != nil {
		t.Fatal(err)
	}
	r.deliver(staged.Commit)
	r.leave(people[0])
	j, err := Prepare(people[0].cfg)
	if err != nil {
		t.Fatal(err)
	}
	staged, err = r.host.Commit([][]byte{j.KeyPackage()}, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.deliver(staged.Commit)
	if people[0].Group, err = j.Join(staged.Welcome); err != nil {
		t.Fatal(err)
	}
	r.present = append(r.present, people[0])
	r.agree()
}

func TestPathUpdateRenewsKeys(t *testing.T) {
	r := openRoom(t)
	a := r.admit("a", "b")[0]
	before := view(t, r.host)
	staged, err := a.Commit(nil, nil)
	if err != nil || staged.Welcome != nil || staged.Epoch != 1 {
		t.Fatalf("%v, %+v", err, staged)
	}
	for _, e := range r.deliver(staged.Commit) {
		if c := e.(Changed); c.By.Key != a.device.Public() || len(c.Added)+len(c.Removed) != 0 {
			t.Errorf("got %+v", e)
		}
	}
	r.agree()
	if now := view(t, r.host); now.frames == before.frames || now.code == before.code {
		t.Error("nothing was renewed")
	}
}

func TestMessagesReachEverybody(t *testing.T) {
	r := openRoom(t)
	r.admit("a", "b")
	for i, from := range r.present {
		text := fmt.Sprintf("hello number %d", i)
		sealed, err := from.Seal([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(sealed, []byte(text)) {
			t.Fatal("the message is readable")
		}
		for p, e := range r.deliver(sealed) {
			s, ok := e.(Said)
			if !ok || s.From != from.Self() || string(s.Plaintext) != text || s.Epoch != r.host.Epoch() {
				t.Errorf("%s got another message", p.name)
			}
		}
		for _, p := range r.present {
			r.unchanged(p, func() {
				if e, err := p.Handle(sealed); err == nil {
					t.Errorf("%s took a replayed message: %v", p.name, e)
				}
			})
		}
	}
}

func TestMessageLengthIsPadded(t *testing.T) {
	r := openRoom(t)
	r.admit("a")
	short, err := r.host.Seal([]byte("no"))
	if err != nil {
		t.Fatal(err)
	}
	long, err := r.host.Seal([]byte("yes, I think that is right"))
	if err != nil {
		t.Fatal(err)
	}
	if len(short) != len(long) {
		t.Errorf("lengths %d and %d tell the messages apart", len(short), len(long))
	}
}

func TestMessageOfTheFormerEpochIsStillRead(t *testing.T) {
	r := openRoom(t)
	a := r.admit("a")[0]
	late, err := a.Seal([]byte("just before"))
	if err != nil {
		t.Fatal(err)
	}
	r.admit("b")
	e, err := r.host.Handle(late)
	if err != nil {
		t.Fatal(err)
	}
	if s := e.(Said); string(s.Plaintext) != "just before" || s.Epoch != 1 {
		t.Error("got another message")
	}
	b := r.present[2]
	r.unchanged(b, func() {
		if _, err := b.Handle(late); !errors.Is(err, ErrStale) {
			t.Errorf("a late joiner: got %v, want ErrStale", err)
		}
	})
}

func TestWhoHasLeftIsNotHeard(t *testing.T) {
	r := openRoom(t)
	a := r.admit("a", "b")[0]
	late, err := a.Seal([]byte("one more thing"))
	if err != nil {
		t.Fatal(err)
	}
	staged, err := r.host.Commit(nil, []keys.PublicKey{a.device.Public()})
	if err != nil {
		t.Fatal(err)
	}
	r.deliver(staged.Commit)
	r.leave(a)
	_, err = r.host.Handle(late)
	wantForbidden(t, err, SenderLeft)
}

func TestFirstCommitWins(t *testing.T) {
	r := openRoom(t)
	a := r.admit("a", "b")[0]
	mine, err := r.host.Commit(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := a.Commit(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Commit(nil, nil); !errors.Is(err, ErrPending) {
		t.Errorf("a second commit: got %v, want ErrPending", err)
	}
	r.deliver(theirs.Commit) // the host's is forgotten by this
	r.agree()
	if r.host.engine.(*ours).staged != nil {
		t.Error("the lost commit's secrets are kept")
	}
	for _, p := range r.present {
		r.unchanged(p, func() {
			if _, err := p.Handle(mine.Commit); !errors.Is(err, ErrStale) {
				t.Errorf("%s: got %v, want ErrStale", p.name, err)
			}
		})
	}
	again, err := r.host.Commit(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.deliver(again.Commit)
	r.agree()
}

func TestStagedCommitChangesNothingUntilItsEcho(t *testing.T) {
	r := openRoom(t)
	a := r.admit("a")[0]
	r.unchanged(r.host, func() {
		_, j := r.prepare("b")
		if _, err := r.host.Commit([][]byte{j.KeyPackage()}, nil); err != nil {
			t.Fatal(err)
		}
		sealed, err := r.host.Seal([]byte("meanwhile"))
		if err != nil {
			t.Fatal(err)
		}
		r.deliver(sealed)
		sealed, err = a.Seal([]byte("meanwhile too"))
		if err != nil {
			t.Fatal(err)
		}
		r.deliver(sealed)
		r.host.Discard()
		r.host.Discard()
	})
	staged, err := r.host.Commit(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.deliver(staged.Commit)
	r.agree()
}

func TestFutureMessagesAreToldApart(t *testing.T) {
	r := openRoom(t)
	people := r.admit("a", "b")
	behind := people[1]
	staged, err := r.host.Commit(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.leave(behind)
	r.deliver(staged.Commit)
	next, err := r.host.Commit(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := r.host.Seal([]byte("later"))
	if err != nil {
		t.Fatal(err)
	}
	for _, message := range [][]byte{next.Commit, sealed} {
		if _, err := behind.Handle(message); !errors.Is(err, ErrFuture) {
			t.Errorf("got %v, want ErrFuture", err)
		}
	}
	r.present = append(r.present, behind)
	for _, message := range [][]byte{staged.Commit} {
		if _, err := behind.Handle(message); err != nil {
			t.Fatal(err)
		}
	}
	r.deliver(next.Commit)
	r.agree()
}

func TestRefusedMessagesChangeNothing(t *testing.T) {
	r := openRoom(t)
	a := r.admit("a", "b")[0]
	staged, err := a.Commit(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := a.Seal([]byte("hello"))
	if err != nil {
		t.Fatal(err)
	}
	_, j := r.prepare("c")
	hosts, err := r.host.Commit([][]byte{j.KeyPackage()}, nil)
	if err != nil {
		t.Fatal(err)
	}
	bob := r.present[2]
	for name, message := range map[string][]byte{"commit": staged.Commit, "message": sealed, "commit with Adds": hosts.Commit} {
		r.unchanged(bob, func() {
			step := max(1, len(message)/97)
			for i := 0; i < len(message); i += step {
				altered := bytes.Clone(message)
				altered[i] ^= 0x11
				if e, err := bob.Handle(altered); err == nil {
					t.Errorf("%s: altered at %d, taken as %T", name, i, e)
				}
				if e, err := bob.Handle(message[:i]); err == nil {
					t.Errorf("%s: cut at %d, taken as %T", name, i, e)
				}
			}
			if e, err := bob.Handle(append(bytes.Clone(message), 0)); err == nil {
				t.Errorf("%s: with a byte more, taken as %T", name, e)
			}
		})
	}
	r.host.Discard()
	r.deliver(sealed)
	r.deliver(staged.Commit)
	r.agree()
}

func TestMessagesOfAnotherMeetingAreRefused(t *testing.T) {
	r, other := openRoom(t), openRoom(t)
	r.admit("a")
	other.admit("x")
	staged, err := other.host.Commit(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := other.host.Seal([]byte("x"))
	if err != nil {
		t.Fatal(err)
	}
	for _, message := range [][]byte{staged.Commit, sealed} {
		r.unchanged(r.host, func() {
			if _, err := r.host.Handle(message); !errors.Is(err, ErrOtherMeeting) {
				t.Errorf("got %v, want ErrOtherMeeting", err)
			}
		})
	}
	_, j := r.prepare("b")
	staged, err = other.host.Commit(nil, nil)
	if err == nil {
		t.Fatal("a second commit was staged")
	}
	other.host.Discard()
	// A key package made for one meeting, used by a host in another.
	staged, err = other.host.Commit([][]byte{j.KeyPackage()}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := j.Join(staged.Welcome); !errors.Is(err, ErrInvalid) {
		t.Errorf("join: got %v, want ErrInvalid", err)
	}
}

func TestSaidIsHidden(t *testing.T) {
	s := Said{Plaintext: []byte("the text")}
	for _, format := range []string{"%v", "%+v", "%#v", "%s", "%x", "%q"} {
		if got := fmt.Sprintf(format, s); got != hiddenText {
			t.Errorf("%s prints %q", format, got)
		}
	}
	if got := s.LogValue().String(); strings.Contains(got, "text") {
		t.Errorf("slog prints %q", got)
	}
}

func TestCloseEndsTheGroup(t *testing.T) {
	r := openRoom(t)
	r.admit("a")
	r.host.Close()
	r.host.Close()
	r.host.Discard()
	if _, err := r.host.Handle(nil); !errors.Is(err, ErrClosed) {
		t.Errorf("got %v, want ErrClosed", err)
	}
	if _, err := r.host.Export("x", nil, 16); !errors.Is(err, ErrClosed) {
		t.Errorf("got %v, want ErrClosed", err)
	}
}

func TestClassicSuite(t *testing.T) {
	r := openRoomWith(t, SuiteClassic)
	people := r.admit("a", "b", "c")
	staged, err := people[0].Commit(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.deliver(staged.Commit)
	staged, err = r.host.Commit(nil, []keys.PublicKey{people[1].device.Public()})
	if err != nil {
		t.Fatal(err)
	}
	r.deliver(staged.Commit)
	r.leave(people[1])
	r.admit("d", "e")
	sealed, err := people[2].Seal([]byte("hello"))
	if err != nil {
		t.Fatal(err)
	}
	r.deliver(sealed)
	r.agree()
}
