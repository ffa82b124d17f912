package call

import "conclave/keys"

// maxPassportBytes bounds the bundles in one Passports payload, so that they
// fit as base64, and maxPassports how many there can be.
const (
	maxPassportBytes = 32 << 10
	maxPassports     = 128
)

// Passports carries encoded keys.PassportBundles: one's own, or a bundle for
// somebody new. Each speaks for the device in it, whoever says it.
type Passports struct{ Bundles [][]byte }

func (Passports) payload() {}

func decodePassports(bundles [][]byte) (Passports, error) {
	if len(bundles) > maxPassports {
		return Passports{}, ErrPayload
	}
	for _, b := range bundles {
		if _, err := keys.ParsePassportBundle(b); err != nil {
			return Passports{}, ErrPayload
		}
	}
	return Passports{bundles}, nil
}
