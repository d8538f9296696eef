package mail

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	"log"
	"maps"
	"math/big"
	"mime"
	"net"
	netmail "net/mail"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"souk/internal/db"
	"souk/internal/dbtest"
)

const password = "hunter2 /#%ü"

// server is an SMTP server that writes down what it is told.
type server struct {
	*smtp.Server
	addr  *net.TCPAddr
	roots *x509.CertPool

	mu     sync.Mutex
	refuse map[string]*smtp.SMTPError // by command: MAIL, RCPT, DATA
	stall  bool
	hangUp bool // after the mail was taken
	leave  bool // after it said so
	lines  bytes.Buffer
	mails  []received
}

type received struct{ from, to, source string }

type config struct {
	noTLS, implicit, login, noUTF8 bool
}

func start(t *testing.T, c config) *server {
	t.Helper()
	s := &server{refuse: map[string]*smtp.SMTPError{}}
	s.Server = smtp.NewServer(smtp.BackendFunc(func(conn *smtp.Conn) (smtp.Session, error) {
		if c.login {
			return &loginSession{session{s: s, conn: conn}}, nil
		}
		return &session{s: s, conn: conn}, nil
	}))
	s.Debug, s.ErrorLog, s.EnableSMTPUTF8 = &locked{s}, log.New(io.Discard, "", 0), !c.noUTF8
	s.AllowInsecureAuth = true
	cert, roots := certificate(t)
	s.roots = roots
	if !c.noTLS {
		s.TLSConfig = &tls.Config{Certificates: []tls.Certificate{cert}}
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.addr = listener.Addr().(*net.TCPAddr)
	if c.implicit {
		listener = tls.NewListener(listener, s.TLSConfig)
	}
	go func() { _ = s.Serve(listener) }()
	t.Cleanup(func() { _ = s.Close(); _ = listener.Close() })
	return s
}

type locked struct{ s *server }

func (l *locked) Write(p []byte) (int, error) {
	l.s.mu.Lock()
	defer l.s.mu.Unlock()
	return l.s.lines.Write(p)
}

type session struct {
	s    *server
	conn *smtp.Conn
	got  received
}

func (x *session) Reset() {
	x.s.mu.Lock()
	defer x.s.mu.Unlock()
	if x.s.leave && len(x.s.mails) > 0 {
		_ = x.conn.Conn().Close()
	}
}

func (x *session) Logout() error { return nil }

func (x *session) command(name string) error {
	x.s.mu.Lock()
	defer x.s.mu.Unlock()
	if err := x.s.refuse[name]; err != nil {
		return err
	}
	return nil
}

func (x *session) Mail(from string, _ *smtp.MailOptions) error {
	x.got = received{from: from}
	return x.command("MAIL")
}

func (x *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	x.got.to += to
	return x.command("RCPT")
}

func (x *session) Data(r io.Reader) error {
	text, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if err := x.command("DATA"); err != nil {
		return err
	}
	x.got.source = string(text)
	x.s.mu.Lock()
	stall, hangUp := x.s.stall, x.s.hangUp
	if !stall {
		x.s.mails = append(x.s.mails, x.got)
	}
	x.s.mu.Unlock()
	if stall {
		_, _ = x.conn.Conn().Read(make([]byte, 1))
	}
	if stall || hangUp {
		return x.conn.Close()
	}
	return nil
}

type loginSession struct{ session }

func (x *loginSession) AuthMechanisms() []string { return []string{sasl.Plain} }

func (x *loginSession) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, pass string) error {
		if user != "shop@example.test" || pass != password {
			return errors.New("wrong: " + pass) // a server that echoes what it was told
		}
		return nil
	}), nil
}

// said is all that both sides said, once the connections have ended.
func (s *server) said(t *testing.T) string {
	t.Helper()
	if err := s.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lines.String()
}

