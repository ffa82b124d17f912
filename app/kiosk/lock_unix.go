//go:build !windows

package kiosk

import (
	"os"
	"path/filepath"
	"syscall"
)

// lock keeps a second kiosk from this folder until release is called or the
// process ends, however it ends.
func lock(folder string) (release func(), err error) {
	f, err := os.OpenFile(filepath.Join(folder, "lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = f.Close()
		return nil, ErrRunning
	}
	return func() { _ = f.Close() }, nil
}

// locked reports whether a kiosk runs in a folder. It needs no right to write.
func locked(folder string) bool {
	f, err := os.Open(filepath.Join(folder, "lock"))
	if err != nil {
		return false
	}
	defer func() { _ = f.Close() }()
	return syscall.Flock(int(f.Fd()), syscall.LOCK_SH|syscall.LOCK_NB) != nil
}

// noCoreFiles keeps a crash from writing the memory of a meeting to the disk. What
// is started later inherits it.
func noCoreFiles() error { return syscall.Setrlimit(syscall.RLIMIT_CORE, &syscall.Rlimit{}) }
