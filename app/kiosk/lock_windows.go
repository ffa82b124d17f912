package kiosk

import (
	"os"
	"path/filepath"

	"golang.org/x/sys/windows"
)

// lock keeps a second kiosk from this folder until release is called or the
// process ends, however it ends.
func lock(folder string) (release func(), err error) {
	f, err := os.OpenFile(filepath.Join(folder, "lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	if err := try(f, windows.LOCKFILE_EXCLUSIVE_LOCK); err != nil {
		_ = f.Close()
		return nil, ErrRunning
	}
	return func() { _ = f.Close() }, nil
}

func try(f *os.File, flags uint32) error {
	return windows.LockFileEx(windows.Handle(f.Fd()), flags|windows.LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, new(windows.Overlapped))
}

// locked reports whether a kiosk runs in a folder.
func locked(folder string) bool {
	f, err := os.Open(filepath.Join(folder, "lock"))
	if err != nil {
		return false
	}
	defer func() { _ = f.Close() }()
	return try(f, 0) != nil
}

// noCoreFiles has nothing to do: Windows Error Reporting writes full dumps only
// where an administrator has told it to, see app/ADMIN.md.
func noCoreFiles() error { return nil }
