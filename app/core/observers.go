package core

import (
	"maps"
	"slices"
	"sync"
)

// observers are told of new snapshots. Safe for concurrent use.
type observers struct {
	sync.Mutex
	next int
	by   map[int]func()
}

// subscribe has news called at each tell, until cancel is called.
func (o *observers) subscribe(news func()) (cancel func()) {
	o.Lock()
	defer o.Unlock()
	number := o.next
	o.next++
	if o.by == nil {
		o.by = map[int]func(){}
	}
	o.by[number] = news
	return func() {
		o.Lock()
		defer o.Unlock()
		delete(o.by, number)
	}
}

// tell calls everybody, without the lock: they may subscribe and cancel.
func (o *observers) tell() {
	o.Lock()
	list := slices.Collect(maps.Values(o.by))
	o.Unlock()
	for _, news := range list {
		news()
	}
}
