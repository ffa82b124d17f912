package core

import (
	"context"
	"errors"
	"time"

	"conclave/call"
	"conclave/call/media"
	"conclave/call/runner"
	"conclave/call/wire"
	"conclave/keys"
)

// lookEvery is how often the service is asked anew about a meeting whose door
// the person stands at: whether its host is here changes.
const lookEvery = 5 * time.Second

// previewing is an open preview: devices that nobody else sees or hears, and
// what the service says of the meeting.
type previewing struct {
	number  int
	shown   Preview
	session *media.Session // dials nobody
	wants   media.Wants
	keep    *keeping // the devices' way into the meeting
	cancel  context.CancelFunc
}

// What arrives from a preview.
type (
	rehearsed struct {
		preview int
		event   media.Event
	}
	looked struct {
		preview int
		about   keys.Descriptor
		answer  wire.Meeting
		err     error
	}
	tested struct{ err error }
)

// errLied says that the service showed another meeting than the link's.
var errLied = errors.New("descriptor is not the link's")

// openPreview shows a preview in the place of one that is open.
func (c *Core) openPreview(i OpenPreview) {
	if c.meeting != nil {
		return
	}
	p := &previewing{shown: Preview{Link: i.Link, Start: i.Start}, keep: &keeping{}}
	var link keys.Link
	if i.Link == "" {
		p.shown.Mode, p.shown.Demand, p.shown.Asks = i.Start.Mode, i.Start.Demand, i.Start.Passcode != ""
		p.shown.Looked, p.shown.HostHere = true, true
	} else {
		var err error
		if link, err = keys.ParseLink(i.Link); err != nil {
			c.notify(Notice{Code: linkNotice(err), Severity: SeverityWarning})
			return
		}
	}
	c.endPreview(false)
	c.previews++
	p.number = c.previews
	p.wants = media.Wants{Mic: !c.settings.MicOff, Camera: !c.settings.CameraOff}
	p.session = c.rehearse(p.keep)
	p.session.SetWants(p.wants)
	ctx, cancel := context.WithCancel(c.ctx)
	p.cancel = cancel
	c.preview = p
	c.session.Store(p.session)
	number, events := p.number, p.session.Events()
	c.tasks.Go(func() {
		for e := range events {
			c.post(rehearsed{number, e})
		}
	})
	if i.Link != "" {
		c.tasks.Go(func() { c.look(ctx, number, link) })
	}
	if list := c.cfg.Hardware.List; list != nil { // something may have been plugged in
		c.tasks.Go(func() { c.post(listed{list()}) })
	}
}

func linkNotice(err error) NoticeCode {
	if errors.Is(err, keys.ErrForeignLink) {
		return NoticeForeignLink
	}
	return NoticeBrokenLink
}

// rehearse opens the devices in a session that has no relay.
func (c *Core) rehearse(keep *keeping) *media.Session {
	h := c.cfg.Hardware
	cfg := media.SessionConfig{
		Self: c.cfg.Device.Public(), Codecs: h.Codecs, Format: c.cfg.Format, Now: c.cfg.Now,
	}
	if h.Camera != nil {
		cfg.Video = func() (media.VideoSource, error) { return c.openCamera(keep) }
	}
	if h.Microphone != nil {
		cfg.Audio = func() (media.AudioSource, error) { return c.openMicrophone(keep) }
	}
	return media.NewSession(cfg)
}

// endPreview puts the preview away. With hand its devices stay open for the
// meeting that begins now.
func (c *Core) endPreview(hand bool) {
	p := c.preview
	if p == nil {
		return
	}
	c.preview = nil
	p.cancel()
	p.keep.set(hand)
	c.session.CompareAndSwap(p.session, nil)
	c.devices.Level = 0
	c.tasks.Go(p.session.Close)
}

// inPreview switches microphone and camera before the meeting, as in it.
func (c *Core) inPreview(i Intent) {
	p := c.preview
	switch i := i.(type) {
	case SetMic:
		p.wants.Mic = i.On
	case SetCamera:
		p.wants.Camera = i.On
	}
	c.settings.MicOff, c.settings.CameraOff = !p.wants.Mic, !p.wants.Camera
	p.session.SetWants(p.wants)
}

