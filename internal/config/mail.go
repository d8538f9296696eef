package config

import (
	"errors"
	"net/mail"
	"net/url"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// SMTP is the server that takes the shop's mail.
type SMTP struct {
	Host     string
	Port     int
	TLS      bool // encrypted from the first byte (smtps); otherwise STARTTLS, or on loopback nothing
	User     string
	Password Secret
}

var errSMTP = errors.New("SMTP_URL must be like smtp://user:password@smtp.example.com:587 (STARTTLS) or smtps://user:password@smtp.example.com:465, " +
	"with percent-encoding for special characters in the user and the password, and both or neither of them")

// SMTP gives the mail server; ok is false when none is set.
func (c *Config) SMTP() (server SMTP, ok bool) {
	server, err := parseSMTP(c.SMTPURL.Reveal())
	return server, err == nil && c.SMTPURL != ""
}

// StandInMail says that no mail server is set, in development: devcloud then keeps the mails.
func (c *Config) StandInMail() bool { return c.Development() && c.SMTPURL == "" }

// parseSMTP reads SMTP_URL. The parser's own errors would quote the password.
func parseSMTP(text string) (SMTP, error) {
	u, err := url.Parse(strings.TrimSpace(text))
	if err != nil || u.Scheme != "smtp" && u.Scheme != "smtps" || u.Hostname() == "" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
		return SMTP{}, errSMTP
	}
	s := SMTP{Host: u.Hostname(), Port: 587, TLS: u.Scheme == "smtps"}
	if s.TLS {
		s.Port = 465
	}
	if text := u.Port(); text != "" {
		if s.Port, err = strconv.Atoi(text); err != nil || s.Port < 1 || s.Port > 65535 {
			return SMTP{}, errSMTP
		}
	}
	password, _ := u.User.Password()
	s.User, s.Password = u.User.Username(), Secret(password)
	if (s.User == "") != (s.Password == "") || strings.ContainsFunc(s.User+password, unicode.IsControl) {
		return SMTP{}, errSMTP
	}
	return s, nil
}

func (c *Config) checkMail() (faults []error) {
	wrong := func(text string) { faults = append(faults, errors.New(text)) }
	if _, err := parseSMTP(c.SMTPURL.Reveal()); c.SMTPURL != "" && err != nil {
		faults = append(faults, err)
	}
	if _, err := mail.ParseAddress(c.MailFrom); c.MailFrom != "" && err != nil {
		wrong("MAIL_FROM must be an address, such as Field Notes <shop@example.com>")
	}
	switch {
	case c.SMTPURL != "" && c.MailFrom == "":
		wrong("SMTP_URL is set without MAIL_FROM, the address that mail comes from")
	case c.SMTPURL == "" && c.MailFrom != "" && !c.Development():
		wrong("MAIL_FROM is set without SMTP_URL, the server that takes the mail")
	}
	if n := utf8.RuneCountInString(c.ShopName); n < 1 || n > 60 || strings.ContainsFunc(c.ShopName, unicode.IsControl) {
		wrong("SHOP_NAME must have 1 to 60 characters, on one line")
	}
	return faults
}
