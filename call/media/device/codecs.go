package device

import "conclave/call/media"

// Codecs are libvpx and libopus, and the C painter. The zero value is ready.
type Codecs struct{ Painter }

var _ media.Codecs = (*Codecs)(nil)
