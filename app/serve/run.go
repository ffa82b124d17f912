package main

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"conclave/app/config"
	"conclave/app/service"
	"conclave/call/relay"
	"conclave/call/room"
	"conclave/call/room/postgres"
	"conclave/call/room/sqlite"
	"conclave/keys/registry/setup"
	registrystore "conclave/keys/registry/store"
)

// Exit codes.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
)

// process is what the program gets from outside.
type process struct {
	args, environ []string
	managed       string
	in            io.Reader
	out, err      io.Writer
}

// options are the settings, and what only the command line says.
type options struct {
	config.Settings
	local bool
	port  int
}

// announcement is the line on standard output that says the service is ready.
type announcement struct {
	URL string `json:"url"`
	// Pin is empty where no pin is needed.
	Pin string `json:"pin"`
}

// run is the program; it returns the exit code. What goes wrong is one line on
// standard error, the last.
func run(ctx context.Context, p process) int {
	if len(p.args) > 0 && setup.IsCommand(p.args[0]) {
		return command(ctx, p)
	}
	o, err := parse(p)
	if errors.Is(err, flag.ErrHelp) {
		return exitOK
	}
	if err == nil {
		err = serve(ctx, p, o)
	}
	var bad usageError
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &bad):
		_, _ = fmt.Fprintf(p.err, "conclave-serve: %s (--help lists the flags)\n", oneLine(err))
		return exitUsage
	default:
		_, _ = fmt.Fprintf(p.err, "conclave-serve: %s\n", oneLine(err))
		return exitFailed
	}
}

func oneLine(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }

// usageError is a mistake in flags or settings.
type usageError struct{ error }

func parse(p process) (options, error) {
	flags := flag.NewFlagSet("conclave-serve", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	var o options
	flags.BoolVar(&o.local, "local", false, "serve this computer only, and end when standard input closes")
	flags.IntVar(&o.port, "port", 0, "with --local: the port; 0: any free one")
	file := flags.String("config", "", "settings file, of lines name = value")
	given := map[string]string{}
	for _, k := range config.ServiceKeys() {
		flags.Func(k.Name, fmt.Sprintf("%s (default %q)", k.Help, k.Default), func(text string) error {
			given[k.Name] = text
			return nil
		})
	}
	if err := flags.Parse(p.args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			flags.SetOutput(p.out)
			_, _ = fmt.Fprintln(p.out, "conclave-serve is the service of Conclave. Settings may also stand in --config, in CONCLAVE_SERVE_… variables, or in "+p.managed+".")
			_, _ = fmt.Fprintln(p.out, "Commands for a running service, each with --help: policy, log, disclose, seat, authority, backup. See app/ADMIN.md.")
			flags.PrintDefaults()
			return o, err
		}
		return o, usageError{err}
	}
	if flags.NArg() > 0 {
		return o, usageError{fmt.Errorf("unexpected argument %q", flags.Arg(0))}
	}
	if o.port < 0 || o.port > 65535 || (o.port != 0 && !o.local) {
		return o, usageError{errors.New("--port is for --local, and from 0 to 65535")}
	}
	var err error
	o.Settings, err = config.Read(config.ServiceKeys(), config.Inputs{
		File: *file, Managed: p.managed, Environ: p.environ, Prefix: "CONCLAVE_SERVE_", Flags: given,
	})
	if err != nil {
		return o, usageError{err}
	}
	return o, o.check()
}

// check finds what no single setting can say.
func (o options) check() error {
	if (o.Text("tls-cert") == "") != (o.Text("tls-key") == "") {
		return usageError{errors.New("tls-cert and tls-key go together")}
	}
	if err := o.checkCertificates(); err != nil {
		return err
	}
	if o.Text("database") != "" && (o.local || o.Text("data") == "") {
		return usageError{errors.New("database wants a data folder beside it, for secrets and the log, and not --local")}
	}
	if f := o.Text("log-format"); f != "text" && f != "json" {
		return usageError{fmt.Errorf("log-format %q is not text or json", f)}
	}
	if a := o.Text("media-address"); a != "" {
		if _, err := netip.ParseAddr(a); err != nil {
			return usageError{fmt.Errorf("media-address %q is not an IP address", a)}
		}
	}
	if u := o.Text("url"); u != "" {
		if parsed, err := url.Parse(u); err != nil || parsed.Scheme != "https" || parsed.Host == "" || strings.Trim(parsed.Path, "/") != "" {
			return usageError{fmt.Errorf("url %q is not of the form https://host[:port]", u)}
		}
	}
	if o.Number("media-port") > 65535 {
		return usageError{errors.New("media-port is at most 65535")}
	}
	var level slog.Level
	if err := level.UnmarshalText([]byte(o.Text("log"))); err != nil {
		return usageError{fmt.Errorf("log %q is not debug, info, warn or error", o.Text("log"))}
	}
	return nil
}

