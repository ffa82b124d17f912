//go:build window

package ui_test

import (
	"os"
	"runtime/pprof"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/app"

	"conclave/ui"
	"conclave/ui/uitest"
)

// TestMain, with the tag "window", is no test but a real window on the fake
// core, to look at and to drive by hand or xdotool. CONCLAVE_SCENE names the
// scene that it begins with; pictures move.
func TestMain(*testing.M) {
	scene := uitest.Scene{Snapshot: uitest.AtHome()}
	for _, s := range uitest.Scenes() {
		if s.Name == os.Getenv("CONCLAVE_SCENE") {
			scene = s
		}
	}
	a := app.NewWithID("org.conclave.window")
	fake, frames := uitest.NewCore(scene.Snapshot), uitest.NewFrames()
	fake.Play(uitest.Act)
	began := time.Now()
	s := ui.New(ui.Config{App: a, Post: fyne.Do, Snapshots: fake, Frames: frames, Send: fake.Send, Language: os.Getenv("LANG"), Version: "0.1.0"})
	a.Lifecycle().SetOnStarted(func() { println("started after", time.Since(began).String()) })
	s.Start()
	if os.Getenv("CONCLAVE_STILL") == "" {
		go func() {
			for range time.Tick(66 * time.Millisecond) {
				frames.Advance()
			}
		}()
	}
	for _, action := range scene.Keys {
		s.Do(action)
	}
	if path := os.Getenv("CONCLAVE_PROFILE"); path != "" {
		f, err := os.Create(path)
		if err != nil {
			panic(err)
		}
		time.AfterFunc(6*time.Second, func() { _ = pprof.StartCPUProfile(f) })
		time.AfterFunc(14*time.Second, pprof.StopCPUProfile)
	}
	s.Window().ShowAndRun()
	s.Close()
}
