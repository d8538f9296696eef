package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"

	"souk/internal/config"
	"souk/internal/db"
	"souk/internal/loopback"
	"souk/internal/mail"
	"souk/internal/notice"
)

// configuredMail is what sends through the server of SMTP_URL; nil when there is none.
func configuredMail(cfg *config.Config) (*mail.Sender, error) {
	server, ok := cfg.SMTP()
	if !ok {
		return nil, nil
	}
	security := mail.StartTLS
	switch {
	case server.TLS:
		security = mail.TLS
	case loopback.Is(server.Host):
		security = mail.Plain
	}
	return openMail(cfg, mail.Server{Host: server.Host, Port: server.Port, Security: security, User: server.User, Password: server.Password.Reveal()})
}

func openMail(cfg *config.Config, server mail.Server) (*mail.Sender, error) {
	from, err := mail.ParseAddress(cfg.MailFrom)
	if err != nil {
		return nil, config.Fault{Err: fmt.Errorf("MAIL_FROM %w", err)}
	}
	if from.Name == "" {
		from.Name = cfg.ShopName
	}
	sender, err := mail.New(server, from)
	if err != nil {
		return nil, config.Fault{Err: fmt.Errorf("MAIL_FROM: %w", err)}
	}
	return sender, nil
}

// mailTemplates are those of the program, or of MAIL_TEMPLATES_DIR.
func mailTemplates(cfg *config.Config) (*notice.Templates, error) {
	templates, err := notice.LoadTemplates(cfg.MailTemplatesDir)
	if err != nil {
		return nil, config.Fault{Err: fmt.Errorf("MAIL_TEMPLATES_DIR: %w", err)}
	}
	return templates, nil
}

// examineMails looks for mails that nobody got.
func examineMails(ctx context.Context, d *db.DB) Finding {
	open, err := (&notice.Service{Deps: notice.Deps{DB: d}}).Open(ctx)
	switch failed := open[string(notice.Failed)]; {
	case err != nil:
		return Finding{false, "mails", "cannot be read: " + err.Error()}
	case failed > 0:
		return Finding{false, "mails", fmt.Sprintf("%d could not be sent: souk mail list --status %s", failed, notice.Failed)}
	}
	return Finding{true, "mails", fmt.Sprintf("none has failed; %d wait", open[string(notice.Pending)])}
}

// examineMail tries the templates, and to sign in at the mail server.
func examineMail(ctx context.Context, cfg *config.Config) Finding {
	if _, err := mailTemplates(cfg); err != nil {
		return Finding{false, "mail", errors.Unwrap(err).Error()}
	}
	if cfg.StandInMail() {
		return Finding{true, "mail", "the stand-in keeps every mail; no SMTP_URL is set"}
	}
	sender, err := configuredMail(cfg)
	switch {
	case err != nil:
		return Finding{false, "mail", err.Error()}
	case sender == nil:
		return Finding{true, "mail", "SMTP_URL is not set: nobody gets a receipt or any other mail"}
	}
	server, _ := cfg.SMTP()
	name := net.JoinHostPort(server.Host, strconv.Itoa(server.Port))
	if err := sender.Check(ctx); err != nil {
		return Finding{false, "mail", name + ": " + err.Error()}
	}
	if server.User == "" {
		return Finding{true, "mail", name + " answers; no login is set"}
	}
	return Finding{true, "mail", name + " takes the login"}
}