// serve runs the service until ctx ends, or with --local until standard input
// closes.
func serve(ctx context.Context, p process, o options) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var level slog.Level
	_ = level.UnmarshalText([]byte(o.Text("log"))) // checked
	log := slog.New(slog.NewTextHandler(p.err, &slog.HandlerOptions{Level: level}))
	if o.Text("log-format") == "json" {
		log = slog.New(slog.NewJSONHandler(p.err, &slog.HandlerOptions{Level: level}))
	}
	connection, err := o.connection()
	if err != nil {
		return err
	}
	store, err := openStore(ctx, o, connection, log)
	if err != nil {
		return err
	}
	defer func() { _ = store.Close() }()
	listener, ready, err := listen(o)
	if err != nil {
		return err
	}
	defer func() { _ = listener.Close() }()
	people, err := openIdentity(ctx, o, connection, log)
	if err != nil {
		return err
	}
	defer people.close()
	media, err := startRelay(ctx, o)
	if err != nil {
		return err
	}
	s, err := service.New(service.Config{
		Store: store, Relay: media, Identity: people, Figures: people, Log: log, URL: strings.TrimSuffix(o.Text("url"), "/"),
		Limits: room.Limits{
			Lobby: o.Number("lobby"), Seated: o.Number("seats"), Hosted: o.Number("meetings-per-device"),
			Longest: o.Duration("longest"), EmptyFor: o.Duration("empty-for"),
		},
		Connections: service.Connections{PerAddress: o.Number("connections-per-address")},
	})
	if err != nil {
		_ = media.Close()
		return err
	}
	admin, err := openAdmin(o, people, s.Figures(), log)
	if err != nil {
		return errors.Join(err, s.Close())
	}
	defer admin.close()
	served := make(chan error, 1)
	go func() { served <- s.Serve(listener) }()
	if o.local {
		// Nobody waits for this reader: it may stay blocked when a signal ends us.
		go func() {
			_, _ = io.Copy(io.Discard, p.in)
			cancel()
		}()
	}
	if err := json.NewEncoder(p.out).Encode(ready); err != nil {
		cancel()
	}
	log.Info("ready", "local", o.local)
	select {
	case <-ctx.Done():
		err = s.Close()
		<-served
	case err = <-served:
		_ = s.Close()
	}
	log.Info("ended")
	return err
}

// connection reads the connection string of the database, which holds a
// password; "" for none.
func (o options) connection() (string, error) {
	file := o.Text("database")
	if file == "" {
		return "", nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("database file %s cannot be read: %w", file, cause(err))
	}
	if strings.TrimSpace(string(text)) == "" {
		return "", fmt.Errorf("database file %s is empty: it holds a connection string", file)
	}
	return strings.TrimSpace(string(text)), nil
}

func openStore(ctx context.Context, o options, connection string, log *slog.Logger) (room.Store, error) {
	folder := o.Text("data")
	if connection != "" {
		c, err := registrystore.PostgresConfig(connection)
		if err != nil {
			return nil, fmt.Errorf("database file %s holds no connection string", o.Text("database"))
		}
		if err := os.MkdirAll(folder, 0o700); err != nil {
			return nil, fmt.Errorf("data folder %s cannot be made: %w", folder, cause(err))
		}
		return postgres.Open(ctx, *c)
	}
	if folder == "" {
		if !o.local {
			log.Warn("no data folder is set: meetings and the certificate are lost at the end; see --data")
		}
		return room.NewMemory(), nil
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, fmt.Errorf("data folder %s cannot be made: %w", folder, cause(err))
	}
	store, err := sqlite.Open(ctx, filepath.Join(folder, "meetings.db"))
	if err != nil {
		if strings.Contains(err.Error(), "locked") || strings.Contains(err.Error(), "SQLITE_BUSY") {
			return nil, fmt.Errorf("data folder %s is in use by another conclave-serve", folder)
		}
		return nil, fmt.Errorf("data folder %s cannot be used: %w", folder, cause(err))
	}
	return store, nil
}

// cause strips the path from an error about a file, which was named already.
func cause(err error) error {
	var path *os.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}

// listen binds the port and says how clients reach it.
func listen(o options) (net.Listener, announcement, error) {
	address := o.Text("listen")
	if o.local {
		address = net.JoinHostPort("127.0.0.1", strconv.Itoa(o.port))
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		if errors.Is(err, syscall.EADDRINUSE) {
			return nil, announcement{}, fmt.Errorf("port %s is already in use by another program; choose another with %s", portOf(address), flagFor(o))
		}
		var op *net.OpError
		if errors.As(err, &op) {
			err = op.Err
		}
		return nil, announcement{}, fmt.Errorf("cannot listen on %s: %w", address, err)
	}
	if o.local {
		return l, announcement{URL: "http://" + l.Addr().String()}, nil
	}
	config, pin, err := tlsConfig(o)
	if err != nil {
		_ = l.Close()
		return nil, announcement{}, err
	}
	ready := announcement{URL: strings.TrimSuffix(o.Text("url"), "/"), Pin: pin}
	if ready.URL == "" {
		host := hostOf(l.Addr())
		if names := acmeDomains(o); len(names) > 0 {
			host = names[0]
		}
		ready.URL = "https://" + net.JoinHostPort(host, portOf(l.Addr().String()))
	}
	return tls.NewListener(l, config), ready, nil
}

func flagFor(o options) string {
	if o.local {
		return "--port"
	}
	return "--listen"
}

func portOf(address string) string {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return address
	}
	return port
}

// hostOf is the listening address, or this computer's name for all addresses.
func hostOf(a net.Addr) string {
	if tcp, ok := a.(*net.TCPAddr); ok && !tcp.IP.IsUnspecified() {
		return tcp.IP.String()
	}
	if name, err := os.Hostname(); err == nil && name != "" {
		return name
	}
	return "localhost"
}

func startRelay(ctx context.Context, o options) (*relay.Server, error) {
	c := relay.Config{Local: o.local, UDPPort: o.Number("media-port")}
	if o.local && o.Value("media-port").From == config.FromDefault {
		c.UDPPort = 0
	}
	if a := o.Text("media-address"); a != "" {
		c.Address, _ = netip.ParseAddr(a) // checked
	}
	media, err := relay.Start(ctx, c)
	if err != nil {
		if errors.Is(err, syscall.EADDRINUSE) || strings.Contains(err.Error(), "address already in use") {
			return nil, fmt.Errorf("media port %d (UDP) is already in use by another program; choose another with --media-port", c.UDPPort)
		}
		return nil, err
	}
	return media, nil
}
