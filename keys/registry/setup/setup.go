// Package setup opens a whole registry from a folder and one settings file:
// secrets, log, database, channels, organisations, partners and policy. It is
// what conclave-serve mounts, and what its operator's commands work on.
//
// Without a settings file everything works at once: codes go to an outbox, the
// policy is the default preset (with Local: everyone). Trust zone: service.
package setup

import (
	"context"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"time"

	"conclave/keys/policy"
	"conclave/keys/registry"
	"conclave/keys/registry/channel"
	"conclave/keys/registry/client"
	"conclave/keys/registry/ledger"
	"conclave/keys/registry/signon"
	"conclave/keys/registry/store"
	"conclave/keys/registry/wire"
)

// Settings is the settings file: JSON, every field optional, unknown fields are
// errors. app/ADMIN.md explains them.
type Settings struct {
	Name    string `json:"name"`     // in codes, certificates and the log's origin; "conclave.local"
	Policy  string `json:"policy"`   // preset or file; "verify-once"
	SealKey string `json:"seal_key"` // file that seals the secrets; "seal.key" in the folder
	// AuthorityKey is a file with the key that signs passports, in place of one
	// of the service's own making: Ed25519, PKCS #8 in PEM.
	AuthorityKey string `json:"authority_key"`
	// NetworkFactor raises what one network may ask for: a school behind one
	// address. 1 to 1000; 0 is 1.
	NetworkFactor int    `json:"network_factor"`
	MailHost      string `json:"mail_host"`   // SMTP server; none: outbox
	MailPort      int    `json:"mail_port"`   // 587
	MailTLS       bool   `json:"mail_tls"`    // TLS from the first byte instead of STARTTLS
	MailFrom      string `json:"mail_from"`   // sender
	MailUser      string `json:"mail_user"`   // none: no sign-in
	MailSecret    string `json:"mail_secret"` // file with the password
	MailRoots     string `json:"mail_roots"`  // file with authorities of the server; the system's

	SMSProvider string            `json:"sms_provider"` // generic, twilio or vonage; none: no phones, outbox with --local
	SMSURL      string            `json:"sms_url"`
	SMSFrom     string            `json:"sms_from"`
	SMSUser     string            `json:"sms_user"`
	SMSPassword string            `json:"sms_password"` // file
	SMSSecret   string            `json:"sms_secret"`   // file: signs requests and deliveries
	SMSHeader   map[string]string `json:"sms_header"`

	Organisations []Organisation    `json:"organisations"`
	Partners      map[string]string `json:"partners"`       // name: file with the public key (DER in base64)
	BillingSecret string            `json:"billing_secret"` // file: signs the billing webhook
}

// Organisation is a provider for the people of one domain.
type Organisation struct {
	Domain   string `json:"domain"`
	Issuer   string `json:"issuer"`
	ClientID string `json:"client_id"`
	Proved   bool   `json:"proved"` // otherwise by DNS, see signon.Record
}

// Config says where the registry lies.
type Config struct {
	// Dir holds everything; "" keeps accounts in memory and the log in a folder
	// that is removed at the end.
	Dir string
	// Database is the connection string of a PostgreSQL database that services
	// share; "" for SQLite in Dir. Dir must be set, and shared as well: it holds
	// secrets and log.
	Database string
	// File is the settings file; "" for the defaults.
	File string
	// Local serves one computer: its app may read the outbox.
	Local bool
	// Log takes warnings and failures; nil for none.
	Log *slog.Logger
	// Resolver proves domains; nil for the system's.
	Resolver signon.Resolver
}

// Identity is an open registry with all that belongs to it.
type Identity struct {
	Registry *registry.Registry
	Ledger   *ledger.Ledger
	Secrets  registry.Secrets

	settings        Settings
	dir, secretsDir string
	memory          bool          // nothing stays
	sqlite          *store.SQLite // nil with PostgreSQL
	authorityKey    ed25519.PrivateKey

	close []func() error
	stop  context.CancelFunc
	daily chan struct{}
}

// localPolicy is in force where a service serves one computer and nobody chose
// another policy: its owner is its operator, and hosts without signing in.
const localPolicy = "everyone"

// startTimeout bounds what Open finishes of the last time.
const startTimeout = time.Minute

// Open opens or makes everything. Close must follow.
func Open(ctx context.Context, cfg Config) (_ *Identity, err error) {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	settings, err := read(cfg.File)
	if err != nil {
		return nil, err
	}
	if cfg.Local && cfg.File == "" {
		settings.Policy = localPolicy
	}
	i := &Identity{daily: make(chan struct{}), settings: settings}
	defer func() {
		if err != nil {
			err = errors.Join(err, i.closeAll())
		}
	}()
	rc, err := i.open(ctx, cfg, settings)
	if err != nil {
		return nil, err
	}
	if i.Registry, err = registry.New(rc); err != nil {
		return nil, err
	}
	start, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	if err = i.Registry.Start(start); err != nil {
		return nil, err
	}
	var life context.Context
	life, i.stop = context.WithCancel(context.WithoutCancel(ctx))
	go i.everyDay(life, cfg.Log)
	return i, nil
}

