package profile_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"conclave/app/profile"
	"conclave/keys"
)

func open(t testing.TB, dir string) *profile.Folder {
	t.Helper()
	device, err := keys.NewDeviceKey()
	if err != nil {
		t.Fatal(err)
	}
	return openAs(t, dir, device)
}

func openAs(t testing.TB, dir string, device keys.DeviceKey) *profile.Folder {
	t.Helper()
	f, err := profile.Open(dir, device)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestWhatWasSavedIsLoadedByTheSameDeviceOnly(t *testing.T) {
	dir := t.TempDir()
	device, _ := keys.NewDeviceKey()
	secret := []byte("Anna was met on Sunday")
	if data, err := openAs(t, dir, device).Load("people"); err != nil || data != nil {
		t.Fatalf("an empty folder gives %q, %v", data, err)
	}
	if err := openAs(t, dir, device).Save("people", secret); err != nil {
		t.Fatal(err)
	}
	got, err := openAs(t, dir, device).Load("people")
	if err != nil || !bytes.Equal(got, secret) {
		t.Fatalf("got %q, %v", got, err)
	}
	file := filepath.Join(dir, "people.sealed")
	onDisk, err := os.ReadFile(file)
	if err != nil || bytes.Contains(onDisk, []byte("Anna")) {
		t.Errorf("on disk, it is legible (%v)", err)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if _, err := open(t, dir).Load("people"); !errors.Is(err, profile.ErrDamaged) {
		t.Errorf("another device's key: %v", err)
	}
	if _, err := os.Stat(file + ".damaged"); err != nil {
		t.Error("what could not be opened was not kept aside")
	}
}

func TestEveryChangedByteIsFound(t *testing.T) {
	dir := t.TempDir()
	device, _ := keys.NewDeviceKey()
	f := openAs(t, dir, device)
	if err := f.Save("plans", []byte("tomorrow")); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "plans.sealed")
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	try := func(what string, data []byte) {
		if err := os.WriteFile(file, data, 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := f.Load("plans"); !errors.Is(err, profile.ErrDamaged) && !errors.Is(err, profile.ErrSize) || got != nil {
			t.Errorf("%s: got %q, %v", what, got, err)
		}
	}
	for i := range whole {
		changed := bytes.Clone(whole)
		changed[i] ^= 4
		try("a changed byte", changed)
		try("a file cut short", whole[:i])
	}
	try("a file too large", make([]byte, profile.MaxFile+1))
	if err := os.WriteFile(filepath.Join(dir, "people.sealed"), whole, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Load("people"); !errors.Is(err, profile.ErrDamaged) {
		t.Errorf("a file under another's name: %v", err)
	}
}

func TestNamesStayInTheFolder(t *testing.T) {
	f := open(t, t.TempDir())
	for _, name := range []string{"", "../people", "a/b", "A", "people.json", "\x00"} {
		if err := f.Save(name, nil); err == nil {
			t.Errorf("%q was saved", name)
		}
		if _, err := f.Load(name); err == nil {
			t.Errorf("%q was loaded", name)
		}
	}
}

func TestFailedSaveLeavesTheOldFileAndNoOther(t *testing.T) {
	dir := t.TempDir()
	f := open(t, dir)
	if err := f.Save("people", []byte("old")); err != nil {
		t.Fatal(err)
	}
	if err := f.Save("people", make([]byte, profile.MaxFile)); !errors.Is(err, profile.ErrSize) {
		t.Errorf("too much: %v", err)
	}
	if got, err := f.Load("people"); err != nil || string(got) != "old" {
		t.Errorf("got %q, %v", got, err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Errorf("%d files are left, %v", len(entries), err)
	}
}

func FuzzLoad(f *testing.F) {
	dir := f.TempDir()
	folder := open(f, dir)
	f.Add([]byte("conclave sealed 1\n"))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := os.WriteFile(filepath.Join(dir, "people.sealed"), data, 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := folder.Load("people"); err == nil && got != nil {
			t.Errorf("opened what nobody sealed: %q", got)
		}
	})
}
