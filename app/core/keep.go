package core

import (
	"sync"
)

// Keep holds small files between starts, sealed with a key from the vault. Load
// returns nil where nothing was saved; Save leaves, after a crash, the old file
// or the new. Neither is called for one name twice at a time.
type Keep interface {
	Load(name string) ([]byte, error)
	Save(name string, data []byte) error
}

// The notices about what is kept.
const (
	NoticeProfileDamaged NoticeCode = "profile-damaged" // what was remembered cannot be read, and begins anew
	NoticeProfileUnsaved NoticeCode = "profile-unsaved" // it could not be written
)

// keeper writes what is to be kept, one file after another, of each only the
// newest: the core's goroutine never waits for a disk.
type keeper struct {
	sync.Mutex
	pending map[string][]byte
	busy    bool
}

// notKept is posted when a file could not be written.
type notKept struct{}

// keep has data written soon; without a Keep it does nothing.
func (c *Core) keep(name string, data []byte) {
	if c.cfg.Keep == nil {
		return
	}
	k := &c.keeper
	k.Lock()
	defer k.Unlock()
	if k.pending == nil {
		k.pending = map[string][]byte{}
	}
	k.pending[name] = data
	if !k.busy {
		k.busy = true
		c.tasks.Go(c.writeKept)
	}
}

func (c *Core) writeKept() {
	for {
		name, data, ok := c.keeper.take()
		if !ok {
			return
		}
		if c.cfg.Keep.Save(name, data) != nil {
			c.post(notKept{})
		}
	}
}

// take returns one waiting file, or ends the writing.
func (k *keeper) take() (name string, data []byte, ok bool) {
	k.Lock()
	defer k.Unlock()
	for name, data = range k.pending {
		delete(k.pending, name)
		return name, data, true
	}
	k.busy = false
	return "", nil, false
}

// recall reads what was kept. Called before the core runs.
func (c *Core) recall() {
	if c.cfg.Keep == nil {
		return
	}
	self := c.cfg.Device.Public()
	data, err := c.cfg.Keep.Load(peopleFile)
	if err == nil {
		c.recent.circle, err = parsePeople(data, self)
	}
	c.damaged(err)
	data, err = c.cfg.Keep.Load(plansFile)
	if err == nil {
		c.plans, err = parsePlans(data, self)
	}
	c.damaged(err)
	c.dropOldPlans()
}

func (c *Core) damaged(err error) {
	if err != nil {
		c.notify(Notice{Code: NoticeProfileDamaged, Severity: SeverityWarning})
	}
}

// remembered fills in what a snapshot says of people, plans and reports.
func (c *Core) remembered(s *Snapshot) {
	c.acquaint(s)
	s.Plans = c.scheduled()
	s.Report = c.report
	s.Can.Schedule = c.maySchedule()
	s.Can.Report = reportable(s.Meeting) && (c.cfg.Report != nil || c.cfg.SaveReport != nil)
}
