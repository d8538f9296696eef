package identity

import (
	"context"
	"net/mail"
	"strings"
	"time"

	"souk/internal/fault"
)

// Seller is an entry of the list of those that may sell: a Clerk user id, or an e-mail address in lower case.
type Seller struct {
	Subject   string
	CreatedAt time.Time
}

var (
	errNotSeller    = fault.New(fault.Forbidden, "not_a_seller", "Your account may not sell in this shop. Ask its operator.")
	errNoSuchSeller = fault.Absent("seller")
	errSellerForm   = fault.InvalidField("body.subject", "must be a Clerk user id such as user_2abc, or an e-mail address")
)

// MaySell refuses a caller that may not sell: with an allowlist, one whose Clerk id and e-mail address are both not on it.
func (s *Service) MaySell(ctx context.Context, c Caller) error {
	if s.OpenSeller {
		return nil
	}
	listed, err := sellerListed(ctx, s.DB, c.Subject, strings.ToLower(c.Profile.Email))
	if err == nil && !listed {
		err = errNotSeller
	}
	return err
}

// AddSeller puts a Clerk user id or an e-mail address on the list. One that is on it already stays.
func (s *Service) AddSeller(ctx context.Context, subject string) (Seller, error) {
	name, err := sellerSubject(subject)
	if err != nil {
		return Seller{}, err
	}
	return insertSeller(ctx, s.DB, Seller{Subject: name, CreatedAt: s.Now()})
}

// RemoveSeller takes an entry off the list; 404 when it is not there.
func (s *Service) RemoveSeller(ctx context.Context, subject string) error {
	name, err := sellerSubject(subject)
	if err != nil {
		return err
	}
	gone, err := deleteSeller(ctx, s.DB, name)
	if err == nil && !gone {
		err = errNoSuchSeller
	}
	return err
}

// Sellers is the list, by subject.
func (s *Service) Sellers(ctx context.Context) ([]Seller, error) { return listSellers(ctx, s.DB) }

func sellerSubject(text string) (string, error) {
	text = strings.TrimSpace(text)
	if validEmail(text) {
		return strings.ToLower(text), nil
	}
	id, ok := strings.CutPrefix(text, "user_")
	if !ok || id == "" || len(text) > 255 || strings.ContainsFunc(id, func(r rune) bool { return r <= ' ' || r > '~' || r == '@' }) {
		return "", errSellerForm
	}
	return text, nil
}

// validEmail says that text is one bare address of at most 254 bytes.
func validEmail(text string) bool {
	a, err := mail.ParseAddress(text)
	return err == nil && a.Name == "" && a.Address == text && len(text) <= 254
}
