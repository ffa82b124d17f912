package core_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"conclave/app/core"
	"conclave/keys"
)

func TestANewerVersionIsToldAndAskedForDaily(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		device, err := keys.NewDeviceKey()
		if err != nil {
			t.Fatal(err)
		}
		var asked int
		c := core.New(core.Config{Device: device, Updates: func(context.Context) (core.Update, error) {
			asked++
			switch asked {
			case 1:
				return core.Update{}, nil
			case 2:
				return core.Update{}, errors.New("no network")
			}
			return core.Update{Version: "1.2.0", Page: "https://conclave.example"}, nil
		}})
		defer c.Close()
		for day, want := range []string{"", "", "1.2.0"} {
			synctest.Wait()
			if got := c.Latest().Update.Version; got != want || asked != day+1 {
				t.Errorf("day %d: told %q after %d questions, want %q", day, got, asked, want)
			}
			time.Sleep(24*time.Hour + time.Second)
		}
	})
}
