package core_test

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"conclave/app/core"
	"conclave/keys"
)

// A slow disk must not let older settings win.
func TestNewestSettingsAreWrittenLast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		device, err := keys.NewDeviceKey()
		if err != nil {
			t.Fatal(err)
		}
		var written []string // one writer at a time: the race detector watches
		slow := time.Second
		c := core.New(core.Config{Device: device, Save: func(s core.Settings) error {
			time.Sleep(slow)
			slow = 0
			written = append(written, s.Name)
			if s.Name == "Clara" {
				return errors.New("disk full")
			}
			return nil
		}})
		defer c.Close()
		for _, name := range []string{"Anna", "Bjarne", "Clara"} {
			c.Send(core.SetName{Name: name})
			synctest.Wait()
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if want := []string{"Anna", "Clara"}; !slices.Equal(written, want) {
			t.Errorf("written %v, want %v", written, want)
		}
		told := slices.ContainsFunc(c.Latest().Notices, func(n core.Notice) bool { return n.Code == core.NoticeProfileUnsaved })
		if !told {
			t.Error("nobody was told that the settings could not be written")
		}
	})
}
