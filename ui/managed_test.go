package ui_test

import (
	"slices"
	"testing"

	"fyne.io/fyne/v2"

	"conclave/ui/uitest"
	"conclave/ui/widget"
)

// What the organisation has decided is said, and not offered.
func TestSettingsShowWhatIsManaged(t *testing.T) {
	titles := func(managed ...string) (found []string) {
		at := uitest.AtHome()
		at.Managed = managed
		s, _, _ := show(t, at, "settings")
		walk(s.Window().Content(), func(o fyne.CanvasObject) {
			if x, ok := o.(*widget.Text); ok {
				found = append(found, x.Words())
			}
		})
		return found
	}
	free := titles()
	for _, words := range []string{"Appearance", "Language", "Devices"} {
		if !slices.Contains(free, words) {
			t.Errorf("without a policy there is no %q", words)
		}
	}
	if slices.Contains(free, "Your organisation has decided") {
		t.Error("an organisation without a policy decides")
	}
	decided := titles("camera", "language", "share", "kiosk.room")
	for words, want := range map[string]bool{
		"Your organisation has decided": true, "camera, language, sharing the screen": true, "Appearance": true, "Language": false, "Devices": false,
	} {
		if slices.Contains(decided, words) != want {
			t.Errorf("%q shown: %v", words, !want)
		}
	}
}
