package setup

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"conclave/keys/policy"
	"conclave/keys/registry/client"
	"conclave/keys/tlog"
)

const usage = `usage:
  policy explain|diff|check …                           what policy decides, and why
  policy explain … --policy in-force --data DIR         the same of the policy that this service has
  log verify URL --key KEY [--pin PIN]                  audit a whole log as an outsider
  log status --data DIR                                 name, key and size of this service's log
  disclose --data DIR --ground G --what W ADDRESS…      the only way to export an account
  seat assign|withdraw --data DIR ADDRESS|@DOMAIN [--organisation DOMAIN] [--until 2027-01-31]
  authority rotate --data DIR                           a new key for passports, certified by the one before
  backup --data DIR --to FOLDER                         copy accounts, secrets and log

With a running service the command goes through its admin socket (--admin PATH where it is not
DIR/admin.sock); without one it opens DIR itself, with --identity FILE and --database FILE as the service has them.
`

// ErrUsage is returned after the usage was printed.
var ErrUsage = errors.New("see the usage above")

// InForce names the service's own policy in commands.
const InForce = "in-force"

// IsCommand reports whether an argument is the first of a command below.
func IsCommand(arg string) bool {
	switch arg {
	case "policy", "log", "disclose", "seat", "authority", "backup":
		return true
	}
	return false
}

// Command runs an operator's command; IsCommand(args[0]) holds. What concerns a
// service is done by the running one, through its admin socket, or where none
// runs on its folder.
func Command(ctx context.Context, args []string, w io.Writer) error {
	if len(args) > 2 && args[0] == "log" && args[1] == "verify" {
		return verifyLog(ctx, args[2], args[3:], w)
	}
	if args[0] == "policy" && !slices.Contains(args, InForce) {
		err := policy.Command(args[1:], w, os.ReadFile)
		if errors.Is(err, policy.ErrUsage) {
			return ErrUsage
		}
		return err
	}
	o, err := parseOrder(args, w)
	if err != nil {
		return err
	}
	if o.data == "" {
		return errors.New("open identity: --data is needed")
	}
	done, err := o.bySocket(ctx, w)
	if done || err != nil {
		return err
	}
	connection, err := secret(o.database)
	if err != nil {
		return err
	}
	i, err := Open(ctx, Config{Dir: Folder(o.data), File: o.identity, Database: connection})
	if err != nil {
		return err
	}
	return errors.Join(o.do(ctx, i, w), i.Close())
}

// order is a command that concerns one service.
type order struct {
	args                            []string
	data, identity, database, admin string
	do                              func(context.Context, *Identity, io.Writer) error
}

// bySocket hands an order to the running service. It reports false where none
// runs.
func (o order) bySocket(ctx context.Context, w io.Writer) (bool, error) {
	path := o.admin
	if path == "" {
		path = AdminSocket(o.data)
	}
	err := askAdmin(ctx, path, o.args, w)
	if o.admin == "" && errors.Is(err, errNoService) {
		return false, nil
	}
	return true, err
}

func parseOrder(args []string, w io.Writer) (order, error) {
	o := order{args: args}
	words := 1 // of the command
	if slices.Contains([]string{"seat", "authority", "log", "policy"}, args[0]) {
		words = 2
	}
	if len(args) <= words {
		_, _ = io.WriteString(w, usage)
		return o, ErrUsage
	}
	flags := flag.NewFlagSet(strings.Join(args[:words], " "), flag.ContinueOnError)
	flags.SetOutput(w)
	flags.StringVar(&o.data, "data", "", "the service's data folder")
	flags.StringVar(&o.identity, "identity", "", "its identity settings")
	flags.StringVar(&o.database, "database", "", "file with its connection string, when it has one")
	flags.StringVar(&o.admin, "admin", "", "its admin socket, when it is not DIR/admin.sock")
	switch strings.Join(args[:words], " ") {
	case "disclose":
		o.do = disclose(flags)
	case "seat assign":
		o.do = assignSeat(flags)
	case "seat withdraw":
		o.do = withdrawSeat(flags)
	case "authority rotate":
		o.do = func(ctx context.Context, i *Identity, w io.Writer) error { return i.rotate(ctx, w) }
	case "log status":
		o.do = func(ctx context.Context, i *Identity, w io.Writer) error { return i.logStatus(ctx, w) }
	case "backup":
		to := flags.String("to", "", "a folder that does not exist yet")
		o.do = func(ctx context.Context, i *Identity, w io.Writer) error { return i.backUp(ctx, *to, w) }
	case "policy explain", "policy diff":
		return inForce(o, w)
	default:
		_, _ = io.WriteString(w, usage)
		return o, ErrUsage
	}
	if err := flags.Parse(args[words:]); err != nil {
		return o, ErrUsage
	}
	return o, nil
}

