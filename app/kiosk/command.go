package kiosk

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"conclave/app/config"
)

const usage = `conclave kiosk status [--json]   what the room is doing; the exit code says it too
conclave kiosk enrol             give the room a key of its own that lasts
conclave kiosk enrol --address A also have the service send a code to A
conclave kiosk enrol CODE        hand that code in
conclave kiosk forget            delete the room's key from this machine
`

// Main is "conclave kiosk ...": an administrator's commands. It returns the exit
// code.
func Main(args []string, at config.Place, out, fault io.Writer) int {
	if len(args) == 0 {
		_, _ = io.WriteString(fault, usage)
		return ExitUsage
	}
	policy, err := config.ReadPolicy(at)
	folder := Folder(at, policy)
	switch args[0] {
	case "status":
		return status(args[1:], folder, err, out, fault)
	case "enrol", "forget":
		if err == nil && policy.Kiosk == nil {
			err = errors.New(`the managed policy has no section "kiosk"`)
		}
		if err != nil {
			_, _ = fmt.Fprintln(fault, "conclave kiosk:", err)
			return ExitLocked
		}
		e := Enrolment{Folder: folder, Service: policy.Service, Pin: policy.Pin, Name: policy.Kiosk.Room}
		if args[0] == "forget" {
			err = e.Forget()
		} else {
			err = enrol(args[1:], e, out)
		}
		if err != nil {
			_, _ = fmt.Fprintln(fault, "conclave kiosk:", err)
			return ExitUsage
		}
		return ExitFine
	}
	_, _ = io.WriteString(fault, usage)
	return ExitUsage
}

func status(args []string, folder string, broken error, out, fault io.Writer) int {
	fs := flag.NewFlagSet("conclave kiosk status", flag.ContinueOnError)
	fs.SetOutput(fault)
	asJSON := fs.Bool("json", false, "as one JSON object")
	if err := fs.Parse(args); err != nil || fs.NArg() > 0 {
		return ExitUsage
	}
	s, err := ReadStatus(folder)
	if err != nil {
		_, _ = fmt.Fprintln(fault, "conclave kiosk:", err)
		return ExitUsage
	}
	if broken != nil && s.Problem == "" {
		s.Problem = broken.Error()
	}
	if *asJSON {
		e := json.NewEncoder(out)
		e.SetIndent("", "  ")
		if err := e.Encode(s); err != nil {
			return ExitUsage
		}
	} else {
		s.print(out)
	}
	if broken != nil {
		return ExitLocked
	}
	return s.Exit()
}

func (s Status) print(out io.Writer) {
	line := func(name, value string) {
		if value != "" {
			_, _ = fmt.Fprintf(out, "%-14s %s\n", name, value)
		}
	}
	state := s.State
	if !s.Running {
		state = "not running"
	}
	line("room", s.Room)
	line("state", state)
	line("meeting", s.Meeting)
	line("trouble", s.Trouble)
	line("problem", s.Problem)
	if s.Last != nil {
		line("last meeting", s.Last.Name+", "+s.Last.Began.Local().Format(time.DateTime))
	}
	line("camera", s.Devices.Camera)
	line("microphone", s.Devices.Microphone)
	line("speaker", s.Devices.Speaker)
	line("identity", s.Identity)
	line("keys", s.Keys)
	line("version", s.Version)
	for _, e := range s.Errors {
		line("error", fmt.Sprintf("%s %s (%d)", e.At.Local().Format(time.DateTime), e.Code, e.Times))
	}
}

// askLimit is how long the service may take to answer.
const askLimit = 20 * time.Second

func enrol(args []string, e Enrolment, out io.Writer) error {
	fs := flag.NewFlagSet("conclave kiosk enrol", flag.ContinueOnError)
	address := fs.String("address", "", "the room's own e-mail address, to which the service sends a code")
	if err := fs.Parse(args); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), askLimit)
	defer cancel()
	switch {
	case fs.NArg() > 1 || fs.NArg() == 1 && *address != "":
		return errors.New("enrol: either an address or a code")
	case *address != "":
		if err := e.Ask(ctx, *address); err != nil {
			return err
		}
		_, _ = fmt.Fprintln(out, "A code is on its way. Go on with: conclave kiosk enrol CODE")
		return nil
	}
	var done Enrolled
	var err error
	if fs.NArg() == 1 {
		done, err = e.Finish(ctx, fs.Arg(0))
	} else {
		done, err = e.Make()
	}
	if err != nil {
		return err
	}
	_, _ = fmt.Fprintf(out, "fingerprint %s\nkeys        %s\n", done.Fingerprint, done.Keys)
	if done.Class != "" {
		_, _ = fmt.Fprintf(out, "account     %s\n", done.Class)
	}
	return nil
}

