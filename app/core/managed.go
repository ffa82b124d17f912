package core

import (
	"math"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"conclave/keys"
)

// Limits are what the organisation has decided for the people at this computer.
type Limits struct {
	Settings []string // names of the settings that are decided, for the screens
	Service  bool     // the service is not to be chosen
	Devices  bool     // nor are the devices
	Modes    []keys.Mode
	NoShare  bool
}

// Restricted is a Core on a managed machine: it refuses what the organisation has
// decided otherwise, and says so. It is what screens are given in the place of the
// Core; safe for concurrent use.
type Restricted struct {
	core   roomCore
	limits Limits
	told   atomic.Bool // something was refused a moment ago

	mu   sync.Mutex
	next int
	by   map[int]func()
}

// Restrict puts limits on a core.
func Restrict(c *Core, l Limits) *Restricted { return restrict(c, l) }

func restrict(c roomCore, l Limits) *Restricted {
	return &Restricted{core: c, limits: l, by: map[int]func(){}}
}

// NoticeManaged says that the organisation does not allow what was asked for.
const NoticeManaged NoticeCode = "managed"

// managedNotice is the number of that notice; the core's own begin at 1.
const managedNotice = math.MaxUint64

// Send hands an intent on, unless the limits forbid it.
func (r *Restricted) Send(i Intent) {
	if d, ok := i.(Dismiss); ok && d.Notice == managedNotice {
		r.tell(false)
		return
	}
	if r.forbids(i) {
		r.tell(true)
		return
	}
	r.core.Send(i)
}

func (r *Restricted) forbids(i Intent) bool {
	mode := func(m keys.Mode) bool { return m != 0 && !slices.Contains(r.limits.Modes, m) }
	switch i := i.(type) {
	case ChooseService:
		return r.limits.Service
	case ChooseDevices:
		return r.limits.Devices
	case StartMeeting:
		return mode(i.Mode)
	case OpenPreview:
		return mode(i.Start.Mode)
	case Schedule:
		return mode(i.Mode)
	case StartScheduled:
		s := r.core.Latest()
		return slices.ContainsFunc(s.Plans, func(p Scheduled) bool {
			elsewhere := r.limits.Service && !strings.HasPrefix(p.Link, s.Service.URL+"/")
			return p.ID == i.Meeting && (mode(p.Mode) || elsewhere) // it may be older than the limits
		})
	case SetShare:
		return i.On && r.limits.NoShare
	}
	return false
}

func (r *Restricted) tell(refused bool) {
	r.told.Store(refused)
	r.mu.Lock()
	list := make([]func(), 0, len(r.by))
	for _, f := range r.by {
		list = append(list, f)
	}
	r.mu.Unlock()
	for _, news := range list {
		news()
	}
}

// Latest returns the core's newest snapshot within the limits.
func (r *Restricted) Latest() Snapshot {
	s := r.core.Latest()
	s.Managed = r.limits.Settings
	s.Can.ChooseService = s.Can.ChooseService && !r.limits.Service
	s.Can.ShareScreen = s.Can.ShareScreen && !r.limits.NoShare
	s.Can.StartMeeting = s.Can.StartMeeting && len(r.limits.Modes) > 0
	if r.told.Load() {
		s.Notices = append(slices.Clone(s.Notices), Notice{ID: managedNotice, Code: NoticeManaged, Severity: SeverityInfo})
	}
	return s
}

// Subscribe calls news after each change, until cancel is called.
func (r *Restricted) Subscribe(news func()) (cancel func()) {
	stop := r.core.Subscribe(news)
	r.mu.Lock()
	defer r.mu.Unlock()
	number := r.next
	r.next++
	r.by[number] = news
	return func() {
		stop()
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.by, number)
	}
}
