package runner

import (
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"time"

	"conclave/call"
	"conclave/call/frame"
	"conclave/call/wire"
	"conclave/keys"
	"conclave/keys/group"
)

func (r *Runner) carryOut(e call.Effect) {
	switch e := e.(type) {
	case call.Dial:
		r.startDial()
	case call.HangUp:
		r.hangUp()
	case call.Send:
		r.send(e.Message)
	case call.CreateGroup:
		r.createGroup()
	case call.SealKnock:
		r.sealKnock()
	case call.OpenKnock:
		r.examine(r.openKnock(e.Knocking))
	case call.CheckPassport:
		r.checkMember(e.Shown)
	case call.FetchOwn:
		r.fetchOwn(0)
	case call.JoinGroup:
		r.joinGroup(e.Welcome)
	case call.OpenCommit:
		r.openCommit(e.Ordered)
	case call.OpenSaid:
		r.openSaid(e.Said)
	case call.MakeCommit:
		r.makeCommit(e)
	case call.DropCommit:
		if r.group != nil {
			r.group.Discard()
		}
	case call.Departed:
		if r.group != nil {
			r.group.Departed(e.Person)
		}
	case call.Returned:
		if r.group != nil {
			r.group.Returned(e.Person)
		}
	case call.Say:
		r.say(e)
	case call.SwitchKeys:
		r.switchKeys(e)
	case call.Wipe:
		r.wipe()
	case call.StartMedia:
		r.takeToken(e)
	case call.StopMedia:
		r.stopMedia()
	case call.Arm:
		r.armTimer(e)
	case call.Disarm:
		r.disarm(e.Timer)
	case call.Tell:
		if r.cfg.Tell != nil {
			r.cfg.Tell(e)
		}
	}
}

// switchKeys makes sending use another epoch. A picture's stream stays in its
// former one until a key frame, so one is asked for.
func (r *Runner) switchKeys(e call.SwitchKeys) {
	if r.ring == nil {
		return
	}
	_ = r.ring.SwitchSend(e.Epoch, !e.Now)
	if r.media != nil {
		r.media.RequestKeyFrame()
	}
}

func (r *Runner) groupConfig() group.Config {
	return group.Config{
		Device: r.cfg.Device, Descriptor: r.state.Sealed, Meeting: r.state.Meeting,
		Passport: keys.CertificateIn(r.state.Mine.Bundle, r.cfg.Device.Public()),
	}
}

func (r *Runner) createGroup() {
	g, err := group.Create(r.groupConfig())
	if err != nil {
		r.event(call.KeyFault{Fault: call.FaultForged})
		return
	}
	r.useGroup(g)
	r.epoch(group.Changed{Epoch: g.Epoch(), By: g.Self()})
	r.fetchOwn(0)
}

// useGroup takes a new group, with frame keys where media is sealed.
func (r *Runner) useGroup(g *group.Group) {
	r.group = g
	if r.state.About.Mode == keys.ModeE2EE {
		r.ring = frame.NewRing(frame.Config{Suite: frame.AES256GCM, Now: r.cfg.Now})
	}
}

// sealKnock gets the own passport first: it is the credential in the key package.
func (r *Runner) sealKnock() {
	if r.joining != nil {
		r.joining.Close()
		r.joining = nil
	}
	r.knocks++
	r.fetchOwn(r.knocks)
}

// knock makes a key package and seals the knock, both with the own passport that
// was just checked.
func (r *Runner) knock() {
	j, err := group.Prepare(r.groupConfig())
	if err != nil {
		r.event(call.KeyFault{Fault: call.FaultForged})
		return
	}
	r.joining = j
	knock := keys.NewKnock(r.state.Name, r.cfg.Passcode)
	knock.Passport = r.state.Mine.Bundle
	sealed, err := keys.SealKnock(r.state.About.LobbyKey, r.state.Meeting, r.state.Self, knock)
	if errors.Is(err, keys.ErrPasscode) {
		r.event(call.LinkFailed{Final: true, Why: call.EndPasscode}) // no meeting has such a long one
		return
	}
	if err != nil {
		r.event(call.LinkFailed{Final: true, Why: call.EndRelabelled})
		return
	}
	r.event(call.KnockSealed{KeyPackage: j.KeyPackage(), Sealed: sealed})
}

// openKnock opens what only the host can and checks that all parts of the
// knock belong to the one device that knocks.
func (r *Runner) openKnock(w wire.Knocking) call.KnockOpened {
	out := call.KnockOpened{Ticket: w.Ticket, Device: w.Device, KeyPackage: w.KeyPackage, Broken: true}
	knock, err := r.lobby.Open(r.state.Meeting, w.Device, w.Sealed)
	if err != nil || knock.Name.Device != w.Device || knock.Name.Verify(r.state.Meeting) != nil {
		return out
	}
	owner, passport, err := group.CheckKeyPackage(r.groupConfig(), w.KeyPackage)
	if err != nil || owner != w.Device {
		return out
	}
	// What is checked about the bundle must be about what stands in the leaf.
	if !bytes.Equal(passport, keys.CertificateIn(knock.Passport, w.Device)) {
		return out
	}
	out.Broken, out.Name, out.Passport = false, knock.Name, knock.Passport
	out.Passcode = !r.state.About.Passcode ||
		subtle.ConstantTimeCompare([]byte(knock.Passcode), []byte(r.cfg.Passcode)) == 1
	return out
}

