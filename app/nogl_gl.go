//go:build (!gles && !arm && !arm64) || darwin

package main

// glVersionMinor with 2 before it is the OpenGL that Fyne asks for.
const glVersionMinor = 1