// rehearsed hears from a preview's devices.
func (c *Core) rehearsed(w rehearsed) {
	p := c.preview
	if p == nil || p.number != w.preview {
		return
	}
	fault := DeviceFine
	if w.event.Kind == media.EventDeviceLost {
		fault = faultOf(w.event.Err)
	}
	switch w.event.Kind {
	case media.EventSpeaking:
		c.devices.Level = w.event.Level
	case media.EventDeviceLost, media.EventDeviceBack:
		switch w.event.Device {
		case media.DeviceCamera:
			p.shown.Camera.Fault = fault
		case media.DeviceMicrophone:
			p.shown.Mic.Fault = fault
		case media.DeviceSpeaker, media.DeviceScreen, media.DeviceUnknown:
		}
	default: // a session without a relay says nothing else
	}
}

// view is the preview as it is shown.
func (p *previewing) view(testing bool) *Preview {
	v := p.shown
	v.Mic.Wanted, v.Mic.On = p.wants.Mic, p.wants.Mic && v.Mic.Fault == DeviceFine
	v.Camera.Wanted, v.Camera.On = p.wants.Camera, p.wants.Camera && v.Camera.Fault == DeviceFine
	v.Testing = testing
	return &v
}

// look asks the service about the meeting until ctx is done, and again every
// few seconds.
func (c *Core) look(ctx context.Context, number int, link keys.Link) {
	for ctx.Err() == nil {
		conn, err := c.cfg.Dial(ctx, link.Service, link.Pin)
		for ref := uint32(1); err == nil; ref++ {
			w := looked{preview: number}
			w.answer, w.err = ask(ctx, conn, ref, link.Meeting)
			if w.err == nil {
				sealed := keys.SignedDescriptor{Encoded: w.answer.Encoded, Signature: w.answer.Signature}
				if w.about, w.err = sealed.Verify(link.Meeting); w.err != nil {
					w.err = errLied
				}
			}
			if ctx.Err() != nil {
				break
			}
			c.post(w)
			var code wire.Code
			if w.err != nil && !errors.As(w.err, &code) {
				err = w.err
				break
			}
			rest(ctx, lookEvery)
			err = ctx.Err()
		}
		if conn != nil {
			_ = conn.Close() // nothing more is asked
		}
		if ctx.Err() != nil {
			return
		}
		if conn == nil {
			c.post(looked{preview: number, err: err})
		}
		if _, final := errors.AsType[*runner.FinalError](err); final || errors.Is(err, errLied) {
			return
		}
		rest(ctx, lookEvery)
	}
}

func rest(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// ask sends one Look and waits for what it gives.
func ask(ctx context.Context, conn runner.Conn, ref uint32, id keys.MeetingID) (m wire.Meeting, err error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if err := conn.Send(ctx, wire.Look{Ref: ref, Meeting: id}); err != nil {
		return m, err
	}
	for {
		got, err := conn.Receive(ctx)
		if err != nil {
			return m, err
		}
		switch got := got.(type) {
		case wire.Meeting:
			m = got
		case wire.Failed:
			if got.Ref == ref {
				return m, got.Code
			}
		case wire.Done:
			if got.Ref == ref {
				return m, nil
			}
		}
	}
}

// looked takes over what the service said. What cannot be true is not shown.
func (c *Core) looked(w looked) {
	p := c.preview
	if p == nil || p.number != w.preview {
		return
	}
	s := &p.shown
	final, _ := errors.AsType[*runner.FinalError](w.err)
	switch {
	case w.err == nil:
		s.Looked, s.Missing = true, false
		s.Mode, s.Asks, s.Demand = w.about.Mode, w.about.Passcode, w.about.Demand
		s.Locked, s.HostHere = w.answer.Locked, w.answer.HostHere
	case errors.Is(w.err, wire.CodeNotFound), errors.Is(w.err, wire.CodeEnded):
		s.Looked, s.Missing = true, true
	case errors.Is(w.err, errLied):
		s.Looked, s.Mode = false, 0
		c.notify(Notice{Code: NoticeRelabelled, Severity: SeverityAlarm, Modal: true})
	case final != nil:
		c.notify(Notice{Code: finalNotice(final), Severity: SeverityWarning})
	default:
		c.notify(Notice{Code: NoticeServiceDown, Severity: SeverityWarning})
	}
}

// finalNotice says why there is no use in asking again.
func finalNotice(e *runner.FinalError) NoticeCode {
	switch e.Why {
	case call.EndPinMismatch:
		return NoticePin
	case call.EndVersion:
		return NoticeVersion
	default:
		return NoticeServiceDown
	}
}
