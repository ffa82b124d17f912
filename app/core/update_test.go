package core_test

import (
	"context"
	"errors"
	"sync/atomic"
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
		var asked atomic.Int64
		c := core.New(core.Config{Device: device, Updates: func(context.Context) (core.Update, error) {
			switch asked.Add(1) {
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
			if got := c.Latest().Update.Version; got != want || asked.Load() != int64(day)+1 {
				t.Errorf("day %d: told %q after %d questions, want %q", day, got, asked.Load(), want)
			}
			time.Sleep(24*time.Hour + time.Second)
		}
	})
}