func (r *Runner) joinGroup(welcome []byte) {
	if r.joining == nil {
		r.event(call.KeyFault{Fault: call.FaultForged})
		return
	}
	g, err := r.joining.Join(welcome)
	r.joining = nil
	if err != nil {
		r.event(call.KeyFault{Fault: call.FaultForged})
		return
	}
	r.useGroup(g)
	r.epoch(group.Changed{Epoch: g.Epoch(), By: g.Self()})
}

func (r *Runner) openCommit(w wire.Ordered) {
	if r.group == nil {
		return
	}
	if w.Sender != r.state.Self {
		r.group.Discard()
	}
	e, err := r.group.Handle(w.Commit)
	if err != nil {
		r.event(call.KeyFault{Fault: faultOf(err)})
		return
	}
	changed, ok := e.(group.Changed)
	if !ok {
		r.event(call.KeyFault{Fault: call.FaultForged})
		return
	}
	r.epoch(changed)
}

func (r *Runner) openSaid(w wire.Said) {
	if r.group == nil {
		return
	}
	e, err := r.group.Handle(w.Message)
	if err != nil {
		// The service orders nothing for an epoch that is over. Whoever does not
		// share this epoch's secrets was shown another meeting.
		r.event(call.KeyFault{Fault: call.FaultFork})
		return
	}
	said, ok := e.(group.Said)
	if !ok || said.From.Key != w.Sender {
		r.event(call.KeyFault{Fault: call.FaultForged})
		return
	}
	if said.Epoch != r.group.Epoch() {
		r.event(call.KeyFault{Fault: call.FaultFork}) // opened, and still not of now
		return
	}
	if said.From.Key == r.state.Self {
		mark := sha256.Sum256(w.Message)
		r.event(call.Echoed{Ref: r.said[mark]})
		delete(r.said, mark)
		return
	}
	p, err := call.DecodePayload(said.Plaintext)
	if err != nil {
		return // a member of another version; nothing is shown of it
	}
	r.event(call.Heard{From: said.From.Key, Epoch: said.Epoch, Payload: p})
}

func faultOf(err error) call.Fault {
	switch {
	case errors.Is(err, group.ErrStale), errors.Is(err, group.ErrFuture):
		return call.FaultFork
	case errors.Is(err, group.ErrForbidden):
		return call.FaultForbidden
	}
	return call.FaultForged
}

// epoch hands the frame keys of a new epoch to the ring and tells the machine.
func (r *Runner) epoch(c group.Changed) {
	out := call.EpochReady{
		Epoch: c.Epoch, By: c.By.Key, Added: keysOf(c.Added), Removed: keysOf(c.Removed), SelfRemoved: c.SelfRemoved,
	}
	if c.SelfRemoved {
		r.event(out)
		return
	}
	for _, m := range r.group.Members() {
		passport := call.HashPassport(r.group.Passport(m.Key))
		out.Members = append(out.Members, call.Member{Key: m.Key, Leaf: m.Leaf, Passport: passport})
	}
	out.Code, out.Roster = r.group.Code(), r.group.RosterHash()
	clear(r.said) // what was said in the former epoch and not echoed is said again
	if r.ring != nil {
		k, err := r.group.FrameKeys()
		if err == nil {
			err = r.ring.AddEpoch(k.Epoch, k.Base, k.Leaf)
			clear(k.Base)
			r.expireLater()
		}
		if err != nil {
			r.event(call.KeyFault{Fault: call.FaultForged})
			return
		}
	}
	r.event(out)
}

// expireLater wipes the former epoch's frame keys when its time is over, also
// when nothing else happens then.
func (r *Runner) expireLater() {
	if r.expiry != nil {
		r.expiry.Stop()
	}
	r.expiry = time.AfterFunc(frame.KeepOldFor+time.Second, func() { r.post(expire{}) })
}

func keysOf(members []group.Member) []keys.PublicKey {
	var out []keys.PublicKey
	for _, m := range members {
		out = append(out, m.Key)
	}
	return out
}

func (r *Runner) makeCommit(e call.MakeCommit) {
	if r.group == nil {
		return
	}
	msg := wire.Commit{Ref: e.Ref, Removes: e.Removes}
	var adds [][]byte
	for _, k := range e.Adds {
		adds = append(adds, k.KeyPackage)
		msg.Adds = append(msg.Adds, k.Ticket)
	}
	err := r.group.UsePassport(r.groupConfig().Passport)
	var staged group.Staged
	if err == nil {
		staged, err = r.group.Commit(adds, e.Removes)
	}
	if err != nil {
		r.event(call.CommitFailed{Ref: e.Ref})
		return
	}
	msg.Epoch, msg.Commit, msg.Welcome = r.group.Epoch(), staged.Commit, staged.Welcome
	r.send(msg)
}

func (r *Runner) say(e call.Say) {
	if r.group == nil {
		return
	}
	plain, err := call.EncodePayload(e.Payload)
	var sealed []byte
	if err == nil {
		sealed, err = r.group.Seal(plain)
	}
	if err != nil {
		r.event(call.FromService{Message: wire.Failed{Ref: e.Ref, Code: wire.CodeInternal}})
		return
	}
	r.said[sha256.Sum256(sealed)] = e.Ref
	r.send(wire.Say{Ref: e.Ref, Epoch: r.group.Epoch(), Message: sealed})
}

// takeToken keeps the relay's newest address and token. reconcile starts the
// media once there are keys too.
func (r *Runner) takeToken(e call.StartMedia) {
	r.token.Lock()
	defer r.token.Unlock()
	r.token.url, r.token.token = e.URL, e.Token
}

func (r *Runner) relayToken() (url, token string) {
	r.token.Lock()
	defer r.token.Unlock()
	return r.token.url, r.token.token
}