// behave sets what becomes of the next mails.
func (s *server) behave(stall, hangUp bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stall, s.hangUp = stall, hangUp
}

func (s *server) taken() []received {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.mails)
}

// certificate is one for mail.example.test, and who vouches for it.
func certificate(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "mail.example.test"}, DNSNames: []string{"mail.example.test"},
		NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(parsed)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, roots
}

// sender sends to s under the name mail.example.test, wherever that is.
func sender(t *testing.T, s *server, at Server) *Sender {
	t.Helper()
	at.Host, at.Port = "mail.example.test", s.addr.Port
	if at.Roots == nil {
		at.Roots = s.roots
	}
	made, err := New(at, Address{Name: "Field Notes", Email: "shop@example.test"})
	if err != nil {
		t.Fatal(err)
	}
	made.dial = func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, s.addr.String())
	}
	return made
}

func letter() Message {
	return Message{
		To: Address{"Ana", "ana@example.test"}, Subject: "Your receipt", Text: "Thank you.\n", HTML: "<p>Thank you.</p>",
		MessageID: "4fzx2a@shop.example.test", Date: time.Date(2026, 11, 22, 20, 15, 0, 0, time.UTC),
	}
}

func refused(t *testing.T, err error, permanent bool) *Error {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) || e.Permanent != permanent {
		t.Fatalf("%v, want an error with permanent %t", err, permanent)
	}
	for _, hidden := range []string{"hunter2", "ana@example.test"} {
		if strings.Contains(strings.ToLower(e.Error()), hidden) {
			t.Errorf("%q is shown: %v", hidden, e)
		}
	}
	return e
}

