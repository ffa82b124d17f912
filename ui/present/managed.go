package present

import "strings"

// Managed names the settings that the organisation has decided, in words; keys
// that nobody at a screen knows the effect of are left out.
func (p Presenter) Managed(names []string) string {
	words := make([]string, 0, len(names))
	for _, name := range names {
		if key := "managed.key." + name; p.Text.Has(key) {
			words = append(words, p.Text.Say(key))
		}
	}
	return strings.Join(words, ", ")
}
