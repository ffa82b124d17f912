package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"conclave/app/update"
)

// testRelease is a release in the project's root, with folders of its own.
func testRelease(t *testing.T) *release {
	t.Helper()
	t.Chdir("../..")
	t.Setenv("SOURCE_DATE_EPOCH", "1795305600")
	r, err := newRelease(t.TempDir(), t.TempDir(), io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	r.work = t.TempDir()
	return r
}

// hello builds a small program.
func hello(t *testing.T, to string, env ...string) {
	t.Helper()
	source := filepath.Join(t.TempDir(), "hello.go")
	if err := os.WriteFile(source, []byte("package main\n\nfunc main() { println(\"hello\") }\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	c := exec.Command("go", "build", "-o", to, source)
	c.Env = append(os.Environ(), append(env, "CGO_ENABLED=0")...)
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
}

func TestTheSameFilesGiveTheSameTarball(t *testing.T) {
	r := testRelease(t)
	root := t.TempDir()
	for name, text := range map[string]string{"bin/conclave": "program", "share/b": "b", "share/a": "a"} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(root, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(root, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	pack := func(name string) []byte {
		to := filepath.Join(r.out, name)
		if err := r.tarball(to, "conclave-1", root); err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(to)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	first := pack("one.tar.gz")
	later := time.Now().Add(time.Hour)
	if err := os.Chtimes(filepath.Join(root, "share/a"), later, later); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first, pack("two.tar.gz")) {
		t.Error("the tarball depends on the files' times")
	}
	z, err := gzip.NewReader(bytes.NewReader(first))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for tr := tar.NewReader(z); ; {
		h, err := tr.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, h.Name)
		if want := h.Name == "conclave-1/bin/conclave"; (h.Mode == 0o755) != want || !h.ModTime.Equal(r.Made) || h.Uid != 0 {
			t.Errorf("%s has mode %o, time %v, owner %d", h.Name, h.Mode, h.ModTime, h.Uid)
		}
	}
	if want := "conclave-1/bin/conclave conclave-1/share/a conclave-1/share/b"; strings.Join(got, " ") != want {
		t.Errorf("holds %v, want %s", got, want)
	}
}

func TestPackagesNeedWhatTheProgramLinks(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("packages for Linux are made on Linux")
	}
	shell, err := exec.LookPath("sh")
	if err != nil {
		t.Fatal(err)
	}
	deb, rpm, err := needs(shell)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(strings.Join(deb, " "), "libc6 (>= 2.") {
		t.Errorf("needs %v, want a C library with its version", deb)
	}
	if !strings.Contains(strings.Join(rpm, " "), "libX11.so.6()") {
		t.Errorf("needs %v, want what GLFW opens at run time", rpm)
	}
	git, err := exec.LookPath("git")
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := needs(git); err == nil || !strings.Contains(err.Error(), "does not know its package") {
		t.Errorf("git's libraries were taken for known: %v", err)
	}
}

func TestTheWindowsIconHoldsEverySize(t *testing.T) {
	testRelease(t)
	icon, err := readIcon()
	if err != nil {
		t.Fatal(err)
	}
	data, err := ico(icon)
	if err != nil {
		t.Fatal(err)
	}
	le := binary.LittleEndian
	n := int(le.Uint16(data[4:]))
	end := uint32(6 + 16*n)
	for i := range n {
		e := data[6+16*i:]
		size, at := le.Uint32(e[8:]), le.Uint32(e[12:])
		if at != end {
			t.Errorf("picture %d begins at %d, want %d", i, at, end)
		}
		end = at + size
		if width := int(e[0]); width != 0 && le.Uint32(data[at+4:]) != uint32(width) {
			t.Errorf("picture %d is %d wide, its entry says %d", i, le.Uint32(data[at+4:]), width)
		}
	}
	if n != 6 || int(end) != len(data) {
		t.Errorf("%d pictures in %d bytes, want 6 in %d", n, len(data), end)
	}
}

func TestBillOfMaterialsNamesWhatIsLinked(t *testing.T) {
	r := testRelease(t)
	dir := t.TempDir()
	hello(t, filepath.Join(dir, "conclave"))
	self, err := os.Executable() // linked with modules
	if err != nil {
		t.Fatal(err)
	}
	if err := copyFile(self, filepath.Join(dir, "conclave-serve"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := r.materials("conclave-test", dir, "", nil); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(r.out, "conclave-test.cdx.json"))
	if err != nil {
		t.Fatal(err)
	}
	var b bill
	if err := json.Unmarshal(data, &b); err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for _, c := range b.Components {
		found[c.Name] = true
	}
	for _, want := range []string{"conclave", "conclave-serve", "std", "github.com/BurntSushi/toml"} {
		if !found[want] {
			t.Errorf("%s is not in the bill", want)
		}
	}
}

func TestSumsAndManifestAgreeWithThePackages(t *testing.T) {
	r := testRelease(t)
	name := "conclave_" + r.Version + "_amd64.deb"
	if err := os.WriteFile(filepath.Join(r.out, name), []byte("package"), 0o644); err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	if err := newKey(&said); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(said.String()), "\n")
	verifier := strings.TrimPrefix(lines[0], envUpdateVerifier+"=")
	key := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(key, []byte(lines[len(lines)-1]+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv(envUpdateKey, key)
	t.Setenv(envUpdateVerifier, verifier)
	t.Setenv(envUpdatePage, "https://conclave.example/get")
	if err := r.finish(); err != nil {
		t.Fatal(err)
	}
	signed, err := os.ReadFile(filepath.Join(r.out, "update"))
	if err != nil {
		t.Fatal(err)
	}
	m, err := update.Open(signed, verifier)
	if err != nil || m.Version != r.Version || len(m.Files) != 1 || m.Files[0].Name != name {
		t.Fatalf("manifest %+v, %v", m, err)
	}
	sums, err := os.ReadFile(filepath.Join(r.out, "SHA256SUMS"))
	if err != nil || string(sums) != m.Files[0].SHA256+"  "+name+"\n" {
		t.Errorf("sums %q, %v; manifest %s", sums, err, m.Files[0].SHA256)
	}
}

// The key and its certificate are made here; only what they sign is checked.
func TestWindowsProgramsAreSignedByATestKey(t *testing.T) {
	for _, tool := range []string{"osslsigncode", "openssl"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("%s is not installed; .ci/libs test installs it where apt is", tool)
		}
	}
	r := testRelease(t)
	program := filepath.Join(r.work, "conclave.exe")
	hello(t, program, "GOOS=windows", "GOARCH=amd64")
	before, err := os.Stat(program)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	key, cert, p12, password := filepath.Join(dir, "key"), filepath.Join(dir, "cert"), filepath.Join(dir, "p12"), filepath.Join(dir, "password")
	if err := os.WriteFile(password, []byte("test"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=Conclave test", "-addext", "extendedKeyUsage=codeSigning", "-keyout", key, "-out", cert},
		{"pkcs12", "-export", "-inkey", key, "-in", cert, "-passout", "file:" + password, "-out", p12},
	} {
		if out, err := exec.Command("openssl", args...).CombinedOutput(); err != nil {
			t.Fatalf("openssl: %v\n%s", err, out)
		}
	}
	t.Setenv(envSignPKCS12, p12)
	t.Setenv(envSignPassword, password)
	if err := r.sign(context.Background(), program); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("osslsigncode", "verify", "-CAfile", cert, "-in", program).CombinedOutput()
	if err != nil || !strings.Contains(string(out), "Signature verification: ok") {
		t.Errorf("verify: %v\n%s", err, out)
	}
	after, err := os.Stat(program)
	if err != nil || after.Size() <= before.Size() {
		t.Errorf("nothing was added to the program")
	}
	t.Setenv(envSignPKCS12, filepath.Join(dir, "missing"))
	if err := r.sign(context.Background(), program); err == nil {
		t.Error("signed with a key that is not there")
	}
}

func TestDesktopFilesNameTheProgram(t *testing.T) {
	r := testRelease(t)
	values := map[string]any{"ID": r.ID, "Version": r.Version, "Made": "2026-11-22", "Website": r.Website}
	for _, name := range []string{"conclave.desktop", "metainfo.xml"} {
		to := filepath.Join(r.work, name)
		if err := r.fill("files/linux/"+name, to, values); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(to)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(text), r.ID) || !strings.Contains(string(text), "x-scheme-handler/conclave") {
			t.Errorf("%s names neither program nor links", name)
		}
	}
	if err := r.fill("files/linux/metainfo.xml", filepath.Join(r.work, "x"), map[string]any{}); err == nil {
		t.Error("a value was missing and nobody noticed")
	}
}
