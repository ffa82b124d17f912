package keys

// Demand is what a host asks of those who join, beyond what policy asks. It is
// part of the signed descriptor, so everybody sees the same one, and nobody,
// the service included, can weaken it later.
type Demand struct {
	Verified     bool   // no e-mail-only accounts and no guests
	Organisation string // only people verified by this organisation's domain; "" for any
}

// IsZero reports whether nothing is demanded.
func (d Demand) IsZero() bool { return d == Demand{} }
