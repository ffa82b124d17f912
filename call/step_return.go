package call

import (
	"maps"
	"slices"

	"conclave/keys"
)

// A member whose program crashed, or whose connection died, knocks again with
// the same device key. The host's device let them in before, so it does so
// again without asking: also through a locked door, since they were inside.

// returns reports whether a knock is that of a former member who comes back
// unasked: their connection died, or their keys were lost; they did not say
// goodbye, the host did not remove them, and they go by the name that they
// had. Nobody comes back into a suspended meeting.
func (m *machine) returns(e KnockOpened) bool {
	return slices.Contains(m.Lost, e.Device) && !slices.Contains(m.Removing, e.Device) &&
		m.Returns[e.Device] < ReturnsMost && !m.Rule.Rules.Suspended && e.Name.Name == m.nameOf(e.Device)
}

// returning reports whether somebody among those to be added comes back: they
// do not wait for a crowd to gather, unless somebody has just come back.
func (m *machine) returning(adds []Knocker) bool {
	return m.now.Sub(m.Back) >= AdmitEvery && slices.ContainsFunc(adds, func(k Knocker) bool { return slices.Contains(m.Lost, k.Key) })
}

// welcomed takes those who are members now out of the lobby. The names that
// they knocked with are the first that the host knows of them.
func (m *machine) welcomed(added []keys.PublicKey) {
	for _, k := range m.Lobby {
		if slices.Contains(added, k.Key) {
			m.learnName(k.Name)
		}
	}
	returns := maps.Clone(m.Returns)
	for _, k := range added {
		if slices.Contains(m.Lost, k) {
			if returns == nil {
				returns = map[keys.PublicKey]int{}
			}
			returns[k]++
			m.Back = m.now
		}
	}
	m.Returns = returns
	m.Lobby = without(m.Lobby, func(k Knocker) bool { return slices.Contains(added, k.Key) })
}
