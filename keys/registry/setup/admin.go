package setup

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// The admin socket is where an operator's commands reach the running service: a
// Unix socket with a token of its own, both readable by the service's user
// alone. The token is new with every start.

// AdminSocket is where the socket of a data folder lies.
func AdminSocket(data string) string { return filepath.Join(data, "admin.sock") }

// tokenOf is where the token of a socket lies.
func tokenOf(socket string) string { return socket + ".token" }

// maxAdminAnswer bounds what a command may print, maxAdminOrder what it is.
const (
	maxAdminAnswer = 64 << 20
	maxAdminOrder  = 64 << 10
)

// errNoService is returned where nobody serves an admin socket.
var errNoService = errors.New("reach the running service: nobody answers at its admin socket")

// Admin is an open admin socket.
type Admin struct {
	server *http.Server
	path   string
	ended  chan struct{}
}

type adminOrder struct {
	Args []string `json:"args"`
}

type adminAnswer struct {
	Output string `json:"output"`
	Error  string `json:"error,omitempty"`
	Usage  bool   `json:"usage,omitempty"`
}

// ServeAdmin opens the socket at path for the commands on an identity, and for
// further routes (nil for none), to whoever has the token.
func (i *Identity) ServeAdmin(path string, further http.Handler, log *slog.Logger) (*Admin, error) {
	if c, err := net.DialTimeout("unix", path, time.Second); err == nil {
		_ = c.Close()
		return nil, errors.New("open admin socket: another service answers there")
	}
	if info, err := os.Lstat(path); err == nil && info.Mode()&fs.ModeSocket != 0 {
		_ = os.Remove(path) // what a killed service left; anything else stays, and listening fails
	}
	token := rand.Text()
	if err := os.WriteFile(tokenOf(path), []byte(token+"\n"), 0o600); err != nil {
		return nil, fmt.Errorf("open admin socket: %w", err)
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		_ = os.Remove(tokenOf(path))
		return nil, fmt.Errorf("open admin socket: %w", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, errors.Join(fmt.Errorf("open admin socket: %w", err), l.Close())
	}
	a := &Admin{path: path, ended: make(chan struct{}), server: &http.Server{
		Handler: guarded(token, i.adminRoutes(further, log)), ReadHeaderTimeout: 10 * time.Second, ReadTimeout: time.Minute,
		ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError),
	}}
	go func() {
		defer close(a.ended)
		_ = a.server.Serve(l) // ends with Close
	}()
	return a, nil
}

// Close ends the socket, once the commands that run have ended.
func (a *Admin) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	err := errors.Join(a.server.Shutdown(ctx), a.server.Close())
	<-a.ended
	_ = os.Remove(tokenOf(a.path))
	return err
}

// guarded lets nobody through without the token.
func guarded(token string, next http.Handler) http.Handler {
	want := []byte("Bearer " + token)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if subtle.ConstantTimeCompare([]byte(r.Header.Get("Authorization")), want) != 1 {
			http.Error(w, "no valid token", http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (i *Identity) adminRoutes(further http.Handler, log *slog.Logger) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /command", func(w http.ResponseWriter, r *http.Request) {
		var o adminOrder
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxAdminOrder)).Decode(&o); err != nil || len(o.Args) == 0 {
			http.Error(w, "no command", http.StatusBadRequest)
			return
		}
		var out bytes.Buffer
		answer := adminAnswer{}
		if err := i.obey(r.Context(), o.Args, &out); err != nil {
			answer.Error, answer.Usage = err.Error(), errors.Is(err, ErrUsage)
		}
		answer.Output = out.String()
		log.Info("operator's command", "command", o.Args[0], "failed", answer.Error != "") // its other words may name people
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(answer) // the operator is gone
	})
	if further != nil {
		mux.Handle("/", further)
	}
	return mux
}

// obey runs a command on this identity.
func (i *Identity) obey(ctx context.Context, args []string, w io.Writer) error {
	if !IsCommand(args[0]) {
		return errors.New("no such command")
	}
	o, err := parseOrder(args, w)
	if err != nil {
		return err
	}
	return o.do(ctx, i, w)
}

// askAdmin lets the service behind a socket run a command.
func askAdmin(ctx context.Context, path string, args []string, w io.Writer) error {
	token, err := os.ReadFile(tokenOf(path))
	if err != nil {
		return errNoService
	}
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		c, err := d.DialContext(ctx, "unix", path)
		if err != nil {
			return nil, errNoService
		}
		return c, nil
	}, DisableKeepAlives: true}
	body, err := json.Marshal(adminOrder{args})
	if err != nil {
		return fmt.Errorf("ask the running service: %w", err)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://admin/command", bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("ask the running service: %w", err)
	}
	r.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(token)))
	response, err := (&http.Client{Transport: transport}).Do(r)
	if errors.Is(err, errNoService) {
		return errNoService
	}
	if err != nil {
		return fmt.Errorf("ask the running service: %w", err)
	}
	defer func() { _ = response.Body.Close() }() // it is read
	var answer adminAnswer
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("ask the running service: it answers %s", response.Status)
	}
	if err := json.NewDecoder(io.LimitReader(response.Body, maxAdminAnswer)).Decode(&answer); err != nil {
		return fmt.Errorf("ask the running service: %w", err)
	}
	if _, err := io.WriteString(w, answer.Output); err != nil {
		return err
	}
	switch {
	case answer.Usage:
		return ErrUsage
	case answer.Error != "":
		return errors.New(answer.Error)
	}
	return nil
}
