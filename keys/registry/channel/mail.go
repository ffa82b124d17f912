package channel

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"github.com/wneessen/go-mail"
)

// MailConfig is how e-mail leaves. Host and From must be set.
type MailConfig struct {
	Host string
	Port int // 587 when zero
	// Username and Password sign in (SCRAM, or PLAIN over TLS); none when empty.
	Username, Password string
	// From is the sender's address.
	From string
	// Hello is the name in EHLO; the host's own name when empty.
	Hello string
	// ImplicitTLS speaks TLS from the first byte (port 465). Otherwise STARTTLS
	// is demanded: codes never go to a server in the clear.
	ImplicitTLS bool
	// Roots are the authorities of the server; nil for the system's.
	Roots *x509.CertPool
	// Timeout of one message; 10 s when zero.
	Timeout time.Duration
}

// Mail sends messages by SMTP (RFC 5321) with TLS.
type Mail struct{ cfg MailConfig }

// NewMail checks the configuration; it does not connect.
func NewMail(cfg MailConfig) (*Mail, error) {
	if cfg.Port == 0 {
		cfg.Port = 587
	}
	if cfg.Timeout == 0 {
		cfg.Timeout = 10 * time.Second
	}
	m := &Mail{cfg}
	if _, err := m.client(); err != nil {
		return nil, errors.New("set up mail: host, port or names are not acceptable")
	}
	if err := mail.NewMsg().From(cfg.From); err != nil {
		return nil, errors.New("set up mail: the sender is no address")
	}
	return m, nil
}

func (m *Mail) client() (*mail.Client, error) {
	options := []mail.Option{
		mail.WithPort(m.cfg.Port), mail.WithTimeout(m.cfg.Timeout), mail.WithTLSPolicy(mail.TLSMandatory),
		mail.WithTLSConfig(&tls.Config{ServerName: m.cfg.Host, RootCAs: m.cfg.Roots, MinVersion: tls.VersionTLS12}),
	}
	if m.cfg.ImplicitTLS {
		options = append(options, mail.WithSSL())
	}
	if m.cfg.Hello != "" {
		options = append(options, mail.WithHELO(m.cfg.Hello))
	}
	if m.cfg.Username != "" {
		options = append(options, mail.WithSMTPAuth(mail.SMTPAuthAutoDiscover), mail.WithUsername(m.cfg.Username), mail.WithPassword(m.cfg.Password))
	}
	return mail.NewClient(m.cfg.Host, options...)
}

// Send implements Channel.
func (m *Mail) Send(ctx context.Context, message Message) error {
	msg := mail.NewMsg()
	if err := msg.From(m.cfg.From); err != nil {
		return fmt.Errorf("send mail: the sender is no address")
	}
	if err := msg.To(message.To); err != nil {
		return ErrRefused
	}
	msg.Subject(message.Code + " is your code for " + message.Service)
	msg.SetMessageID()
	msg.SetDate()
	msg.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: no out-of-office answers
	msg.SetBodyString(mail.TypeTextPlain, text(message))
	client, err := m.client()
	if err != nil {
		return errors.New("send mail: wrong configuration")
	}
	ctx, cancel := context.WithTimeout(ctx, m.cfg.Timeout)
	defer cancel()
	err = client.DialAndSendWithContext(ctx, msg)
	var failed *mail.SendError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &failed) && failed.Reason == mail.ErrSMTPRcptTo && !failed.IsTemp():
		return ErrRefused
	}
	return ErrDown // the text of err may quote the address
}
