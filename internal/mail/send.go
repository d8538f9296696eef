package mail

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	netmail "net/mail"
	"regexp"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"

	"souk/internal/db"
)

// The bounds of one sending. A server may look at a mail for a while before it takes it; to give up on it too early is to send
// the mail twice.
const (
	connectIn = 3 * time.Second
	sendIn    = 45 * time.Second // all together
)

// Security is how a connection is encrypted.
type Security int

// The kinds of connections.
const (
	StartTLS Security = iota // begun in plain text and then encrypted, or given up
	TLS                      // encrypted from the first byte
	Plain                    // not encrypted: for a server on this machine
)

// Server is an SMTP server that takes mail.
type Server struct {
	Host     string
	Port     int
	Security Security
	User     string // empty: without a login
	Password string
	Roots    *x509.CertPool // nil: those of the system
}

// Error says why a mail was not taken. It holds no password and no address.
type Error struct {
	Permanent bool // to try again is of no use: the recipient or the mail itself was refused
	reason    string
}

func (e *Error) Error() string { return e.reason }

// Sender sends the mail of one address through one server. Safe for concurrent use.
type Sender struct {
	From   Address
	server Server
	dial   func(ctx context.Context, network, address string) (net.Conn, error)
}

// New makes a sender; it connects when there is something to send.
func New(server Server, from Address) (*Sender, error) {
	if err := from.check(); err != nil || !from.ascii() {
		return nil, fmt.Errorf("the sender %w", errAddress)
	}
	return &Sender{From: from, server: server, dial: (&net.Dialer{Timeout: connectIn}).DialContext}, nil
}

// Send hands the mail to the server, which then answers for it. It must not be called inside a transaction. An error is an *Error:
// the mail was not taken, or, when the connection broke at the end, perhaps was.
func (s *Sender) Send(ctx context.Context, m Message) error {
	if err := m.check(); err != nil {
		return &Error{Permanent: true, reason: err.Error()}
	}
	return s.connected(ctx, m.To.ascii() && m.ReplyTo.ascii(), func(client *gomail.Client, connection *smtp.Client) error {
		if extended, _ := connection.Extension("SMTPUTF8"); !extended && !(m.To.ascii() && m.ReplyTo.ascii()) {
			return &Error{Permanent: true, reason: "the mail server takes no addresses with letters beyond ASCII"}
		}
		message := s.compose(m)
		err := client.SendWithSMTPClient(connection, message)
		if err == nil || message.IsDelivered() { // what comes after cannot undo it
			return nil
		}
		return s.failure(err, m)
	})
}

// Check signs in at the server and sends nothing.
func (s *Sender) Check(ctx context.Context) error {
	return s.connected(ctx, true, func(*gomail.Client, *smtp.Client) error { return nil })
}

// connected runs use with a connection that is signed in, and ends it.
func (s *Sender) connected(ctx context.Context, ascii bool, use func(*gomail.Client, *smtp.Client) error) error {
	if err := db.Outside(ctx); err != nil {
		return &Error{reason: err.Error()}
	}
	ctx, cancel := context.WithTimeout(ctx, sendIn)
	defer cancel()
	client, err := gomail.NewClient(s.server.Host, s.options(ctx, ascii)...)
	if err != nil {
		return s.failure(err, Message{})
	}
	connection, err := client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		return s.failure(fmt.Errorf("the mail server cannot be used: %w", err), Message{})
	}
	err = use(client, connection)
	_ = client.CloseWithSMTPClient(connection)
	return err
}

func (s *Sender) options(ctx context.Context, ascii bool) []gomail.Option {
	config := &tls.Config{ServerName: s.server.Host, MinVersion: tls.VersionTLS12, RootCAs: s.server.Roots}
	options := []gomail.Option{
		gomail.WithPort(s.server.Port), gomail.WithTimeout(sendIn), gomail.WithHELO(s.From.Domain()), gomail.WithTLSConfig(config),
		gomail.WithTLSPolicy(gomail.TLSMandatory),
		gomail.WithDialContextFunc(func(ctx2 context.Context, network, address string) (net.Conn, error) {
			conn, err := s.dial(ctx2, network, address)
			if err != nil {
				return nil, err
			}
			context.AfterFunc(ctx, func() { _ = conn.Close() }) // whatever happened to it
			if s.server.Security == TLS {
				return tls.Client(conn, config), nil
			}
			return conn, nil
		}),
	}
	if s.server.Security != StartTLS {
		options = append(options, gomail.WithTLSPolicy(gomail.NoTLS))
	}
	if ascii { // a server that takes other addresses may pass the mail on to one that does not
		options = append(options, gomail.WithoutSMTPUTF8())
	}
	if s.server.User != "" {
		ways := []gomail.SMTPAuthType{gomail.SMTPAuthPlain, gomail.SMTPAuthLogin, gomail.SMTPAuthSCRAMSHA256, gomail.SMTPAuthSCRAMSHA1}
		if s.server.Security == Plain { // on this machine there is nobody to read along
			ways = []gomail.SMTPAuthType{gomail.SMTPAuthPlainNoEnc, gomail.SMTPAuthLoginNoEnc}
		}
		options = append(options, gomail.WithUsername(s.server.User), gomail.WithPassword(s.server.Password), gomail.WithOpportunisticSMTPAuth(ways...))
	}
	return options
}

func (s *Sender) compose(m Message) *gomail.Msg {
	message := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	message.FromMailAddress(s.From.header())
	message.ToMailAddress(m.To.header())
	if m.ReplyTo != (Address{}) {
		message.ReplyToMailAddress(m.ReplyTo.header())
	}
	message.Subject(cut(Line(m.Subject), maxSubject))
	message.SetMessageIDWithValue(m.MessageID)
	message.SetDateWithValue(m.Date)
	message.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: no vacation notices in return
	message.SetBodyString(gomail.TypeTextPlain, m.Text)
	if m.HTML != "" {
		message.AddAlternativeString(gomail.TypeTextHTML, m.HTML)
	}
	return message
}

func (a Address) header() *netmail.Address {
	return &netmail.Address{Name: cut(Line(a.Name), maxName), Address: a.Email}
}

// failure is err in words that may be kept and shown. What a server says against the login or the sender is no fault of the mail:
// it will be taken when that is put right.
func (s *Sender) failure(err error, m Message) error {
	var refused *gomail.SendError
	permanent := errors.As(err, &refused) && refused.ErrorCode() >= 500 && refused.Reason != gomail.ErrSMTPMailFrom
	reason, _, _ := strings.Cut(err.Error(), ", affected recipient(s)")
	reason, _, _ = strings.Cut(reason, ", affected message ID")
	for _, hidden := range []struct{ text, shown string }{
		{m.To.Email, "the recipient"}, {m.ReplyTo.Email, "the address for answers"}, {s.server.Password, "[redacted]"},
	} {
		if hidden.text != "" {
			reason = regexp.MustCompile(`(?i)`+regexp.QuoteMeta(hidden.text)).ReplaceAllLiteralString(reason, hidden.shown)
		}
	}
	return &Error{Permanent: permanent, reason: cut(Line(reason), 500)}
}
