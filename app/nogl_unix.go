//go:build !windows && !darwin

package main

import (
	"errors"
	"os/exec"
)

// nativeBox shows a message with the first of the desktops' programs that is
// there, and waits until it is closed.
func nativeBox(title, words string) error {
	for _, c := range [][]string{
		{"zenity", "--error", "--no-markup", "--title=" + title, "--text=" + words},
		{"kdialog", "--title", title, "--error", words},
		{"xmessage", "-center", "-title", title, words},
	} {
		if path, err := exec.LookPath(c[0]); err == nil {
			return exec.Command(path, c[1:]...).Run()
		}
	}
	return errors.New("no program shows messages here")
}
