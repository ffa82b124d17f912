package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// needed in the clean root: a display, and what the demonstration reads the
// windows with. None of it is among the package's own dependencies.
var needed = []string{
	"xvfb", "xauth", "xdotool", "tesseract-ocr", "zbar-tools", "libgl1-mesa-dri", "procps",
	"pocketsphinx-testdata", "python-kivy-examples", "ffmpeg",
}

// tryDeb installs the .deb in a new Debian root made by debootstrap, holds the
// demonstration's meeting with the installed programs, removes the package and
// looks for what was left. It must run as root.
func (r *release) tryDeb(ctx context.Context, args []string) error {
	deb, err := r.one(args, "*_"+r.Version+"_*.deb")
	if err != nil {
		return err
	}
	root, err := os.MkdirTemp("", "conclave-root-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(root) }()
	if err := os.Chmod(root, 0o755); err != nil { // a root that others may enter
		return err
	}
	if err := r.command(ctx, nil, "debootstrap", "--variant=minbase", "bookworm", root); err != nil {
		return err
	}
	if err := copyFile(deb, filepath.Join(root, "tmp/conclave.deb"), 0o644); err != nil {
		return err
	}
	in := func(command string) error {
		return r.command(ctx, []string{"DEBIAN_FRONTEND=noninteractive"}, "chroot", root, "/usr/bin/env", "-i",
			"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LANG=C.UTF-8", "DEBIAN_FRONTEND=noninteractive", "sh", "-ec", command)
	}
	for _, m := range []string{"proc", "dev"} {
		if err := r.command(ctx, nil, "mount", "--rbind", "/"+m, filepath.Join(root, m)); err != nil {
			return err
		}
		defer func() { _ = exec.Command("umount", "-l", filepath.Join(root, m)).Run() }()
	}
	defer func() {
		_ = r.command(ctx, nil, "cp", "-rT", filepath.Join(root, "root/out"), filepath.Join(r.out, "try-deb"))
	}()
	for _, step := range []struct{ what, command string }{
		{"what is there before", `find / -xdev -path /proc -prune -o -path /dev -prune -o -path /tmp -prune -o -iname '*conclave*' -print | (! grep .)`},
		{"install", "apt-get install -q -y --no-install-recommends /tmp/conclave.deb"},
		{"every library is found", "! ldd /usr/bin/conclave | grep 'not found'"},
		{"files", "dpkg -L conclave"},
		{"the service starts by itself", "sleep 2 | conclave-serve --local | grep '\"url\"'"},
		{"tools to watch with", "apt-get install -q -y --no-install-recommends " + strings.Join(needed, " ")},
		{"desktop entry", "grep -q 'x-scheme-handler/conclave' /usr/share/applications/" + r.ID + ".desktop"},
		{"meet", "mkdir -p /root/out && cd /root && conclave demo --out /root/out"},
		{"a room's machine", room},
		{"remove", "apt-get purge -q -y conclave"},
		{"nothing is left", `find / -xdev -path /proc -prune -o -path /dev -prune -o -path /tmp -prune -o -path /root -prune -o -path /var/cache/apt -prune -o -path /var/log -prune -o -iname '*conclave*' -print | (! grep .)`},
	} {
		_, _ = fmt.Fprintln(r.log, "== "+step.what)
		if err := in(step.command); err != nil {
			return fmt.Errorf("%s: %w", step.what, err)
		}
	}
	_, err = fmt.Fprintln(r.log, "The .deb installs, meets, keeps a room and goes without a trace.")
	return err
}

// room is what app/ADMIN.md tells to make a room's machine, as far as a root
// without a boot goes: its steps 2, 3, 5, 6, 8 and 10. The machine's X server is
// a virtual one.
const room = `apt-get install -q -y --no-install-recommends adduser xinit openbox imagemagick x11-apps
adduser --disabled-password --gecos "" kiosk
install -d -o kiosk -g kiosk -m 0750 /var/lib/conclave-kiosk
mkdir /etc/conclave
cat > /etc/conclave/managed.json <<END
{
  "version": 1,
  "service": "https://meet.school.example",
  "kiosk": {
    "room": "Room 204",
    "rooms": [{"name": "Mathematics 8b", "link": "https://meet.school.example/m/aebagbafaydqqcikbmga2dqpcaireeyuculbogazdinryhi6d4qa"}],
    "identity": "fresh",
    "help": "Call 4711."
  }
}
END
chmod 644 /etc/conclave/managed.json
conclave policy check /etc/conclave/managed.json
printf 'xset s off -dpms\nopenbox &\nexec conclave --kiosk\n' > /home/kiosk/.xsession
su kiosk -c 'cd; exec xinit /bin/sh /home/kiosk/.xsession -- /usr/bin/Xvfb :5 -screen 0 1280x720x24' > /root/out/room.log 2>&1 &
session=$!
for i in $(seq 60); do sleep 1; conclave kiosk status > /root/out/room.status && grep -q 'state *resting' /root/out/room.status && break; done
sleep 3
cat /root/out/room.status
su kiosk -c 'DISPLAY=:5 import -window root /tmp/room.png' && cp /tmp/room.png /root/out/room.png
conclave kiosk status
conclave demo && exit 1 || echo "demo: refused"
kill $session; wait $session || true; sleep 1
! conclave kiosk status
rm -r /etc/conclave /var/lib/conclave-kiosk; userdel -r kiosk`

// one is the file named in args, or the only one in the output folder.
func (r *release) one(args []string, pattern string) (string, error) {
	if len(args) > 0 {
		return args[0], nil
	}
	found, err := filepath.Glob(filepath.Join(r.out, pattern))
	if err != nil || len(found) != 1 {
		return "", fmt.Errorf("find the package: %d files match %s in %s; name one", len(found), pattern, r.out)
	}
	return found[0], nil
}

// primitives stands in for a system DLL of Windows 10 that Go needs and wine
// before 9 lacks. It goes into the wine prefix and nowhere else.
const primitives = `#include <windows.h>
#include <ntsecapi.h>
__declspec(dllexport) BOOL ProcessPrng(PBYTE data, SIZE_T size) { return RtlGenRandom(data, (ULONG)size); }
`

// tryExe runs the silent installer under wine, starts the program, takes a
// picture of its window, and uninstalls. It needs Xvfb (xvfb-run) and wine.
func (r *release) tryExe(ctx context.Context, args []string) error {
	setup, err := r.one(args, "*-"+r.Version+"-windows-*-setup.exe")
	if err != nil {
		return err
	}
	if setup, err = filepath.Abs(setup); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "conclave-wine-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	prefix := filepath.Join(dir, "prefix")
	env := []string{"WINEPREFIX=" + prefix, "WINEDEBUG=-all", "WINEDLLOVERRIDES=mscoree,mshtml=", "WINEARCH=win64"}
	if err := r.command(ctx, env, "xvfb-run", "-a", "wineboot", "--init"); err != nil {
		return err
	}
	source := filepath.Join(dir, "primitives.c")
	if err := os.WriteFile(source, []byte(primitives), 0o644); err != nil {
		return err
	}
	if err := r.command(ctx, nil, mingw+"gcc", "-shared", "-o", filepath.Join(prefix, "drive_c/windows/system32/bcryptprimitives.dll"), source, "-ladvapi32"); err != nil {
		return err
	}
	absolute, err := filepath.Abs(r.out)
	if err != nil {
		return err
	}
	picture := filepath.Join(absolute, "try-exe.png")
	policy := filepath.Join(dir, "managed.json")
	if err := os.WriteFile(policy, []byte("{\"version\": 1}\n"), 0o644); err != nil {
		return err
	}
	script := filepath.Join(dir, "try.sh")
	if err := os.WriteFile(script, []byte(wineSteps), 0o755); err != nil {
		return err
	}
	return r.command(ctx, append(env, "SETUP="+setup, "PICTURE="+picture, "ID="+r.ID, "POLICY="+policy), "xvfb-run", "-a", "-s", "-screen 0 1280x800x24", "bash", "-eu", script)
}

// wineSteps is the course of tryExe.
const wineSteps = `
c="$WINEPREFIX/drive_c"
policy=$(wine winepath -w "$POLICY" | tr -d '\r')
step() { echo "== $*"; }
# The uninstaller works from a copy of itself and returns before it is done.
gone() { for i in $(seq 30); do [ -e "$1" ] || return 0; sleep 1; done; ls -A "$1"; return 1; }
step a policy for oneself is refused
code=0; wine "$SETUP" /S /CurrentUser "/POLICY=$policy" || code=$?
echo "exit $code"; [ $code -ne 0 ]; [ ! -e "$c/ProgramData/Conclave/managed.json" ]
step silent, for oneself
wine "$SETUP" /S /CurrentUser
dir=$(dirname "$(find "$c/users" -name conclave.exe)")
ls -l "$dir"
wine reg query 'HKCU\Software\Classes\conclave\shell\open\command'
wine reg query "HKCU\\Software\\Microsoft\\Windows\\CurrentVersion\\Uninstall\\$ID"
step uninstall
wine "$dir/uninstall.exe" /S; gone "$dir"
wine reg query "HKCU\\Software\\Microsoft\\Windows\\CurrentVersion\\Uninstall\\$ID" && exit 1
wine reg query 'HKCU\Software\Classes\conclave' && exit 1
step silent, for everybody, with a policy
wine "$SETUP" /S /AllUsers "/POLICY=$policy"
dir="$c/Program Files/Conclave"
ls -l "$dir" "$c/ProgramData/Conclave"
cmp "$POLICY" "$c/ProgramData/Conclave/managed.json"
rm -r "$c/ProgramData/Conclave"
step the service
sleep 6 | timeout 60 wine "$dir/conclave-serve.exe" --local > "$WINEPREFIX/serve.txt" 2> "$WINEPREFIX/serve.err" || true
cat "$WINEPREFIX/serve.txt" "$WINEPREFIX/serve.err"
if ! grep -q '"url"' "$WINEPREFIX/serve.txt"; then
	# Go asks of every UDP socket what wine 8 does not know (SIO_UDP_NETRESET).
	grep -q 'winapi error #10045' "$WINEPREFIX/serve.err"
	echo "WINE'S LIMIT: no UDP socket for a Go program, so no media relay: the service was not tried further."
fi
step the program
wine "$dir/conclave.exe" --keys memory --video pattern --audio none --record none > "$WINEPREFIX/app.txt" 2>&1 &
for i in $(seq 60); do
	sleep 1
	if xdotool search --name '^Conclave' >/dev/null 2>&1; then sleep 5; break; fi
done
cat "$WINEPREFIX/app.txt"
import -window root "$PICTURE" || xwd -root -silent | convert xwd:- "$PICTURE"
xdotool search --name '^Conclave' getwindowname %@
pkill -f conclave.exe || true
step uninstall
wine "$dir/uninstall.exe" /AllUsers /S; gone "$dir"
echo "The installer installs and removes; the program reaches its first screen under wine."
`
