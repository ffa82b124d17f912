package sqlite_test

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"go.uber.org/goleak"

	"conclave/call/room"
	"conclave/call/room/roomtest"
	"conclave/call/room/sqlite"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func open(t *testing.T, path string) *sqlite.Store {
	t.Helper()
	s, err := sqlite.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestContract(t *testing.T) {
	roomtest.Contract(t, func(t *testing.T) room.Store { return open(t, filepath.Join(t.TempDir(), "meetings.db")) })
}

func TestMeetingsSurviveReopening(t *testing.T) {
	path := filepath.Join(t.TempDir(), "with space & percent%20.db")
	s := open(t, path)
	r := roomtest.Record(1)
	if err := s.Create(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	if err := s.Order(t.Context(), roomtest.Commit(r, 1, 0)); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, path)
	defer func() { _ = s.Close() }()
	got, err := s.Load(t.Context(), r.Meeting)
	if err != nil || got.Epoch != 1 || got.Sequence != 1 || len(got.Seats) != 1 {
		t.Errorf("after reopening: got %+v, %v", got, err)
	}
	if info, err := os.Stat(path); err != nil || (runtime.GOOS != "windows" && info.Mode().Perm() != 0o600) {
		t.Errorf("file mode: got %v, %v; want readable by its owner only", info.Mode(), err)
	}
}

func TestSecondProcessIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "meetings.db")
	s := open(t, path)
	defer func() { _ = s.Close() }()
	if other, err := sqlite.Open(t.Context(), path); err == nil {
		_ = other.Close()
		t.Error("the file was opened twice")
	}
}
