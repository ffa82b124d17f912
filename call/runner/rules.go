package runner

import (
	"maps"

	"conclave/call/media"
	"conclave/keys"
)

// refuse tells the media what the host's word forbids of the others. It comes
// before the members are told, so that nothing of a newcomer's is opened first.
func (r *Runner) refuse() {
	closed := r.state.Closed()
	refused := make(map[keys.PublicKey]media.Kinds, len(closed))
	for k, kinds := range closed {
		refused[k] = media.Kinds(kinds)
	}
	if r.applied.refused == nil || !maps.Equal(refused, r.applied.refused) {
		r.media.SetRefused(refused)
		r.applied.refused = refused
	}
}
