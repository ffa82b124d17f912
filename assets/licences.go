package assets

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"io"
	"strings"
)

// The words about what Conclave is and is made of. Notice and Licence are the
// same as NOTICE and LICENSE at the top of the repository, from where they
// cannot be embedded; a test holds them to each other.
var (
	//go:embed licences/NOTICE.txt
	Notice string
	//go:embed licences/LICENSE.txt
	Licence string
	//go:embed licences/modules.txt.gz
	modules []byte
)

// mostLicences bounds what is unpacked.
const mostLicences = 8 << 20

// ModuleLicence is one licence text and the modules that are under it.
type ModuleLicence struct {
	Modules []string // "github.com/… v1.2.3"
	Text    string
}

// ModuleLicences lists the licence texts of the Go modules that are linked into
// the two programs. A test holds the list to what the linker takes. It unpacks
// them anew with each call.
func ModuleLicences() []ModuleLicence {
	r, err := gzip.NewReader(bytes.NewReader(modules))
	if err != nil {
		return nil
	}
	all, err := io.ReadAll(io.LimitReader(r, mostLicences))
	if err != nil {
		return nil
	}
	var out []ModuleLicence
	for block := range strings.SplitSeq(strings.TrimSuffix(string(all), "\f"), "\f") {
		names, text, _ := strings.Cut(block, "\n\n")
		out = append(out, ModuleLicence{strings.Split(names, "\n"), text})
	}
	return out
}
