package fapi

import (
	"context"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"log/slog"
	"math/big"
	"net/mail"
	"strings"
	"time"
	"unicode/utf8"

	"souk/internal/devcloud/clerk"
)

// Code is accepted beside every code that was mailed, as Clerk does for its test addresses.
const Code = "424242"

const (
	codeLife    = 10 * time.Minute
	maxAttempts = 10
	minPassword = 8
	maxPassword = 72
)

// verification is the proof that somebody reads an address, or knows a password.
type verification struct {
	Strategy string // email_code, password, reset_password_email_code
	Email    string
	Code     string // of six digits, or empty
	Status   string // unverified, verified, failed
	Attempts int
	ExpireAt time.Time
}

func (v *verification) json() any {
	if v == nil {
		return nil
	}
	status := v.Status
	if status == "failed" {
		status = "unverified"
	}
	return map[string]any{"object": "verification", "status": status, "strategy": v.Strategy, "attempts": v.Attempts, "expire_at": clerk.Milliseconds(v.ExpireAt), "error": nil}
}

// letter is a mail with a code.
type letter struct {
	strategy, userID string // no user: who is none yet
	to, code         string
}

// send makes a code, which is mailed when the call has ended. userID is empty for who is none yet.
func (c *call) send(strategy, email, userID string) *verification {
	n, err := rand.Int(rand.Reader, big.NewInt(1_000_000))
	if err != nil {
		panic(err) // it never fails
	}
	v := &verification{Strategy: strategy, Email: email, Code: fmt.Sprintf("%06d", n), Status: "unverified", ExpireAt: c.now.Add(codeLife)}
	c.mails = append(c.mails, letter{strategy, userID, email, v.Code})
	return v
}

func (s *Server) mail(ctx context.Context, l letter) {
	if s.o.Mail == nil {
		return
	}
	purpose, slug := "verification code", "verification_code"
	if l.strategy == resetPassword {
		purpose, slug = "code to reset your password", "reset_password_code"
	}
	subject := fmt.Sprintf("%s is your %s", l.code, purpose)
	text := fmt.Sprintf("Your %s for %s:\n\n%s\n\nIt holds for %d minutes. Whoever did not ask for it need do nothing.\n", purpose, s.o.Application, l.code, int(codeLife.Minutes()))
	if err := s.o.Mail(ctx, l.to, subject, text); err != nil {
		slog.WarnContext(ctx, "the stand-in for Clerk could not mail a code; "+Code+" is accepted too", "err", err)
		return
	}
	if err := s.o.Instance.EmailSent(clerk.Email{UserID: l.userID, To: l.to, Slug: slug, Subject: subject, Text: text, Code: l.code}); err != nil {
		slog.WarnContext(ctx, "the stand-in for Clerk did not tell of a mail", "err", err)
	}
}

// attempt checks a code.
func (v *verification) attempt(code string, now time.Time) error {
	switch {
	case v == nil || v.Code == "":
		return unprocessable("verification_missing", "No code was asked for.", "code")
	case v.Status == "verified":
		return unprocessable("verification_already_verified", "This was verified already.", "")
	case now.After(v.ExpireAt):
		return unprocessable("verification_expired", "This code has expired. Please ask for another.", "code")
	case v.Attempts >= maxAttempts:
		v.Status = "failed"
		return unprocessable("verification_failed", "Too many attempts. Please ask for another code.", "code")
	}
	v.Attempts++
	if subtle.ConstantTimeCompare([]byte(code), []byte(v.Code)) != 1 && code != Code {
		return unprocessable("form_code_incorrect", "Incorrect code", "code")
	}
	v.Status = "verified"
	return nil
}

// address is a field that holds an e-mail address.
func (c *call) address(param string) (string, error) {
	email := strings.ToLower(c.text(param))
	if email == "" {
		return "", unprocessable("form_param_missing", "Enter an e-mail address.", param)
	}
	parsed, err := mail.ParseAddress(email)
	if err != nil || parsed.Address != email || !strings.Contains(email, ".") {
		return "", unprocessable("form_param_format_invalid", "Email address must be a valid email address.", param)
	}
	return email, nil
}

// newPassword is a field that holds a password to be, as it is kept.
func (c *call) newPassword(param string) (string, error) {
	password := c.form.Get(param)
	switch {
	case utf8.RuneCountInString(password) < minPassword:
		return "", unprocessable("form_password_length_too_short", fmt.Sprintf("Passwords must be %d characters or more.", minPassword), param)
	case len(password) > maxPassword:
		return "", unprocessable("form_password_length_too_long", fmt.Sprintf("Passwords must be at most %d bytes long.", maxPassword), param)
	}
	salt := rand.Text()
	return salt + "$" + hashed(password, salt), nil
}

func hashed(password, salt string) string {
	key, err := pbkdf2.Key(sha256.New, password, []byte(salt), 20_000, 32)
	if err != nil {
		panic(err) // 32 bytes are allowed
	}
	return hex.EncodeToString(key)
}

// matches says whether it is the password that is kept.
func matches(password, kept string) bool {
	salt, want, ok := strings.Cut(kept, "$")
	return ok && len(password) <= maxPassword && subtle.ConstantTimeCompare([]byte(hashed(password, salt)), []byte(want)) == 1
}
