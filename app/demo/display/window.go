package display

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Run runs a program with a time limit and returns what it printed.
func Run(env []string, limit time.Duration, name string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(os.Environ(), env...)
	var out, complaint bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaint
	if err := cmd.Run(); err != nil {
		return out.String(), fmt.Errorf("%s: %w: %s", name, err, strings.TrimSpace(complaint.String()))
	}
	return out.String(), nil
}

func (s *Screen) xdotool(args ...string) (string, error) {
	return Run([]string{"DISPLAY=" + s.Name}, 20*time.Second, "xdotool", args...)
}

// Title is the title of the window, or "".
func (s *Screen) Title() string {
	out, err := s.xdotool("search", "--onlyvisible", "--name", "^Conclave", "getwindowname")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(out)
}

// WaitTitle waits until the window's title ends in one of the given words.
func (s *Screen) WaitTitle(limit time.Duration, ends ...string) error {
	end := time.Now().Add(limit)
	for time.Now().Before(end) {
		title := s.Title()
		for _, e := range ends {
			if strings.HasSuffix(title, e) {
				return nil
			}
		}
		time.Sleep(50 * time.Millisecond)
	}
	return fmt.Errorf("the window's title is %q, not %s", s.Title(), strings.Join(ends, " or "))
}

// WaitDrawn waits until the display shows anything but black.
func (s *Screen) WaitDrawn(limit time.Duration) error {
	end := time.Now().Add(limit)
	for time.Now().Before(end) {
		img, err := s.Look(nil)
		if err != nil {
			return err
		}
		lit := 0
		for i := 0; i < len(img.Pix); i += 4 * 61 {
			if img.Pix[i]|img.Pix[i+1]|img.Pix[i+2] > 8 {
				lit++
			}
		}
		if lit > len(img.Pix)/(4*61)/20 {
			return nil
		}
		time.Sleep(50 * time.Millisecond)
	}
	return errors.New("the window stays black")
}

// Focus gives the window the keyboard: there is no window manager to do it.
func (s *Screen) Focus() error {
	_, err := s.xdotool("search", "--onlyvisible", "--name", "^Conclave", "windowfocus", "--sync")
	return err
}

// Key presses a key combination in xdotool's words, such as "ctrl+shift+k".
func (s *Screen) Key(combination string) error {
	_, err := s.xdotool("key", "--clearmodifiers", combination)
	return err
}

// Write types text.
func (s *Screen) Write(text string) error {
	_, err := s.xdotool("type", "--delay", "12", "--clearmodifiers", text)
	return err
}

// word is a word that was read on the screen, and where.
type word struct {
	text string
	area image.Rectangle
}

// read reads the words that the screen shows, or those in area if it is not
// empty.
func (s *Screen) read(dir string, area image.Rectangle) ([]word, error) {
	img, err := s.Look(nil)
	if err != nil {
		return nil, err
	}
	if area.Empty() {
		area = img.Rect
	}
	const zoom = 3 // small type is read better when it is large
	path := filepath.Join(dir, "read.png")
	if err := writePNG(path, enlarge(img.SubImage(area).(*image.RGBA), zoom)); err != nil {
		return nil, err
	}
	tsv, err := Run([]string{"OMP_THREAD_LIMIT=1"}, time.Minute, "tesseract", path, "-", "--psm", "11", "tsv")
	if err != nil {
		return nil, err
	}
	var words []word
	for line := range strings.Lines(tsv) {
		f := strings.Split(strings.TrimRight(line, "\n"), "\t")
		if len(f) != 12 || f[0] != "5" {
			continue
		}
		var n [4]int
		for i := range n {
			n[i], _ = strconv.Atoi(f[6+i])
		}
		at := image.Rect(n[0], n[1], n[0]+n[2], n[1]+n[3])
		words = append(words, word{f[11], image.Rect(
			at.Min.X/zoom, at.Min.Y/zoom, at.Max.X/zoom, at.Max.Y/zoom).Add(area.Min)})
	}
	return words, nil
}

// enlarge repeats pixels; it also makes light text on dark ground dark on
// light, which reading programs prefer.
func enlarge(src *image.RGBA, zoom int) *image.Gray {
	b := src.Rect
	var sum int
	luma := func(x, y int) int {
		p := src.Pix[src.PixOffset(x, y):]
		return (299*int(p[0]) + 587*int(p[1]) + 114*int(p[2])) / 1000
	}
	for y := b.Min.Y; y < b.Max.Y; y += 4 {
		for x := b.Min.X; x < b.Max.X; x += 4 {
			sum += luma(x, y)
		}
	}
	isDark := sum*16 < 110*b.Dx()*b.Dy()
	dst := image.NewGray(image.Rect(0, 0, b.Dx()*zoom, b.Dy()*zoom))
	for y := range dst.Rect.Dy() {
		for x := range dst.Rect.Dx() {
			v := luma(b.Min.X+x/zoom, b.Min.Y+y/zoom)
			if isDark {
				v = 255 - v
			}
			dst.Pix[y*dst.Stride+x] = byte(v)
		}
	}
	return dst
}

// Shows waits until the screen shows text, which may be several words of one
// line, and returns where.
func (s *Screen) Shows(dir, text string, limit time.Duration) (image.Rectangle, error) {
	want := strings.Fields(text)
	end := time.Now().Add(limit)
	var last []word
	for {
		words, err := s.read(dir, image.Rectangle{})
		if err != nil {
			return image.Rectangle{}, err
		}
		last = words
		for i := range words {
			if area, ok := matches(words[i:], want); ok {
				return area, nil
			}
		}
		if time.Now().After(end) {
			break
		}
	}
	var read []string
	for _, w := range last {
		read = append(read, w.text)
	}
	return image.Rectangle{}, fmt.Errorf("the screen does not show %q; it reads %q", text, strings.Join(read, " "))
}

func matches(words []word, want []string) (area image.Rectangle, ok bool) {
	if len(words) < len(want) {
		return area, false
	}
	for i, w := range want {
		if !alike(plain(words[i].text), plain(w)) {
			return area, false
		}
		area = area.Union(words[i].area)
	}
	return area, true
}

func plain(w string) string { return strings.ToLower(strings.Trim(w, ".,:;!?\"'()")) }

// alike allows a reader of small type one wrong letter in a word of four or
// more.
func alike(got, want string) bool {
	a, b := []rune(got), []rune(want)
	if got == want || len(a) != len(b) || len(b) < 4 {
		return got == want
	}
	wrong := 0
	for i := range a {
		if a[i] != b[i] {
			wrong++
		}
	}
	return wrong == 1
}

// ReadCode reads the security code from the QR code on the screen.
func (s *Screen) ReadCode(dir string) (digits string, err error) {
	path := filepath.Join(dir, "qr.png")
	end := time.Now().Add(10 * time.Second)
	for time.Now().Before(end) {
		if err := s.Save(path); err != nil {
			return "", err
		}
		out, err := Run(nil, 20*time.Second, "zbarimg", "-q", "--raw", path)
		if err != nil {
			continue
		}
		parts := strings.Split(strings.TrimSpace(out), ":")
		if len(parts) == 4 && parts[0] == "conclave-code" && len(parts[2]) == 30 {
			return parts[2], nil
		}
	}
	return "", errors.New("no security code can be read from the window")
}
