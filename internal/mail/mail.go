// Package mail owns what a mail is and how it is handed to an SMTP server. It lets no text of others become a header, keeps
// to bounded times, and knows neither why a mail is sent nor what is in it.
package mail

import (
	"errors"
	"fmt"
	netmail "net/mail"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// The limits of a mail. Longer names and subjects are cut, longer bodies are refused.
const (
	maxName    = 100     // characters
	maxSubject = 200     // characters
	maxAddress = 254     // bytes: RFC 5321, 4.5.3.1.3, without its angle brackets
	maxBodies  = 1 << 20 // bytes of text and HTML together
)

// Address is a mailbox and the name that is shown with it.
type Address struct {
	Name  string // may hold any text: what is no part of a line is taken out
	Email string // local@domain
}

// Message is one mail to one person.
type Message struct {
	To        Address
	ReplyTo   Address // zero: answers go to the sender
	Subject   string
	Text      string
	HTML      string // the same as Text, for programs that show it
	MessageID string // without angle brackets; the same whenever the mail is sent again
	Date      time.Time
}

var (
	errAddress   = errors.New("is not an e-mail address")
	errMessageID = errors.New("the message id must be like 4fzx2a@shop.example.test")
	errEmpty     = errors.New("a mail needs a subject, a text and a date")
	errTooLarge  = fmt.Errorf("the text and the HTML of a mail have at most %d bytes", maxBodies)
)

var messageID = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,120}@[A-Za-z0-9][A-Za-z0-9.-]{0,120}$`)

// ParseAddress reads "address" or "Name <address>".
func ParseAddress(text string) (Address, error) {
	parsed, err := netmail.ParseAddress(text)
	if err != nil {
		return Address{}, errAddress
	}
	a := Address{Name: parsed.Name, Email: parsed.Address}
	return a, a.check()
}

// Domain is what follows the @.
func (a Address) Domain() string { return a.Email[strings.LastIndexByte(a.Email, '@')+1:] }

// check refuses whatever a server or a mail program could read as more than one mailbox.
func (a Address) check() error {
	local, domain, _ := strings.Cut(a.Email, "@")
	strange := func(r rune) bool {
		return r <= ' ' || r == utf8.RuneError || strings.ContainsRune("\"(),:;<>@[\\]\x7f", r) || unicode.IsControl(r) || unicode.IsSpace(r) ||
			unicode.Is(unicode.Cf, r)
	}
	switch {
	case local == "" || len(a.Email) > maxAddress || strings.ContainsFunc(local, strange) || strings.ContainsFunc(domain, strange):
		return errAddress
	case strings.HasPrefix(domain, ".") || strings.HasSuffix(domain, ".") || strings.Contains(domain, "..") || domain == "":
		return errAddress
	}
	return nil
}

func (a Address) ascii() bool {
	return !strings.ContainsFunc(a.Email, func(r rune) bool { return r > unicode.MaxASCII })
}

// check says why a server need not be asked to take the mail.
func (m Message) check() error {
	if err := m.To.check(); err != nil {
		return fmt.Errorf("the recipient %w", err)
	}
	if m.ReplyTo != (Address{}) {
		if err := m.ReplyTo.check(); err != nil {
			return fmt.Errorf("the address for answers %w", err)
		}
	}
	switch {
	case !messageID.MatchString(m.MessageID):
		return errMessageID
	case Line(m.Subject) == "" || m.Text == "" || m.Date.IsZero():
		return errEmpty
	case len(m.Text)+len(m.HTML) > maxBodies:
		return errTooLarge
	}
	return nil
}

// Line is text as part of one line: every run of spaces, line breaks and other control characters is one space, and what
// turns the direction of writing or shows nothing is taken out.
func Line(text string) string {
	text = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsControl(r) || unicode.IsSpace(r) || r == '\u2028' || r == '\u2029':
			return ' '
		case r == utf8.RuneError || unicode.Is(unicode.Cf, r) && r != '\u200d' && r != '\u200c': // those join letters and emoji
			return -1
		}
		return r
	}, text)
	return strings.Join(strings.Fields(text), " ")
}

// cut is text with at most so many characters.
func cut(text string, most int) string {
	if utf8.RuneCountInString(text) <= most {
		return text
	}
	return strings.TrimSpace(string([]rune(text)[:most-1])) + "…"
}
