package mailbox

import (
	"context"
	"fmt"
	"io"
	"log"
	"strings"
	"time"

	"github.com/emersion/go-smtp"
)

// The bounds of what the mailbox takes.
const (
	maxMail       = 4 << 20 // bytes
	maxRecipients = 20
	idle          = time.Minute
)

func newServer(b *Box) *smtp.Server {
	server := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) { return &session{box: b, conn: c}, nil }))
	server.Domain = "mailbox.example.test"
	server.MaxMessageBytes = maxMail
	server.MaxRecipients = maxRecipients
	server.ReadTimeout, server.WriteTimeout = idle, idle
	server.EnableSMTPUTF8 = true
	server.ErrorLog = log.New(io.Discard, "", 0)
	return server
}

// session is one connection, which may bring several mails.
type session struct {
	box  *Box
	conn *smtp.Conn
	fate fate
	to   []string
}

func (s *session) Reset()        { s.to = nil }
func (s *session) Logout() error { return nil }

func (s *session) Mail(string, *smtp.MailOptions) error {
	s.fate = s.box.fate()
	return nil
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	if code := s.fate.code; code != 0 {
		return &smtp.SMTPError{Code: code, EnhancedCode: smtp.EnhancedCode{code / 100, 0, 0}, Message: "<" + to + "> is refused, as was asked for"}
	}
	s.to = append(s.to, to)
	return nil
}

func (s *session) Data(r io.Reader) error {
	source, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if s.fate.stall {
		_, _ = s.conn.Conn().Read(make([]byte, 1)) // until the sender leaves, or Close
		return s.conn.Close()
	}
	m := parse(string(source))
	m.To, m.ReceivedAt = strings.Join(s.to, ", "), s.box.now()
	if err := s.box.keep(context.Background(), m); err != nil {
		return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: fmt.Sprintf("cannot be kept: %v", err)}
	}
	if s.fate.drop {
		return s.conn.Close()
	}
	return nil
}
