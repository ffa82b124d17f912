package main

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestNoOpenGLIsToldInThePersonsLanguage(t *testing.T) {
	t.Setenv("LC_ALL", "C")
	for language, want := range map[string]string{"en_GB": "graphics", "de_DE": "Grafik", "nb_NO": "grafikk", "": "graphics"} {
		for _, cause := range []error{errNoGL, errNoDisplay} {
			var out strings.Builder
			title, words := "", ""
			tellNoGL(fmt.Errorf("%w: GLX missing", cause), language, &out, func(a, b string) error {
				title, words = a, b
				return errors.New("nobody saw it")
			})
			if title == "" || words == "" || !strings.Contains(out.String(), title) || !strings.Contains(out.String(), "GLX missing") {
				t.Errorf("%q: %q, %q, %q", language, title, words, out.String())
			}
			if cause == errNoGL && !strings.Contains(title+words, want) {
				t.Errorf("%q: %q is in another language", language, title)
			}
			if strings.ContainsAny(title+words, "[{") {
				t.Errorf("%q: no words: %q", language, title)
			}
		}
	}
}
