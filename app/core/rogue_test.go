package core_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"conclave/app/core"
	"conclave/call/calltest"
	"conclave/call/wire"
	"conclave/keys"
)

// conspiracy is a meeting of Anna, Bob and Mallory, whose program is altered,
// on a service that helps her.
func conspiracy(t testing.TB) (w *world, anna, bob *client, mallory *calltest.Rogue) {
	t.Helper()
	w = newWorld(t)
	anna = w.start(keys.ModeE2EE, "")
	bob = w.client("Bob")
	w.admit(anna, bob)
	in := make(chan *calltest.Rogue, 1)
	go func() {
		r, err := calltest.NewRogue(t.Context(), w.hall, anna.meeting().ID, "Mallory")
		if err != nil {
			t.Error(err)
		}
		in <- r
	}()
	time.Sleep(2 * time.Second)
	anna.Send(core.AdmitAll{})
	if mallory = <-in; mallory == nil {
		t.FailNow()
	}
	t.Cleanup(func() { _ = mallory.Close() })
	time.Sleep(3 * time.Second)
	if err := mallory.CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, c := range []*client{anna, bob} {
		expect(t, c.name+" sees", len(c.meeting().People), 3)
		w.sends(c)
	}
	return w, anna, bob, mallory
}

// A member and the service together bring a ghost in, or put somebody out. The
// commits are good MLS; only the rules of the meeting forbid them.
func TestMemberAndServiceTogetherCannotChangeWhoIsIn(t *testing.T) {
	for name, make := range map[string]func(*calltest.Rogue, *client) ([]byte, error){
		"a ghost added":        func(r *calltest.Rogue, _ *client) ([]byte, error) { return r.AddGhost() },
		"a ghost from outside": func(r *calltest.Rogue, _ *client) ([]byte, error) { return r.Outside() },
		"a living member out":  func(r *calltest.Rogue, bob *client) ([]byte, error) { return r.Expel(bob.key()) },
	} {
		synctest.Test(t, func(t *testing.T) {
			w, anna, bob, mallory := conspiracy(t)
			if err := mallory.CatchUp(t.Context()); err != nil {
				t.Fatal(err)
			}
			commit, err := make(mallory, bob)
			if err != nil {
				t.Fatal(name, err)
			}
			victims := []*client{anna}
			if name != "a living member out" {
				victims = append(victims, bob)
			}
			for _, c := range victims {
				epoch := c.meeting().Code.Epoch
				w.liar.Tell(c.key(), wire.Ordered{Epoch: epoch, Sender: mallory.Device(), Commit: commit})
				expect(t, name+": silence of "+c.name, c.meeting().Silence, core.SilenceForbidden)
				expect(t, name+": told to "+c.name, c.noticed(core.NoticeForbidden), true)
				expect(t, name+": people of "+c.name, len(c.meeting().People), 3)
				expect(t, name+": epoch of "+c.name, c.meeting().Code.Epoch, epoch)
				w.silent(c)
			}
			w.sealed()
		})
	}
}

// Bob is put out by Mallory on the service's word that he is gone. For Anna that
// is as it should be; Bob knows better.
func TestExpelledByAMemberIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, anna, bob, mallory := conspiracy(t)
		commit, err := mallory.Expel(bob.key())
		if err != nil {
			t.Fatal(err)
		}
		epoch := mallory.Epoch()
		// The service claims that Bob is gone and orders Mallory's commit before
		// Anna's, by taking her place.
		w.liar.Up(func(c keys.PublicKey, m wire.Message) []wire.Message {
			if commit, ok := m.(wire.Commit); ok && c == anna.key() && len(commit.Removes) > 0 {
				return nil
			}
			return []wire.Message{m}
		})
		w.liar.Tell(anna.key(), wire.Gone{Device: bob.key()})
		synctest.Wait()
		w.liar.Tell(anna.key(), wire.Ordered{Epoch: epoch, Sender: mallory.Device(), Commit: commit})
		w.liar.Tell(bob.key(), wire.Ordered{Epoch: epoch, Sender: mallory.Device(), Commit: commit})
		synctest.Wait()
		expect(t, "Anna's silence", anna.meeting().Silence, core.SilenceNone)
		expect(t, "Anna sees", len(anna.meeting().People), 2)
		expect(t, "Bob's silence", bob.meeting().Silence, core.SilenceForbidden)
		expect(t, "Bob was told", bob.noticed(core.NoticeForbidden), true)
		w.silent(bob)
	})
}

// The honest service does not even order such commits.
func TestHonestServiceRefusesThem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, anna, bob, mallory := conspiracy(t)
		commit, err := mallory.Expel(bob.key())
		if err != nil {
			t.Fatal(err)
		}
		err = mallory.Send(context.Background(), wire.Commit{
			Ref: 9, Epoch: mallory.Epoch(), Commit: commit, Removes: []keys.PublicKey{bob.key()},
		})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		for _, c := range []*client{anna, bob} {
			expect(t, "people", len(c.meeting().People), 3)
			w.sends(c)
		}
	})
}
