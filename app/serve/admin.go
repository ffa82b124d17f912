package main

import (
	"fmt"
	"log/slog"
	"net/http"

	"conclave/keys/registry/setup"
)

// admin is the operator's socket of a running service; its zero value is none.
type admin struct {
	socket *setup.Admin
	log    *slog.Logger
}

// openAdmin opens the socket where there is a folder for it. What the operator
// named must open; the default one may fail, as where its path is too long for
// a socket.
func openAdmin(o options, people *identity, figures http.Handler, log *slog.Logger) (admin, error) {
	path := o.Text("admin-socket")
	if o.local || path == "off" || path == "" && o.Text("data") == "" {
		return admin{}, nil
	}
	named := path != ""
	if !named {
		path = setup.AdminSocket(o.Text("data"))
	}
	if people.people == nil {
		return admin{}, nil // a warning was given
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", figures)
	socket, err := people.people.ServeAdmin(path, mux, log)
	switch {
	case err == nil:
		return admin{socket, log}, nil
	case named:
		return admin{}, fmt.Errorf("admin socket %s cannot be opened: %w", path, err)
	}
	log.Warn("no admin socket: commands will open the data folder beside the service; see admin-socket", "error", err)
	return admin{}, nil
}

func (a admin) close() {
	if a.socket == nil {
		return
	}
	if err := a.socket.Close(); err != nil {
		a.log.Error("close admin socket", "error", err)
	}
}
