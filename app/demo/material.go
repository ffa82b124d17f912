package demo

import (
	"os"
	"path/filepath"
	"slices"
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

// findClips takes the folder that was named, the project's shared clips, or a
// drawn portrait, in this order.
func findClips(named string) material {
	if named != "" {
		if files := glob(named, "*.ivf", "*.y4m"); len(files) > 0 {
			return material{origin: "clips of " + named, files: files}
		}
	}
	if files := glob(filepath.Join("..", "shared", "media"), "person-*.ivf"); len(files) > 0 {
		return material{origin: "real people at a webcam (../shared/media)", files: files}
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
