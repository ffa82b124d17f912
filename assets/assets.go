// Package assets holds the pictures, fonts and words that are built into the
// desktop program. It is data only: it imports nothing of Conclave and is
// trusted as far as the program file itself is.
package assets

import "embed"

//go:embed icons/*.svg
var icons embed.FS

//go:embed lang/*/*.json
var languages embed.FS

// The logo's pictures. Logo has no background; Icon stands on its own and is
// the program's icon, also as PNG for FyneApp.toml.
var (
	//go:embed logo.svg
	Logo []byte
	//go:embed icon.svg
	Icon []byte
)

// The fonts: Inter and JetBrains Mono, both under the SIL Open Font License.
// Their licences lie beside them.
var (
	//go:embed fonts/Inter-Regular.otf
	FontRegular []byte
	//go:embed fonts/Inter-SemiBold.otf
	FontBold []byte
	//go:embed fonts/JetBrainsMono-Regular.ttf
	FontMono []byte
	//go:embed fonts/JetBrainsMono-SemiBold.ttf
	FontMonoBold []byte
	//go:embed fonts/Inter.LICENSE.txt
	LicenceInter string
	//go:embed fonts/JetBrainsMono.LICENSE.txt
	LicenceJetBrainsMono string
)

// IconNames lists the icons that SVG knows, in the order of the alphabet.
func IconNames() []string {
	entries, _ := icons.ReadDir("icons")
	names := make([]string, 0, len(entries))
	for _, e := range entries {
		names = append(names, e.Name()[:len(e.Name())-len(".svg")])
	}
	return names
}

// SVG returns the drawing of an icon, or nil when there is none of that name.
// Its lines are drawn in currentColor, which the caller replaces.
func SVG(name string) []byte {
	b, err := icons.ReadFile("icons/" + name + ".svg")
	if err != nil {
		return nil
	}
	return b
}

// Language returns the catalogues of a language ("en", "de", "nb"), one for
// each room of the app, or nil when there is no such language.
func Language(tag string) [][]byte {
	entries, err := languages.ReadDir("lang/" + tag)
	if err != nil {
		return nil
	}
	files := make([][]byte, 0, len(entries))
	for _, e := range entries {
		if b, err := languages.ReadFile("lang/" + tag + "/" + e.Name()); err == nil {
			files = append(files, b)
		}
	}
	return files
}
