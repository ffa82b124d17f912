package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/go-gl/glfw/v3.4/glfw"

	"conclave/ui"
)

// exitNoGL is the exit code of a desktop that cannot show a window.
const exitNoGL = 3

// The reasons why no window can be shown. Fyne would tell of them in English,
// or end without a word.
var (
	errNoDisplay = errors.New("no desktop answers here")
	errNoGL      = errors.New("no OpenGL 2.1 here")
	errToldNoGL  = errors.New("no window can be shown") // and the person knows
)

// checkGL makes a window that nobody sees, as Fyne will, and takes it away. It
// must be called on the main thread, before Fyne is.
func checkGL() error {
	switch os.Getenv("FYNE_PLATFORM") {
	case "x11":
		glfw.InitHint(glfw.PlatformHint, int(glfw.PlatformX11))
	case "wayland":
		glfw.InitHint(glfw.PlatformHint, int(glfw.PlatformWayland))
	}
	if err := glfw.Init(); err != nil {
		return fmt.Errorf("%w: %w", errNoDisplay, err)
	}
	defer glfw.Terminate()
	glfw.WindowHint(glfw.ContextVersionMajor, 2)
	glfw.WindowHint(glfw.ContextVersionMinor, glVersionMinor)
	if glVersionMinor == 0 {
		glfw.WindowHint(glfw.ClientAPI, glfw.OpenGLESAPI)
	}
	glfw.WindowHint(glfw.Visible, glfw.False)
	w, err := glfw.CreateWindow(16, 16, "Conclave", nil, nil)
	if err != nil {
		return fmt.Errorf("%w: %w", errNoGL, err)
	}
	w.Destroy()
	return nil
}

// tellNoGL says what is missing and what helps: in a box of the desktop's own,
// where there is one, and on w.
func tellNoGL(err error, language string, w io.Writer, box func(title, words string) error) {
	if language == "" {
		language = cmp.Or(os.Getenv("LC_ALL"), os.Getenv("LC_MESSAGES"), os.Getenv("LANG"))
	}
	title, words := ui.NoWindow(language, errors.Is(err, errNoGL))
	fmt.Fprintf(w, "conclave: %s\n%s\n(%v)\n", title, words, err)
	if box != nil {
		_ = box(title, words) // what is on w must do
	}
}
