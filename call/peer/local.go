package peer

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/livekit/protocol/livekit"
	lksdk "github.com/livekit/server-sdk-go/v2"
	"github.com/pion/rtcp"
	"github.com/pion/webrtc/v4"
	pion "github.com/pion/webrtc/v4/pkg/media"

	"conclave/call/media"
)

// wish is something to tell the relay from a goroutine that may wait for the
// network.
type wish struct {
	local  *localTrack
	muted  bool
	close  bool
	remote *remoteTrack
	wanted bool
	width  int
	height int
}

// grant carries out wishes in order.
func (c *connection) grant() {
	for {
		w, ok := c.wishes.take(c.closed)
		switch {
		case !ok:
			return
		case w.local != nil && w.close:
			_ = c.room.LocalParticipant.UnpublishTrack(w.local.pub.SID()) // gone already, then
		case w.local != nil:
			w.local.pub.SetMuted(w.muted)
		case w.remote != nil:
			w.remote.settle(w)
		}
	}
}

// localTrack is a media.LocalTrack.
type localTrack struct {
	c     *connection
	track *lksdk.LocalTrack
	pub   *lksdk.LocalTrackPublication
	rate  float64 // RTP clock
	base  uint32  // RTP time of zero

	wantsKey atomic.Bool
	loss     atomic.Uint32 // share of 256
}

func publish(ctx context.Context, c *connection, kind media.Kind, width, height int, sealed bool) (*localTrack, error) {
	l := &localTrack{c: c, base: 1<<30 + rand.Uint32N(1<<30)}
	opts := &lksdk.TrackPublicationOptions{Encryption: encryption(sealed)}
	var codec webrtc.RTPCodecCapability
	switch kind {
	case media.KindAudio:
		codec = webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus, ClockRate: 48000, Channels: 2, SDPFmtpLine: "minptime=10;useinbandfec=1"}
		opts.Name, opts.Source, opts.DisableDTX = "a", livekit.TrackSource_MICROPHONE, true
	case media.KindCamera, media.KindScreen:
		codec = webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeVP8, ClockRate: 90000}
		opts.Name, opts.Source = "v", livekit.TrackSource_CAMERA
		if kind == media.KindScreen {
			opts.Name, opts.Source = "s", livekit.TrackSource_SCREEN_SHARE
		}
		opts.VideoWidth, opts.VideoHeight = width, height
	case media.KindUnknown:
		return nil, errors.New("publish track: of no kind")
	}
	l.rate = float64(codec.ClockRate)
	var err error
	if l.track, err = lksdk.NewLocalTrack(codec, lksdk.WithRTCPHandler(l.feedback)); err != nil {
		return nil, fmt.Errorf("publish track: %w", err)
	}
	if err := l.offer(ctx, opts); err != nil {
		return nil, fmt.Errorf("publish track: %w", err)
	}
	return l, nil
}

// offer publishes; the SDK has no context, but a time limit of its own, and
// ends when the room is left.
func (l *localTrack) offer(ctx context.Context, opts *lksdk.TrackPublicationOptions) error {
	bound := make(chan struct{}, 1)
	l.track.OnBind(func() {
		select {
		case bound <- struct{}{}:
		default:
		}
	})
	pub, err := l.c.room.LocalParticipant.PublishTrack(l.track, opts)
	if err != nil {
		return errRefused
	}
	l.pub = pub
	select {
	case <-bound:
		return nil
	case <-ctx.Done():
	case <-l.c.closed:
	}
	l.Close()
	return media.ErrRelayClosed
}

// feedback hears what the relay says of our track.
func (l *localTrack) feedback(p rtcp.Packet) {
	switch p := p.(type) {
	case *rtcp.PictureLossIndication, *rtcp.FullIntraRequest:
		l.wantsKey.Store(true)
	case *rtcp.ReceiverReport:
		for _, r := range p.Reports {
			if r.SSRC == uint32(l.track.SSRC()) {
				l.loss.Store(uint32(r.FractionLost))
			}
		}
	}
}

// Write sends one frame.
func (l *localTrack) Write(frame []byte, t, d time.Duration) error {
	stamp := l.base + uint32(uint64(t.Seconds()*l.rate))
	err := l.track.WriteSample(pion.Sample{Data: frame, Duration: d, PacketTimestamp: stamp}, nil)
	if err != nil {
		return fmt.Errorf("send frame: %w", err)
	}
	l.c.sent.Add(uint64(len(frame)))
	return nil
}

// TakeKeyFrameRequest reports, once, that a receiver asked for a key frame.
func (l *localTrack) TakeKeyFrameRequest() bool { return l.wantsKey.Swap(false) }

// SetMuted tells the others that nothing comes, or comes again.
func (l *localTrack) SetMuted(muted bool) { l.c.wishes.put(wish{local: l, muted: muted}) }

// Loss is the share of packets that the relay missed lately.
func (l *localTrack) Loss() float64 { return float64(l.loss.Load()) / 256 }

// Close withdraws the track.
func (l *localTrack) Close() { l.c.wishes.put(wish{local: l, close: true}) }
