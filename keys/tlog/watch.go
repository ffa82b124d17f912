package tlog

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"golang.org/x/mod/sumdb/tlog"

	"conclave/keys"
)

// keepDays is how long revocations and expected passports are remembered, by
// this device's clock and not by the days that stand in the log, since whoever
// writes there could make clients forget: passports live one day, clocks and
// days do not align.
const keepDays = 3

// Expect notes a passport that this device asked for and got, so that its entry
// is no surprise. It may come before or after the entry was read.
func (c *Client) Expect(b keys.PassportBundle) error {
	if len(b.Chain) == 0 {
		return keys.ErrBundle
	}
	p, err := keys.ParsePassport(b.Chain[0])
	if err != nil {
		return err
	}
	c.mutex.Lock()
	defer c.mutex.Unlock()
	next := c.state.clone()
	entry := PassportEntry(p, b.Opening, b.Chain[0])
	next.Expected[encode32(entry.Commitment)] = entry.Day
	next.Unexplained = slices.DeleteFunc(next.Unexplained, func(f Finding) bool { return f.Commitment == entry.Commitment })
	if err := c.store(next); err != nil {
		return err
	}
	c.state = next
	return nil
}

// Explain opens findings with bundles that the service handed out about the
// owner's account, and returns the passports among them that belong to a device
// that isOwn does not know: keys added behind the owner's back. A bundle that
// opens nothing is ignored. What stays in Unexplained, the service cannot open.
func (c *Client) Explain(bundles []keys.PassportBundle, isOwn func(keys.PublicKey) bool) ([]keys.Passport, error) {
	var foreign []keys.Passport
	c.mutex.Lock()
	owner := c.cfg.Account
	c.mutex.Unlock()
	for _, b := range bundles {
		if len(b.Chain) == 0 {
			continue
		}
		p, err := keys.ParsePassport(b.Chain[0])
		if err != nil || p.Account != owner {
			continue
		}
		if isOwn(p.Device) {
			if err := c.Expect(b); err != nil {
				return nil, err
			}
			continue
		}
		commitment := keys.Commitment(b.Opening, b.Chain[0])
		if slices.ContainsFunc(c.Unexplained(), func(f Finding) bool { return f.Commitment == commitment }) {
			foreign = append(foreign, p)
		}
	}
	return foreign, nil
}

// Unexplained lists passports in the owner's name that the owner did not ask
// for, oldest first.
func (c *Client) Unexplained() []Finding {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return slices.Clone(c.state.Unexplained)
}

// IsLoggedPolicy reports whether the log has a policy of this version and hash,
// and no other one of that version.
func (c *Client) IsLoggedPolicy(version uint64, hash [32]byte) bool {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	logged := c.state.Policies[version]
	return len(logged) == 1 && logged[0] == encode32(hash)
}

// read reads the entries up to next and returns what is known after them.
func (c *Client) read(ctx context.Context, next Checkpoint) (state, error) {
	s, today := c.state.clone(), Day(c.cfg.Now())
	if c.known.Size == 0 && s.Next == 0 && next.Size > firstScan {
		s.Next = next.Size - firstScan
	}
	err := scan(ctx, c.cfg.Reader, c.hashes(ctx, next), s.Next, next.Size, func(index uint64, data []byte) error {
		e, err := ParseEntry(data)
		if err != nil {
			return nil // of a later version; it cannot be a passport's (Check compares bytes)
		}
		s.learn(index, e, c.cfg.Account, today)
		return nil
	})
	if err != nil {
		return state{}, err
	}
	old := func(_ string, day uint32) bool { return uint64(day)+keepDays < uint64(today) }
	maps.DeleteFunc(s.Revoked, old)
	maps.DeleteFunc(s.Expected, old)
	s.Next = next.Size
	return s, nil
}

// learn takes one entry over, read on the day today.
func (s *state) learn(index uint64, e Entry, owner keys.AccountID, today uint32) {
	commitment := encode32(e.Commitment)
	switch e.Kind {
	case KindPassport:
		if owner.IsZero() || e.Label != keys.LogLabel(owner, e.Day) {
			return
		}
		if _, expected := s.Expected[commitment]; !expected {
			s.Unexplained = append(s.Unexplained, Finding{index, e.Day, e.Commitment})
			s.Unexplained = s.Unexplained[max(0, len(s.Unexplained)-maxUnexplained):]
		}
	case KindRevocation:
		s.Revoked[commitment] = today
	case KindPolicy:
		if !slices.Contains(s.Policies[e.Version], commitment) {
			s.Policies[e.Version] = append(s.Policies[e.Version], commitment)
		}
	case KindDisclosure, KindAuthority, KindNone:
	}
}

// scan calls visit with each entry from first to before size, checked against
// the tree of hashes.
func scan(ctx context.Context, r Reader, hashes tlog.HashReader, first, size uint64, visit func(uint64, []byte) error) error {
	source := &tiles{ctx: ctx, reader: r}
	for n := first / tileWidth; n*tileWidth < size; n++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		width := int(min(tileWidth, size-n*tileWidth))
		entries, err := source.bundle(int64(n), width)
		if err != nil {
			return err
		}
		indexes := make([]int64, width)
		for i := range indexes {
			indexes[i] = tlog.StoredHashIndex(0, int64(n*tileWidth)+int64(i))
		}
		want, err := hashes.ReadHashes(indexes)
		if err != nil {
			return tileError(err)
		}
		for i, data := range entries {
			index := n*tileWidth + uint64(i)
			if tlog.RecordHash(data) != want[i] {
				return ErrTile
			}
			if index < first {
				continue
			}
			if err := visit(index, data); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *Client) store(s state) error {
	data, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("store log memory: %w", err)
	}
	if len(s.Checkpoint) == 0 {
		return nil // nothing was seen yet that could be rolled back
	}
	if err := c.cfg.Memory.Store(data); err != nil {
		return fmt.Errorf("store log memory: %w", err)
	}
	return nil
}

func (s state) clone() state {
	s.Revoked, s.Expected, s.Policies = maps.Clone(s.Revoked), maps.Clone(s.Expected), maps.Clone(s.Policies)
	s.Unexplained = slices.Clone(s.Unexplained)
	return s
}
