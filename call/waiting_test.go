package call

import (
	"testing"

	"conclave/call/wire"
	"conclave/keys"
	"conclave/keys/policy"
)

// Who waits for long is let in by what holds then, and not by what held when
// they knocked: a passport is revoked, or ends.
func TestWhoWaitsIsCheckedAgain(t *testing.T) {
	added := func(p *play) bool {
		p.all = nil
		p.do(Admit{Tickets: []wire.Ticket{1}}).wait(2 * AdmitEvery).fire(TimerCommit)
		for _, c := range find[MakeCommit](p.all) {
			if len(c.Adds) > 0 {
				return true
			}
		}
		return false
	}
	waits := func() *play {
		p := hosting(t)
		return p.do(KnockOpened{
			Ticket: 1, Device: key(1), KeyPackage: []byte("kp"), Name: p.name(1, "Guest"), Passcode: true,
			Passport: []byte("passport"), Proof: holds(keys.ClassPhone, "", policy.DecisionAllow),
		})
	}
	p := waits()
	p.all = nil
	p.do(CheckAgain{})
	asked := find[CheckPassport](p.all)
	if len(asked) != 1 || asked[0].Shown.Device != key(1) || asked[0].Shown.Name != "Guest" {
		t.Fatalf("asked about %d", len(asked))
	}
	p.do(PassportChecked{key(1), []byte("passport"), Proof{Checked: CheckedAway}})
	p.do(PassportChecked{key(1), []byte("another"), Proof{Checked: CheckedFalse, Flaw: FlawRevoked}})
	if !p.s.Lobby[0].Proof.Holds(p.now, "Guest") {
		t.Error("a log that is away, or an answer about another passport, accuses")
	}
	p.do(PassportChecked{key(1), []byte("passport"), Proof{Checked: CheckedFalse, Flaw: FlawRevoked}})
	if added(p) {
		t.Error("let in with a revoked passport")
	}
	p = waits()
	p.now = p.s.Lobby[0].Proof.Until
	if added(p) {
		t.Error("let in with a passport that has ended")
	}
	if p = waits(); !added(p) {
		t.Error("not let in")
	}
	// What did not hold at the door is not made to hold by an answer without a name.
	p = hosting(t)
	p.do(KnockOpened{
		Ticket: 1, Device: key(1), KeyPackage: []byte("kp"), Name: p.name(1, "Guest"), Passcode: true,
		Passport: []byte("passport"), Proof: Proof{Checked: CheckedFalse, Flaw: FlawName},
	})
	p.do(PassportChecked{key(1), []byte("passport"), holds(keys.ClassPhone, "", policy.DecisionAllow)})
	if added(p) {
		t.Error("let in under a name that is not the passport's")
	}
}

// A member can replay a passport of somebody's that has ended. It proves
// nothing, accuses nobody, and stands in the way of nothing.
func TestAnothersWordAccusesNobody(t *testing.T) {
	made := newPapers(t)
	p := seated(t, 2)
	old, own := made.bundle(2), made.bundle(2)
	p.shows(0, old)
	if len(find[CheckPassport](p.all)) != 0 {
		t.Error("asked about a passport that another says and that is not in the leaf")
	}
	p.leaf(2, old)
	p.do(Heard{key(0), p.s.Epoch, Passports{[][]byte{old}}})
	p.all = nil
	p.do(PassportChecked{key(2), old, Proof{Checked: CheckedFalse, Flaw: FlawDates}})
	if tells := find[Tell](p.all); len(tells) != 0 {
		t.Errorf("told %v", tells)
	}
	if p.s.ProofOf(key(2)).Checked == CheckedFalse {
		t.Error("what another said makes a person's passport false")
	}
	// One that holds is theirs, whoever passed it on: that it is revoked is told.
	p.do(Heard{key(0), p.s.Epoch, Passports{[][]byte{old}}})
	p.do(PassportChecked{key(2), old, holds(keys.ClassPhone, "", policy.DecisionAllow)})
	p.do(PassportChecked{key(2), old, Proof{Checked: CheckedFalse, Flaw: FlawRevoked}})
	if tells := find[Tell](p.all); len(tells) != 1 || tells[0].Notice != NoticeFalsePassport {
		t.Errorf("told %v of a passport that was revoked", tells)
	}
	p.leaf(2, own).all = nil
	p.do(Heard{key(2), p.s.Epoch, Passports{[][]byte{own}}})
	p.do(PassportChecked{key(2), own, Proof{Checked: CheckedFalse, Flaw: FlawNotLogged}})
	if tells := find[Tell](p.all); len(tells) != 1 || tells[0].Notice != NoticeFalsePassport {
		t.Errorf("told %v of what they showed themselves", tells)
	}
}

// That the service's log lies is the service's fault: no member is accused of
// it, though nothing is proved any more.
func TestALyingLogAccusesNoMember(t *testing.T) {
	made := newPapers(t)
	own := made.bundle(2)
	p := seated(t, 2).leaf(2, own)
	p.do(Heard{key(2), p.s.Epoch, Passports{[][]byte{own}}})
	p.do(PassportChecked{key(2), own, holds(keys.ClassPhone, "", policy.DecisionAllow)})
	p.all = nil
	p.do(PassportChecked{key(2), own, Proof{Checked: CheckedFalse, Flaw: FlawLog}})
	if tells := find[Tell](p.all); len(tells) != 0 {
		t.Errorf("told %v", tells)
	}
	if p.s.ProofOf(key(2)).Holds(p.now, "Guest") {
		t.Error("still proved")
	}
}
