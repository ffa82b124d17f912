package setup

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"conclave/keys/policy"
	"conclave/keys/registry/client"
	"conclave/keys/tlog"
)

const usage = `usage:
  policy explain|diff|check …                           what policy decides, and why
  log verify URL --key KEY                              audit a whole log as an outsider
  disclose --data DIR --ground G --what W ADDRESS…      the only way to export an account
  seat assign|withdraw --data DIR ADDRESS|@DOMAIN [--organisation DOMAIN] [--until 2027-01-31]
`

// ErrUsage is returned after the usage was printed.
var ErrUsage = errors.New("see the usage above")

// IsCommand reports whether an argument is the first of a command below.
func IsCommand(arg string) bool {
	switch arg {
	case "policy", "log", "disclose", "seat":
		return true
	}
	return false
}

// Command runs an operator's command; IsCommand(args[0]) holds.
func Command(ctx context.Context, args []string, w io.Writer) error {
	switch args[0] {
	case "policy":
		err := policy.Command(args[1:], w, os.ReadFile)
		if errors.Is(err, policy.ErrUsage) {
			return ErrUsage
		}
		return err
	case "log":
		if len(args) > 2 && args[1] == "verify" {
			return verifyLog(ctx, args[2], args[3:], w)
		}
	case "disclose":
		return disclose(ctx, args[1:], w)
	case "seat":
		if len(args) > 2 && (args[1] == "assign" || args[1] == "withdraw") {
			return seat(ctx, args[1], args[2:], w)
		}
	}
	_, _ = io.WriteString(w, usage)
	return ErrUsage
}

func verifyLog(ctx context.Context, address string, args []string, w io.Writer) error {
	flags := flag.NewFlagSet("log verify", flag.ContinueOnError)
	flags.SetOutput(w)
	text := flags.String("key", "", "verifier key of the log, as GET /v1/about shows it or, better, as somebody you trust gave it")
	if err := flags.Parse(args); err != nil {
		return ErrUsage
	}
	key, err := tlog.ParseKey(*text)
	if err != nil {
		return err
	}
	reader, err := client.NewLog(address, nil)
	if err != nil {
		return err
	}
	report, err := tlog.Audit(ctx, reader, key)
	if err != nil {
		return err
	}
	return report.Print(w)
}

func disclose(ctx context.Context, args []string, w io.Writer) error {
	flags := flag.NewFlagSet("disclose", flag.ContinueOnError)
	flags.SetOutput(w)
	dir := flags.String("data", "", "the service's data folder")
	file := flags.String("identity", "", "its identity settings")
	ground := flags.String("ground", "", strings.Join(tlog.Grounds(), ", "))
	what := flags.String("what", "", strings.Join(tlog.Disclosed(), ", "))
	if err := flags.Parse(args); err != nil {
		return ErrUsage
	}
	return with(ctx, *dir, *file, func(i *Identity) error {
		out, err := i.Registry.Disclose(ctx, *ground, *what, flags.Args())
		if err != nil {
			return err
		}
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		return e.Encode(out)
	})
}

func seat(ctx context.Context, action string, args []string, w io.Writer) error {
	flags := flag.NewFlagSet("seat "+action, flag.ContinueOnError)
	flags.SetOutput(w)
	dir := flags.String("data", "", "the service's data folder")
	file := flags.String("identity", "", "its identity settings")
	organisation := flags.String("organisation", "", "domain that pays for the seat")
	until := flags.String("until", "", "last day; empty: for ever")
	if err := flags.Parse(args); err != nil || flags.NArg() != 1 {
		return ErrUsage
	}
	var end time.Time
	if *until != "" {
		var err error
		if end, err = time.Parse(time.DateOnly, *until); err != nil {
			return errors.New("assign seat: want a day like 2027-01-31")
		}
		end = end.AddDate(0, 0, 1)
	}
	return with(ctx, *dir, *file, func(i *Identity) error {
		if action == "withdraw" {
			return i.Registry.WithdrawSeat(ctx, flags.Arg(0))
		}
		if err := i.Registry.AssignSeat(ctx, flags.Arg(0), *organisation, end, "operator"); err != nil {
			return err
		}
		_, err := fmt.Fprintln(w, "assigned; the person claims it in the app")
		return err
	})
}

// with opens the identity of a data folder beside the running service.
func with(ctx context.Context, dir, file string, f func(*Identity) error) error {
	if dir == "" {
		return errors.New("open identity: --data is needed")
	}
	i, err := Open(ctx, Config{Dir: Folder(dir), File: file})
	if err != nil {
		return err
	}
	return errors.Join(f(i), i.Close())
}

// Folder is where the identity lies in a service's data folder.
func Folder(data string) string {
	if data == "" {
		return ""
	}
	return data + string(os.PathSeparator) + "identity"
}