func TestAMailArrivesWhole(t *testing.T) {
	s := start(t, config{noTLS: true})
	m := letter()
	m.To.Name, m.Subject, m.ReplyTo = "Ana Ünver", "Your receipt for “Field notes”", Address{"Ben", "ben@example.test"}
	m.Text = "Thank you — " + strings.Repeat("a long line ", 100) + "\n.\nand a line with a dot\n"
	if err := sender(t, s, Server{Security: Plain}).Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	mails := s.taken()
	if len(mails) != 1 || mails[0].from != "shop@example.test" || mails[0].to != "ana@example.test" {
		t.Fatalf("taken: %+v", mails)
	}
	parsed, err := netmail.ReadMessage(strings.NewReader(mails[0].source))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"From": `"Field Notes" <shop@example.test>`, "To": "Ana Ünver <ana@example.test>", "Reply-To": `"Ben" <ben@example.test>`,
		"Subject": "Your receipt for “Field notes”", "Message-Id": "<4fzx2a@shop.example.test>", "Date": "Sun, 22 Nov 2026 20:15:00 +0000",
		"Auto-Submitted": "auto-generated",
	} {
		if got := header(t, parsed, name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if !strings.HasPrefix(header(t, parsed, "Content-Type"), "multipart/alternative") || !strings.Contains(mails[0].source, "<p>Thank you.</p>") {
		t.Error("it has not both forms")
	}
	for line := range strings.SplitSeq(mails[0].source, "\n") {
		if len(line) > 100 {
			t.Errorf("a line has %d bytes", len(line))
		}
	}
}

func header(t *testing.T, m *netmail.Message, name string) string {
	t.Helper()
	if n := len(m.Header[name]); n != 1 {
		t.Fatalf("%s is there %d times", name, n)
	}
	text, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get(name))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// Whatever is in a name or a subject, the mail has the headers that it should have, and goes to one address.
func TestHostileNamesAndSubjectsStayWhatTheyAre(t *testing.T) {
	s := start(t, config{noTLS: true})
	to := sender(t, s, Server{Security: Plain})
	for _, c := range []struct{ text, shown string }{
		{"Ana\r\nBcc: eve@example.test", "Ana Bcc: eve@example.test"},
		{"Ana\nSubject: Win\n\n<h1>Win</h1>", "Ana Subject: Win <h1>Win</h1>"},
		{"Ana\rX: y", "Ana X: y"},
		{"Ana\x00\x1b[2J\x7f", "Ana [2J"},
		{"Ana\u2028Bcc: eve\u2029\u0085x", "Ana Bcc: eve x"},
		{`Ana" <eve@example.test>, "`, `Ana" <eve@example.test>, "`},
		{"<eve@example.test>", "<eve@example.test>"},
		{"Ana, eve@example.test; ben@example.test", "Ana, eve@example.test; ben@example.test"},
		{`Ana\`, `Ana\`},
		{"(Ana) \\\" \\", "(Ana) \\\" \\"},
		{"=?utf-8?q?Ana=0ABcc:_eve@example.test?=", "=?utf-8?q?Ana=0ABcc:_eve@example.test?="},
		{"\u202eana\u202c \u200bx\ufeff", "ana x"},
		{"Ана Ünver 李 🎉", "Ана Ünver 李 🎉"},
		{"\xff\xfeAna", "Ana"},
		{strings.Repeat("long ", 1000), ""},
		{strings.Repeat("ü", 5000), ""},
		{strings.Repeat("x", 5000), ""},
	} {
		m := letter()
		m.To.Name, m.ReplyTo, m.Subject = c.text, Address{c.text, "ben@example.test"}, c.text
		if err := to.Send(t.Context(), m); err != nil {
			t.Errorf("%q: %v", c.text, err)
			continue
		}
		got := s.taken()[len(s.taken())-1]
		if got.to != "ana@example.test" {
			t.Errorf("%q goes to %q", c.text, got.to)
		}
		parsed, err := netmail.ReadMessage(strings.NewReader(got.source))
		if err != nil {
			t.Fatalf("%q: %v", c.text, err)
		}
		names := slices.Sorted(maps.Keys(parsed.Header))
		if want := []string{"Auto-Submitted", "Content-Type", "Date", "From", "Message-Id", "Mime-Version", "Reply-To", "Subject", "To"}; !slices.Equal(names, want) {
			t.Errorf("%q makes the headers %q", c.text, names)
		}
		for _, name := range []string{"To", "Reply-To"} {
			list, err := parsed.Header.AddressList(name)
			want := map[string]string{"To": "ana@example.test", "Reply-To": "ben@example.test"}[name]
			if err != nil || len(list) != 1 || list[0].Address != want || c.shown != "" && list[0].Name != c.shown {
				t.Errorf("%q: %s is %+v, %v", c.text, name, list, err)
			}
		}
		if subject := header(t, parsed, "Subject"); c.shown != "" && subject != c.shown && !strings.HasPrefix(c.text, "=?") || len([]rune(subject)) > maxSubject {
			t.Errorf("%q: the subject is %q", c.text, subject)
		}
		head, _, _ := strings.Cut(got.source, "\r\n\r\n")
		for line := range strings.SplitSeq(head, "\r\n") {
			if len(line) > 998 || strings.ContainsAny(line, "\r\n\x00") {
				t.Errorf("%q makes a line of %d bytes: %q", c.text, len(line), line)
			}
		}
	}
}

func TestHostileAddressesAreRefused(t *testing.T) {
	s := start(t, config{noTLS: true})
	to := sender(t, s, Server{Security: Plain})
	for _, address := range []string{
		"", "@", "ana", "ana@", "@example.test", "ana@example.test\r\nRCPT TO:<eve@example.test>", "ana@example.test\n", "ana@exa\x00mple.test",
		"ana@example.test, eve@example.test", "ana@example.test;eve@example.test", "Ana <ana@example.test>", "<ana@example.test>", "ana@ben@example.test",
		`"ana eve"@example.test`, "ana eve@example.test", "ana@example.test ", " ana@example.test", "ana@[127.0.0.1]", "ana@example..test", "ana@.example.test",
		"ana@example.test.", "ana(x)@example.test", "ana\u2028@example.test", "ana\u202e@example.test", "ana\u00a0@example.test", "ana@example.test\xff",
		strings.Repeat("a", 250) + "@example.test", `ana\@example.test`,
	} {
		m := letter()
		m.To.Email = address
		var e *Error
		if err := to.Send(t.Context(), m); !errors.As(err, &e) || !e.Permanent {
			t.Errorf("%q: %v", address, err)
		}
		m = letter()
		m.ReplyTo.Email = address
		if err := to.Send(t.Context(), m); address != "" && (!errors.As(err, &e) || !e.Permanent) {
			t.Errorf("answers to %q: %v", address, err)
		}
		if _, err := New(Server{}, Address{Email: address}); err == nil {
			t.Errorf("%q may send", address)
		}
	}
	for _, id := range []string{"", "x", "a b@example.test", "a@example.test\r\nBcc: eve@example.test", "<a@example.test>", "a>@example.test"} {
		m := letter()
		m.MessageID = id
		refused(t, to.Send(t.Context(), m), true)
	}
	for _, change := range []func(*Message){
		func(m *Message) { m.Subject = "\r\n" }, func(m *Message) { m.Text = "" }, func(m *Message) { m.Date = time.Time{} },
		func(m *Message) { m.HTML = strings.Repeat("x", maxBodies) },
	} {
		m := letter()
		change(&m)
		refused(t, to.Send(t.Context(), m), true)
	}
	if taken := s.taken(); len(taken) != 1 { // the one without an address for answers
		t.Errorf("%d were taken", len(taken))
	}
}

func TestAddressesAreRead(t *testing.T) {
	for text, want := range map[string]Address{
		"shop@example.test":                         {"", "shop@example.test"},
		"Field Notes <shop@example.test>":           {"Field Notes", "shop@example.test"},
		`"Notes, Field" <shop@mail.example.test>`:   {"Notes, Field", "shop@mail.example.test"},
		"=?utf-8?q?F=C3=BCnf?= <shop@example.test>": {"Fünf", "shop@example.test"},
	} {
		if a, err := ParseAddress(text); err != nil || a != want {
			t.Errorf("%q: %+v, %v", text, a, err)
		}
	}
	for _, text := range []string{"", "shop", "a@example.test, b@example.test", "a@example.test\r\nb: c", `"a b"@example.test`} {
		if a, err := ParseAddress(text); err == nil {
			t.Errorf("%q is read as %+v", text, a)
		}
	}
}

func TestNothingIsSaidBeforeTheConnectionIsEncrypted(t *testing.T) {
	at := Server{User: "shop@example.test", Password: password}
	plain := start(t, config{noTLS: true, login: true})
	e := refused(t, sender(t, plain, at).Send(t.Context(), letter()), false)
	if !strings.Contains(e.Error(), "STARTTLS") {
		t.Errorf("it does not say why: %v", e)
	}
	if lines := plain.said(t); strings.Contains(lines, "\nAUTH") || strings.Contains(lines, "\nMAIL") || len(plain.taken()) > 0 {
		t.Errorf("the server was told %q", lines)
	}
	secure := start(t, config{login: true})
	at.Roots = plain.roots
	refused(t, sender(t, secure, at).Send(t.Context(), letter()), false)
	if len(secure.taken()) > 0 {
		t.Error("a mail went to a server that nobody vouches for")
	}
}

func TestLogins(t *testing.T) {
	for name, c := range map[string]struct {
		config
		Security
	}{
		"STARTTLS":        {config{login: true}, StartTLS},
		"implicit TLS":    {config{login: true, implicit: true}, TLS},
		"on this machine": {config{login: true, noTLS: true}, Plain},
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, c.config)
			right := sender(t, s, Server{Security: c.Security, User: "shop@example.test", Password: password})
			if err := right.Send(t.Context(), letter()); err != nil || len(s.taken()) != 1 {
				t.Fatalf("%v, %d taken", err, len(s.taken()))
			}
			if err := right.Check(t.Context()); err != nil || len(s.taken()) != 1 {
				t.Errorf("checked: %v, %d taken", err, len(s.taken()))
			}
			wrong := sender(t, s, Server{Security: c.Security, User: "shop@example.test", Password: "hunter2 wrong"})
			refused(t, wrong.Send(t.Context(), letter()), false)
			refused(t, wrong.Check(t.Context()), false)
		})
	}
}

func TestWhatAServerSaysIsForNowOrForGood(t *testing.T) {
	for _, c := range []struct {
		command   string
		code      int
		permanent bool
	}{
		{"RCPT", 451, false}, {"RCPT", 550, true}, {"DATA", 452, false}, {"DATA", 554, true},
		{"MAIL", 451, false}, {"MAIL", 553, false}, // the sender is not the mail's fault
	} {
		s := start(t, config{noTLS: true})
		s.refuse[c.command] = &smtp.SMTPError{Code: c.code, EnhancedCode: smtp.EnhancedCode{c.code / 100, 1, 1}, Message: "<ANA@Example.test>: no"}
		e := refused(t, sender(t, s, Server{Security: Plain}).Send(t.Context(), letter()), c.permanent)
		if !strings.Contains(e.Error(), "the recipient>: no") {
			t.Errorf("%s %d: it does not say why: %v", c.command, c.code, e)
		}
	}
}

func TestAServerThatDoesNotAnswer(t *testing.T) {
	s := start(t, config{noTLS: true})
	to := sender(t, s, Server{Security: Plain})
	s.behave(true, false)
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	began := time.Now()
	refused(t, to.Send(ctx, letter()), false)
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("it took %s", took)
	}
	s.behave(false, true)
	refused(t, to.Send(t.Context(), letter()), false)
	if len(s.taken()) != 1 {
		t.Error("the mail was not taken")
	}
	_ = s.Close()
	refused(t, to.Send(t.Context(), letter()), false)
}

func TestAServerThatLeavesAfterItTookTheMail(t *testing.T) {
	s := start(t, config{noTLS: true})
	s.leave = true
	if err := sender(t, s, Server{Security: Plain}).Send(t.Context(), letter()); err != nil || len(s.taken()) != 1 {
		t.Errorf("%v, %d taken", err, len(s.taken()))
	}
}

func TestAddressesBeyondASCIINeedAServerThatTakesThem(t *testing.T) {
	m := letter()
	m.To.Email = "ана@пример.example.test"
	with, without := start(t, config{noTLS: true}), start(t, config{noTLS: true, noUTF8: true})
	if err := sender(t, with, Server{Security: Plain}).Send(t.Context(), m); err != nil || with.taken()[0].to != m.To.Email {
		t.Errorf("%v, %+v", err, with.taken())
	}
	refused(t, sender(t, without, Server{Security: Plain}).Send(t.Context(), m), true)
	if err := sender(t, with, Server{Security: Plain}).Send(t.Context(), letter()); err != nil {
		t.Error(err)
	}
	if said := with.said(t); strings.Count(said, "SMTPUTF8\r\n") != 3 { // twice offered, once asked for
		t.Errorf("it is asked for without need in %q", said)
	}
}

func TestNothingIsSentInsideATransaction(t *testing.T) {
	s := start(t, config{noTLS: true})
	d, err := db.Open(db.Options{URL: dbtest.SQLite(t)})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = d.Close() }()
	err = d.InTx(t.Context(), func(ctx context.Context, _ *db.Tx) error {
		return sender(t, s, Server{Security: Plain}).Send(ctx, letter())
	})
	if e := refused(t, err, false); !strings.Contains(e.Error(), "transaction") || len(s.taken()) > 0 {
		t.Errorf("%v, %d taken", e, len(s.taken()))
	}
}
