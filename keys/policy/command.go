package policy

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"

	"conclave/keys"
)

// ErrUsage is returned after the usage was printed.
var ErrUsage = errors.New("policy command: see usage")

const usage = `usage:
  policy explain [--policy FILE|PRESET] --class CLASS --action ACTION
  policy diff FILE|PRESET FILE|PRESET
  policy check FILE
`

// Command is "conclave-serve policy": explain, diff and check. read opens the
// files that are named in args; names of presets need none. Signed files are
// read without their signatures, for here the operator is who asks.
func Command(args []string, w io.Writer, read func(name string) ([]byte, error)) error {
	if len(args) > 0 {
		switch args[0] {
		case "explain":
			return explainCommand(args[1:], w, read)
		case "diff":
			if len(args) == 3 {
				return diffCommand(args[1], args[2], w, read)
			}
		case "check":
			if len(args) == 2 {
				p, err := load(args[1], read)
				if err != nil {
					return err
				}
				_, err = fmt.Fprintf(w, "%s version %d, %d rules, hash %s\n", p.Name, p.Version, len(p.Rules), p.Hash())
				return err
			}
		}
	}
	_, _ = io.WriteString(w, usage)
	return ErrUsage
}

func explainCommand(args []string, w io.Writer, read func(string) ([]byte, error)) error {
	flags := flag.NewFlagSet("policy explain", flag.ContinueOnError)
	flags.SetOutput(w)
	name := flags.String("policy", DefaultPreset, "file or preset")
	className := flags.String("class", "", "guest, email, phone, organisation, seat or voucher")
	actionName := flags.String("action", "", "host-e2ee, join-e2ee, host-transport, join-transport, size, duration, record or share-screen")
	if err := flags.Parse(args); err != nil {
		return ErrUsage
	}
	class, err := keys.ParseClass(*className)
	if err != nil {
		return err
	}
	action, err := ParseAction(*actionName)
	if err != nil {
		return err
	}
	p, err := load(*name, read)
	if err != nil {
		return err
	}
	return Explain(w, p, class, action)
}

func diffCommand(from, to string, w io.Writer, read func(string) ([]byte, error)) error {
	a, err := load(from, read)
	if err != nil {
		return err
	}
	b, err := load(to, read)
	if err != nil {
		return err
	}
	return PrintDiff(w, a, b)
}

func load(name string, read func(string) ([]byte, error)) (*Policy, error) {
	if slices.Contains(Presets(), name) {
		return Preset(name)
	}
	data, err := read(name)
	if err != nil {
		return nil, fmt.Errorf("read policy: %w", err)
	}
	return Parse(textOf(data))
}
