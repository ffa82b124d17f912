package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"

	"conclave/keys/registry/ledger"
	"conclave/keys/registry/setup"
)

// identity is accounts, verification and the log behind the service's port. It
// opens beside the start of everything else, because nobody waits for it there.
type identity struct {
	opened  chan struct{} // closed when the fields below are set
	people  *setup.Identity
	routes  http.Handler
	figures prometheus.Collector
	err     error
	log     *slog.Logger
}

// openIdentity begins to open the identity in the data folder. For other than
// this computer it waits, so that a mistake in the settings ends the program.
func openIdentity(ctx context.Context, o options, connection string, log *slog.Logger) (*identity, error) {
	i := &identity{opened: make(chan struct{}), log: log}
	open := func() {
		defer close(i.opened)
		i.people, i.err = setup.Open(ctx, setup.Config{
			Dir: setup.Folder(o.Text("data")), File: o.Text("identity"), Database: connection, Local: o.local, Log: log,
		})
		if i.err == nil {
			i.routes = i.people.Handler()
			i.figures = i.people.Registry.Figures()
		}
	}
	if o.local {
		go func() {
			open()
			if i.err != nil && ctx.Err() == nil {
				log.Error("accounts and verification are off", "error", i.err)
			}
		}()
		return i, nil
	}
	open()
	if errors.Is(i.err, ledger.ErrSystem) {
		log.Warn("accounts and verification are off: this system cannot keep the log")
		return i, nil
	}
	return i, i.err
}

// ServeHTTP waits until the identity is open. Where there is none, as on systems
// that cannot keep the log, it answers 404, which clients take for a service
// without accounts.
func (i *identity) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	select {
	case <-i.opened:
	case <-r.Context().Done():
		return
	}
	if i.routes == nil {
		http.Error(w, "accounts and verification are off", http.StatusNotFound)
		return
	}
	i.routes.ServeHTTP(w, r)
}

// Describe implements prometheus.Collector; what opens later is not described.
func (i *identity) Describe(chan<- *prometheus.Desc) {}

// Collect implements prometheus.Collector; what is not open yet has no figures.
func (i *identity) Collect(out chan<- prometheus.Metric) {
	select {
	case <-i.opened:
	default:
		return
	}
	if i.figures != nil {
		i.figures.Collect(out)
	}
}

// close waits for the opening and closes what was opened.
func (i *identity) close() {
	<-i.opened
	if i.people == nil {
		return
	}
	if err := i.people.Close(); err != nil {
		i.log.Error("close accounts", "error", err)
	}
}

// command runs one of the operator's commands.
func command(ctx context.Context, p process) int {
	err := setup.Command(ctx, p.args, p.out)
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, setup.ErrUsage):
		return exitUsage
	}
	_, _ = fmt.Fprintf(p.err, "conclave-serve: %s\n", oneLine(err))
	return exitFailed
}
