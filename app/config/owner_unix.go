//go:build !windows

package config

import (
	"io/fs"
	"os"
	"syscall"
)

// openTo says who besides the administrator may write a file; "" for nobody. The
// owner must be root, or whoever runs the program where that is a trial of theirs.
func openTo(info fs.FileInfo) string {
	if info.Mode().Perm()&0o022 != 0 {
		return "its mode lets others write it"
	}
	s, ok := info.Sys().(*syscall.Stat_t)
	if ok && s.Uid != 0 && (root == "" || int(s.Uid) != os.Geteuid()) {
		return "its owner is not root"
	}
	return ""
}