func (i *Identity) everyDay(life context.Context, log *slog.Logger) {
	defer close(i.daily)
	tick := time.NewTicker(24 * time.Hour)
	defer tick.Stop()
	for {
		select {
		case <-life.Done():
			return
		case <-tick.C:
			if err := i.Registry.Start(life); err != nil && life.Err() == nil {
				log.Error("daily round of the registry", "error", err)
			}
		}
	}
}

// open makes the parts and returns the registry's configuration.
func (i *Identity) open(ctx context.Context, cfg Config, s Settings) (registry.Config, error) {
	rc := registry.Config{Name: s.Name, Log: cfg.Log}
	if s.NetworkFactor < 0 || s.NetworkFactor > 1000 {
		return rc, errors.New("read identity settings: network_factor is 0 to 1000")
	}
	rc.Limits = registry.DefaultLimits().Widen(max(s.NetworkFactor, 1))
	dir := cfg.Dir
	var err error
	if dir == "" {
		if cfg.Database != "" {
			return rc, errors.New("open identity: a database needs a data folder, for secrets and log")
		}
		i.memory = true
		if dir, err = os.MkdirTemp("", "conclave-identity-"); err != nil {
			return rc, fmt.Errorf("open identity: %w", err)
		}
		i.close = append(i.close, func() error { return os.RemoveAll(dir) })
	}
	i.dir, i.secretsDir = dir, filepath.Join(dir, "secrets")
	if err := i.openStore(ctx, &rc, cfg.Database); err != nil {
		return rc, err
	}
	if i.Secrets, err = registry.OpenSecrets(i.secretsDir, s.SealKey, s.Name, time.Now()); err != nil {
		return rc, err
	}
	if i.authorityKey, err = readAuthority(s.AuthorityKey); err != nil {
		return rc, err
	}
	if i.authorityKey != nil && !i.Secrets.IsAuthority(i.authorityKey) {
		if err := i.rotateTo(ctx, i.authorityKey); err != nil {
			return rc, err
		}
	}
	i.Ledger, err = ledger.Open(ledger.Config{Dir: filepath.Join(dir, "log"), Key: i.Secrets.LogSigner()}, i.Secrets.LogKey())
	if err != nil {
		return rc, err
	}
	i.close = append(i.close, func() error {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second) // the caller's context has ended by now
		defer cancel()
		return i.Ledger.Close(ctx)
	})
	rc.Secrets, rc.Ledger = i.Secrets, i.Ledger
	if rc.Policy, err = loadPolicy(s.Policy); err != nil {
		return rc, err
	}
	if err := channels(&rc, s, dir, cfg); err != nil {
		return rc, err
	}
	return rc, partners(&rc, s, cfg)
}

// inDatabase is an empty file that says where the accounts of a folder are, so
// that nobody works on an empty SQLite file by mistake.
const inDatabase = "accounts-are-in-postgresql"

// openStore opens PostgreSQL, SQLite, or nothing that stays.
func (i *Identity) openStore(ctx context.Context, rc *registry.Config, connection string) error {
	if i.memory {
		rc.Store = store.NewMemory()
		return nil
	}
	if err := os.MkdirAll(i.dir, 0o700); err != nil {
		return fmt.Errorf("open identity: %w", err)
	}
	marker := filepath.Join(i.dir, inDatabase)
	if connection != "" {
		database, err := store.OpenPostgres(ctx, connection)
		if err != nil {
			return err
		}
		if err := os.WriteFile(marker, nil, 0o600); err != nil {
			return errors.Join(fmt.Errorf("open identity: %w", err), database.Close())
		}
		rc.Store, rc.Shared = database, true
		i.close = append(i.close, database.Close)
		return nil
	}
	if _, err := os.Stat(marker); !errors.Is(err, fs.ErrNotExist) {
		return errors.New("open identity: its accounts are in a database, which has to be named")
	}
	var err error
	if i.sqlite, err = store.OpenSQLite(ctx, filepath.Join(i.dir, "registry.db")); err != nil {
		return err
	}
	rc.Store = i.sqlite
	i.close = append(i.close, i.sqlite.Close)
	return nil
}

func loadPolicy(name string) (*policy.Policy, error) {
	if slices.Contains(policy.Presets(), name) {
		return policy.Preset(name)
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("read policy: %w", err)
	}
	return policy.Parse(data)
}

