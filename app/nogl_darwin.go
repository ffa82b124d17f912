package main

import "os/exec"

// nativeBox shows a message and waits until it is closed. The words are handed
// over as arguments, never as a part of the script.
func nativeBox(title, words string) error {
	return exec.Command("osascript",
		"-e", "on run argv", "-e", "display alert (item 1 of argv) message (item 2 of argv) as critical", "-e", "end run",
		title, words).Run()
}
