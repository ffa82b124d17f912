package ui

import "conclave/ui/text"

// NoWindow returns what to tell, in a language of the system's such as "nb_NO",
// where no window can be shown: for want of OpenGL or, where that is not what is
// missing, of a desktop.
func NoWindow(language string, gl bool) (title, words string) {
	t := text.New(text.Match(language))
	if gl {
		return t.Say("nogl.driver.title"), t.Say("nogl.driver.words")
	}
	return t.Say("nogl.display.title"), t.Say("nogl.display.words")
}