// inForce explains the service's own policy: package policy knows the flags, so
// those of the service are taken out here.
func inForce(o order, w io.Writer) (order, error) {
	rest := []string{}
	for i := 1; i < len(o.args); i++ {
		if into := map[string]*string{"--data": &o.data, "--identity": &o.identity, "--database": &o.database, "--admin": &o.admin}[o.args[i]]; into != nil && i+1 < len(o.args) {
			i++
			*into = o.args[i]
			continue
		}
		rest = append(rest, o.args[i])
	}
	o.do = func(ctx context.Context, i *Identity, w io.Writer) error {
		err := policy.Command(rest, w, func(name string) ([]byte, error) {
			if name != InForce { // the service opens no files for others
				return nil, fmt.Errorf("%w: only presets and %s can be named beside it", fs.ErrNotExist, InForce)
			}
			return i.Registry.Policy(ctx, "")
		})
		if errors.Is(err, policy.ErrUsage) {
			return ErrUsage
		}
		return err
	}
	return o, nil
}

func verifyLog(ctx context.Context, address string, args []string, w io.Writer) error {
	flags := flag.NewFlagSet("log verify", flag.ContinueOnError)
	flags.SetOutput(w)
	text := flags.String("key", "", "verifier key of the log, as GET /v1/about shows it or, better, as somebody you trust gave it")
	pin := flags.String("pin", "", "fingerprint of a certificate of the service's own making, as it printed it at its start")
	if err := flags.Parse(args); err != nil {
		return ErrUsage
	}
	transport, err := pinned(*pin)
	if err != nil {
		return err
	}
	key, err := tlog.ParseKey(*text)
	if err != nil {
		return err
	}
	reader, err := client.NewLog(address, transport)
	if err != nil {
		return err
	}
	report, err := tlog.Audit(ctx, reader, key)
	if err != nil {
		return err
	}
	return report.Print(w)
}

func disclose(flags *flag.FlagSet) func(context.Context, *Identity, io.Writer) error {
	ground := flags.String("ground", "", strings.Join(tlog.Grounds(), ", "))
	what := flags.String("what", "", strings.Join(tlog.Disclosed(), ", "))
	return func(ctx context.Context, i *Identity, w io.Writer) error {
		out, err := i.Registry.Disclose(ctx, *ground, *what, flags.Args())
		if err != nil {
			return err
		}
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		return e.Encode(out)
	}
}

func assignSeat(flags *flag.FlagSet) func(context.Context, *Identity, io.Writer) error {
	organisation := flags.String("organisation", "", "domain that pays for the seat")
	until := flags.String("until", "", "last day; empty: for ever")
	return func(ctx context.Context, i *Identity, w io.Writer) error {
		if flags.NArg() != 1 {
			return errors.New("assign seat: name one address or @domain, behind the flags")
		}
		var end time.Time
		if *until != "" {
			var err error
			if end, err = time.Parse(time.DateOnly, *until); err != nil {
				return errors.New("assign seat: want a day like 2027-01-31")
			}
			end = end.AddDate(0, 0, 1)
		}
		if err := i.Registry.AssignSeat(ctx, flags.Arg(0), *organisation, end, "operator"); err != nil {
			return err
		}
		_, err := fmt.Fprintln(w, "assigned; the person claims it in the app")
		return err
	}
}

func withdrawSeat(flags *flag.FlagSet) func(context.Context, *Identity, io.Writer) error {
	return func(ctx context.Context, i *Identity, w io.Writer) error {
		if flags.NArg() != 1 {
			return errors.New("withdraw seat: name one address or @domain, behind the flags")
		}
		if err := i.Registry.WithdrawSeat(ctx, flags.Arg(0)); err != nil {
			return err
		}
		_, err := fmt.Fprintln(w, "withdrawn; the log revokes the passports that stated it")
		return err
	}
}

// Folder is where the identity lies in a service's data folder.
func Folder(data string) string {
	if data == "" {
		return ""
	}
	return data + string(os.PathSeparator) + "identity"
}
