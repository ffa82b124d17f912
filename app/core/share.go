package core

import (
	"conclave/call"
	"conclave/call/media"
)

// share takes a wish to share a screen, and returns whether it is one that can
// be. Another screen than the one that is shared takes its place at once.
func (c *Core) share(i SetShare) bool {
	m := c.meeting
	if i.On && c.cfg.Hardware.Screen == nil {
		m.shrFault = DeviceMissing
		c.notify(Notice{Code: NoticeScreenMissing, Severity: SeverityInfo})
		return false
	}
	m.shrFault = DeviceFine
	if before := *c.sharing.Load(); i.On && before != i.Screen {
		c.sharing.Store(&i.Screen)
		if s := c.session.Load(); s != nil && m.state.Wants.Share {
			s.Reopen(media.DeviceScreen)
		}
	}
	return i.On
}

// screen is the ID of the screen to share.
func (c *Core) screen() string { return *c.sharing.Load() }

// screenFault hears that the shared screen gives nothing, or works. A screen that
// was unplugged, or that this program may not see, is not shared again by
// itself: what would be seen then is not what the person chose.
func (c *Core) screenFault(f DeviceFault) {
	m := c.meeting
	m.shrFault = f
	if f == DeviceFine || !m.state.Wants.Share {
		return
	}
	m.state.Wants.Share = false
	m.runner.Do(call.Wish{Wants: m.state.Wants})
	c.notify(Notice{Code: NoticeScreenMissing, Severity: SeverityWarning})
}

// mayShare reports whether this computer has a screen that can be shared.
func (c *Core) mayShare() bool {
	return c.cfg.Hardware.Screen != nil && len(c.devices.Screens) > 0
}