// channels sets mail and SMS up, or the outbox.
func channels(rc *registry.Config, s Settings, dir string, cfg Config) error {
	outbox, err := channel.NewOutbox(filepath.Join(dir, "outbox"))
	if err != nil {
		return err
	}
	if cfg.Local {
		rc.Text = outbox
	}
	if s.MailHost == "" {
		rc.Mail = outbox
		if cfg.Local {
			rc.Outbox = outbox
		} else {
			cfg.Log.Warn("no mail server is set: codes of signing in lie in the outbox folder, see mail_host in ADMIN.md")
		}
	} else {
		mc := channel.MailConfig{Host: s.MailHost, Port: s.MailPort, ImplicitTLS: s.MailTLS, From: s.MailFrom, Username: s.MailUser}
		if mc.Password, err = secret(s.MailSecret); err != nil {
			return err
		}
		if s.MailRoots != "" {
			pem, err := os.ReadFile(s.MailRoots)
			if err != nil {
				return fmt.Errorf("read mail_roots: %w", err)
			}
			mc.Roots = x509.NewCertPool()
			if !mc.Roots.AppendCertsFromPEM(pem) {
				return errors.New("read mail_roots: no certificate in it")
			}
		}
		if rc.Mail, err = channel.NewMail(mc); err != nil {
			return err
		}
	}
	if s.SMSProvider == "" {
		return nil
	}
	gc, err := channel.Provider(s.SMSProvider)
	if err != nil {
		return err
	}
	gc.URL, gc.From, gc.Username, gc.Header = s.SMSURL, s.SMSFrom, s.SMSUser, s.SMSHeader
	if gc.Password, err = secret(s.SMSPassword); err != nil {
		return err
	}
	signing, err := secret(s.SMSSecret)
	if err != nil {
		return err
	}
	gc.Secret, rc.GatewaySecret = []byte(signing), []byte(signing)
	rc.Text, err = channel.NewGateway(gc)
	return err
}

func partners(rc *registry.Config, s Settings, cfg Config) error {
	if len(s.Organisations) > 0 {
		sc := signon.Config{Resolver: cfg.Resolver}
		for _, o := range s.Organisations {
			sc.Organisations = append(sc.Organisations, signon.Organisation(o))
		}
		verifier, err := signon.New(sc)
		if err != nil {
			return err
		}
		rc.SignOn = verifier
	}
	rc.Partners = map[string][]byte{}
	for name, file := range s.Partners {
		text, err := secret(file)
		if err != nil {
			return err
		}
		if rc.Partners[name], err = base64.StdEncoding.DecodeString(text); err != nil {
			return fmt.Errorf("read key of partner %q: not base64", name)
		}
	}
	billing, err := secret(s.BillingSecret)
	rc.BillingSecret = []byte(billing)
	return err
}

// secret reads a file without the line end; "" for no file.
func secret(file string) (string, error) {
	if file == "" {
		return "", nil
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("read secret: %w", err)
	}
	for len(data) > 0 && (data[len(data)-1] == '\n' || data[len(data)-1] == '\r') {
		data = data[:len(data)-1]
	}
	return string(data), nil
}

func read(file string) (Settings, error) {
	if file == "" {
		return parseSettings([]byte("{}"))
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return Settings{}, fmt.Errorf("read identity settings: %w", err)
	}
	s, err := parseSettings(data)
	if err != nil {
		return s, fmt.Errorf("read identity settings %s: not one JSON object, or an unknown field", filepath.Base(file))
	}
	return s, nil
}

func parseSettings(data []byte) (Settings, error) {
	var s Settings
	if err := wire.Decode(data, &s); err != nil {
		return s, err
	}
	if s.Name == "" {
		s.Name = "conclave.local"
	}
	if s.Policy == "" {
		s.Policy = policy.DefaultPreset
	}
	return s, nil
}

// Handler serves the registry (wire.Prefix), the log (client.LogPrefix) and the
// transparency report.
func (i *Identity) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+registry.ReportPath, i.Registry.ServeReport)
	mux.HandleFunc("GET "+registry.ReportFile, i.Registry.ServeReport)
	mux.Handle(wire.Prefix, i.Registry.Handler())
	mux.Handle(client.LogPrefix, http.StripPrefix("/log", i.Ledger))
	return mux
}

// Close ends the daily round and closes the log and the database.
func (i *Identity) Close() error {
	i.stop()
	<-i.daily
	return i.closeAll()
}

func (i *Identity) closeAll() error {
	var errs []error
	for _, f := range slices.Backward(i.close) {
		errs = append(errs, f())
	}
	i.close = nil
	return errors.Join(errs...)
}
