package core

import (
	"context"

	"conclave/call/media"
)

// testSpeaker plays the test sound on the chosen speaker, once at a time.
func (c *Core) testSpeaker() {
	if c.testing {
		return
	}
	open := c.cfg.Hardware.Speaker
	if open == nil {
		c.devices.SpeakerFault = DeviceMissing
		c.notify(Notice{Code: NoticeSpeakerMissing, Severity: SeverityInfo})
		return
	}
	c.testing = true
	id, ctx := c.devices.Speaker, c.ctx
	c.tasks.Go(func() { c.post(tested{playTest(ctx, open, id)}) })
}

func playTest(ctx context.Context, open func(string) (media.AudioSink, error), id string) error {
	sink, err := open(id)
	if err != nil {
		return err
	}
	defer sink.Close()
	return media.PlayChime(ctx, sink)
}

func (c *Core) tested(w tested) {
	c.testing = false
	c.devices.SpeakerFault = DeviceFine
	if w.err != nil && c.ctx.Err() == nil {
		c.devices.SpeakerFault = faultOf(w.err)
		c.notify(Notice{Code: NoticeSpeakerMissing, Severity: SeverityInfo})
	}
}
