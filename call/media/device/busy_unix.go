//go:build unix

package device

import (
	"errors"
	"syscall"
)

// busy reports whether an operating system's error says that somebody else
// uses a device.
func busy(err error) bool {
	return errors.Is(err, syscall.EBUSY) || errors.Is(err, syscall.EACCES)
}
