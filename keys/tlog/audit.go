package tlog

import (
	"context"
	"fmt"
	"io"

	"golang.org/x/mod/sumdb/tlog"
)

// Report is what an audit of a whole log found.
type Report struct {
	Origin string
	Size   uint64
	Root   string
	Counts map[Kind]uint64 // KindNone counts entries that this version cannot read
	// Policies with several hashes under one version.
	PolicyConflicts []uint64
}

// Audit reads a whole log, checks each entry against the tree and the tree
// against the signed checkpoint, and counts what it holds. It is what an
// outsider runs: it trusts the key and nothing else.
func Audit(ctx context.Context, r Reader, key Key) (Report, error) {
	raw, err := r.Read(ctx, checkpointPath, maxCheckpoint)
	if err != nil {
		return Report{}, fmt.Errorf("audit log: %w", err)
	}
	c, err := key.Open(raw)
	if err != nil {
		return Report{}, fmt.Errorf("audit log: %w", err)
	}
	report := Report{Origin: key.Name(), Size: c.Size, Root: c.Hash.String(), Counts: map[Kind]uint64{}}
	if c.Size == 0 {
		return report, nil
	}
	policies := map[uint64][32]byte{}
	hashes := tlog.TileHashReader(c.tree(), &tiles{ctx, r, map[tlog.Tile][]byte{}})
	err = scan(ctx, r, hashes, 0, c.Size, func(_ uint64, data []byte) error {
		e, _ := ParseEntry(data) // the zero Kind counts those of later versions
		report.Counts[e.Kind]++
		if e.Kind == KindPolicy {
			if before, seen := policies[e.Version]; seen && before != e.Commitment {
				report.PolicyConflicts = append(report.PolicyConflicts, e.Version)
			}
			policies[e.Version] = e.Commitment
		}
		return nil
	})
	if err != nil {
		return Report{}, fmt.Errorf("audit log: %w", err)
	}
	return report, nil
}

// Print writes the report for people.
func (r Report) Print(w io.Writer) error {
	_, err := fmt.Fprintf(w, "log       %s\nentries   %d, all in the signed tree\nroot      %s\n", r.Origin, r.Size, r.Root)
	for _, k := range []Kind{KindPassport, KindRevocation, KindPolicy, KindDisclosure, KindAuthority, KindNone} {
		if n := r.Counts[k]; n > 0 && err == nil {
			_, err = fmt.Fprintf(w, "  %-11s %d\n", k, n)
		}
	}
	if len(r.PolicyConflicts) > 0 && err == nil {
		_, err = fmt.Fprintf(w, "WARNING   two policies under one version: %v\n", r.PolicyConflicts)
	}
	return err
}
