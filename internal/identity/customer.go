package identity

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"souk/internal/db"
	"souk/internal/fault"
)

// maxMetadata is the largest metadata object, in bytes of JSON.
const maxMetadata = 16 << 10

// CustomerChange says what to write; a nil field keeps its value.
type CustomerChange struct {
	BillingEmail, FullName, CompanyName, Country, TaxID *string
	Metadata                                            *json.RawMessage
}

// Customer gives the caller's buyer account, made from the profile on first use.
func (s *Service) Customer(ctx context.Context, p Profile) (Customer, error) {
	c, err := customerByProfile(ctx, s.DB, p.ID)
	if errors.Is(err, db.ErrNoRows) {
		return insertCustomer(ctx, s.DB, p, s.Now())
	}
	return c, err
}

// Owner gives the profile of a buyer account.
func (s *Service) Owner(ctx context.Context, customerID int64) (profileID int64, err error) {
	return ownerOf(ctx, s.DB, customerID)
}

// UpdateCustomer writes the given fields of the caller's buyer account.
func (s *Service) UpdateCustomer(ctx context.Context, p Profile, change CustomerChange) (c Customer, err error) {
	if _, err := s.Customer(ctx, p); err != nil {
		return Customer{}, err
	}
	err = s.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if c, err = lockCustomer(ctx, tx, p.ID); err != nil {
			return err
		}
		if err := change.apply(&c); err != nil {
			return err
		}
		c.UpdatedAt = s.Now()
		return updateCustomer(ctx, tx, c)
	})
	return c, err
}

func (change CustomerChange) apply(c *Customer) error {
	var checks fault.Checks
	text := func(field string, value *string, into *string, most int) {
		if value == nil {
			return
		}
		*into = strings.TrimSpace(*value)
		checks.Add(utf8.RuneCountInString(*into) <= most, "body."+field, fmt.Sprintf("must have at most %d characters", most))
	}
	text("billing_email", change.BillingEmail, &c.BillingEmail, 254)
	text("full_name", change.FullName, &c.FullName, 200)
	text("company_name", change.CompanyName, &c.CompanyName, 200)
	text("country", change.Country, &c.Country, 2)
	text("tax_id", change.TaxID, &c.TaxID, 64)
	if change.BillingEmail != nil {
		checks.Add(c.BillingEmail == "" || validEmail(c.BillingEmail), "body.billing_email", "must be one e-mail address")
	}
	if change.Country != nil {
		c.Country = strings.ToUpper(c.Country)
		checks.Add(c.Country == "" || isCountry(c.Country), "body.country", "must be an ISO 3166-1 alpha-2 code, such as DE")
	}
	if change.Metadata != nil {
		c.Metadata = *change.Metadata
		var object map[string]json.RawMessage
		ok := json.Unmarshal(c.Metadata, &object) == nil && object != nil && len(c.Metadata) <= maxMetadata
		checks.Add(ok, "body.metadata", fmt.Sprintf("must be an object of at most %d bytes", maxMetadata))
	}
	return checks.Err()
}