const policyUsage = `conclave policy check FILE           say what is wrong with a managed policy
conclave policy key --out FILE       make a key: FILE and FILE.pub
conclave policy sign --key FILE FILE make FILE.sig
`

// PolicyMain is "conclave policy ...". It returns the exit code.
func PolicyMain(args []string, out, fault io.Writer) int {
	err := flag.ErrHelp
	if len(args) > 0 {
		switch args[0] {
		case "check":
			err = check(args[1:], out)
		case "key":
			err = makeKey(args[1:], out)
		case "sign":
			err = sign(args[1:], out)
		}
	}
	var broken *config.PolicyError
	switch {
	case err == nil:
		return ExitFine
	case errors.Is(err, flag.ErrHelp):
		_, _ = io.WriteString(fault, policyUsage)
		return ExitUsage
	case errors.As(err, &broken):
		_, _ = fmt.Fprintln(fault, err)
		return ExitLocked
	}
	_, _ = fmt.Fprintln(fault, "conclave policy:", err)
	return ExitUsage
}

func check(args []string, out io.Writer) error {
	if len(args) != 1 {
		return flag.ErrHelp
	}
	text, err := os.ReadFile(args[0])
	if err != nil {
		return err
	}
	p, err := config.ParsePolicy(args[0], text)
	if err != nil {
		return err
	}
	_, _ = fmt.Fprintf(out, "%s: understood, %d keys\n", args[0], len(p.Locked))
	return nil
}

func makeKey(args []string, out io.Writer) error {
	fs := flag.NewFlagSet("conclave policy key", flag.ContinueOnError)
	path := fs.String("out", "", "file of the private key")
	if err := fs.Parse(args); err != nil || *path == "" || fs.NArg() > 0 {
		return flag.ErrHelp
	}
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(*path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600) // never over another key
	if err != nil {
		return err
	}
	_, err = f.WriteString(base64.StdEncoding.EncodeToString(private.Seed()) + "\n")
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := os.WriteFile(*path+".pub", []byte(base64.StdEncoding.EncodeToString(public)+"\n"), 0o644); err != nil {
		return err
	}
	_, _ = fmt.Fprintf(out, "%s signs; lay %s.pub as managed.key on each machine\n", *path, *path)
	return nil
}

func sign(args []string, out io.Writer) error {
	fs := flag.NewFlagSet("conclave policy sign", flag.ContinueOnError)
	path := fs.String("key", "", "file of the private key")
	if err := fs.Parse(args); err != nil || *path == "" || fs.NArg() != 1 {
		return flag.ErrHelp
	}
	encoded, err := os.ReadFile(*path)
	if err != nil {
		return err
	}
	seed, err := base64.StdEncoding.AppendDecode(nil, trimmed(encoded))
	if err != nil || len(seed) != ed25519.SeedSize {
		return fmt.Errorf("%s is not a key of conclave policy key", *path)
	}
	text, err := os.ReadFile(fs.Arg(0))
	if err != nil {
		return err
	}
	sig, err := config.SignPolicy(ed25519.NewKeyFromSeed(seed), fs.Arg(0), text)
	if err != nil {
		return err
	}
	if err := os.WriteFile(fs.Arg(0)+".sig", sig, 0o644); err != nil {
		return err
	}
	_, _ = fmt.Fprintf(out, "%s.sig\n", fs.Arg(0))
	return nil
}

func trimmed(text []byte) []byte {
	for len(text) > 0 && (text[len(text)-1] == '\n' || text[len(text)-1] == '\r') {
		text = text[:len(text)-1]
	}
	return text
}
