package main

import "golang.org/x/sys/windows"

// nativeBox shows a message and waits until it is closed.
func nativeBox(title, words string) error {
	t, err := windows.UTF16PtrFromString(title)
	if err != nil {
		return err
	}
	w, err := windows.UTF16PtrFromString(words)
	if err != nil {
		return err
	}
	_, err = windows.MessageBox(0, w, t, windows.MB_OK|windows.MB_ICONERROR|windows.MB_SETFOREGROUND)
	return err
}
