package identity

import (
	"context"
	"strings"
	"time"

	"souk/internal/db"
)

const profileColumns = `id, clerk_user_id, email, first_name, last_name, image_url, public_metadata, metadata, is_active, created_at, updated_at`

func scanProfile(scan db.Scan) (p Profile, err error) {
	err = scan(&p.ID, &p.ClerkUserID, &p.Email, &p.FirstName, &p.LastName, &p.ImageURL, &p.PublicMetadata, &p.Metadata, &p.IsActive,
		&p.CreatedAt, &p.UpdatedAt)
	return p, err
}

func profileBySubject(ctx context.Context, q db.Q, subject string) (Profile, error) {
	return db.One(ctx, q, scanProfile, `SELECT `+profileColumns+` FROM profiles WHERE clerk_user_id = $1`, subject)
}

// upsertProfile makes the profile or refreshes it; two first requests at once make one. A deactivated one stays as it is, so the
// row is read again.
func upsertProfile(ctx context.Context, q db.Q, c Claims, now time.Time) (Profile, error) {
	_, err := q.Exec(ctx, `
		INSERT INTO profiles (clerk_user_id, email, first_name, last_name, image_url, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $6)
		ON CONFLICT (clerk_user_id) DO UPDATE SET
			email = CASE WHEN excluded.email <> '' THEN excluded.email ELSE profiles.email END,
			first_name = CASE WHEN excluded.first_name <> '' THEN excluded.first_name ELSE profiles.first_name END,
			last_name = CASE WHEN excluded.last_name <> '' THEN excluded.last_name ELSE profiles.last_name END,
			image_url = CASE WHEN excluded.image_url <> '' THEN excluded.image_url ELSE profiles.image_url END,
			updated_at = excluded.updated_at
		WHERE profiles.is_active`,
		c.Subject, c.Email, c.FirstName, c.LastName, c.ImageURL, now)
	if err != nil {
		return Profile{}, err
	}
	return profileBySubject(ctx, q, c.Subject)
}

const customerColumns = `id, profile_id, external_customer_id, billing_email, full_name, company_name, country, tax_id, metadata, created_at, updated_at`

func scanCustomer(scan db.Scan) (c Customer, err error) {
	err = scan(&c.ID, &c.ProfileID, &c.ExternalCustomerID, &c.BillingEmail, &c.FullName, &c.CompanyName, &c.Country, &c.TaxID, &c.Metadata,
		&c.CreatedAt, &c.UpdatedAt)
	return c, err
}

func customerByProfile(ctx context.Context, q db.Q, profileID int64) (Customer, error) {
	return db.One(ctx, q, scanCustomer, `SELECT `+customerColumns+` FROM customers WHERE profile_id = $1`, profileID)
}

func insertCustomer(ctx context.Context, q db.Q, p Profile, now time.Time) (Customer, error) {
	_, err := q.Exec(ctx, `
		INSERT INTO customers (profile_id, external_customer_id, billing_email, full_name, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $5) ON CONFLICT (profile_id) DO NOTHING`,
		p.ID, p.ClerkUserID, p.Email, strings.TrimSpace(p.FirstName+" "+p.LastName), now)
	if err != nil {
		return Customer{}, err
	}
	return customerByProfile(ctx, q, p.ID)
}

func lockCustomer(ctx context.Context, tx *db.Tx, profileID int64) (Customer, error) {
	return db.One(ctx, tx, scanCustomer, `SELECT `+customerColumns+` FROM customers WHERE profile_id = $1`+tx.ForUpdate(), profileID)
}

func updateCustomer(ctx context.Context, q db.Q, c Customer) error {
	_, err := q.Exec(ctx, `
		UPDATE customers SET billing_email = $2, full_name = $3, company_name = $4, country = $5, tax_id = $6, metadata = $7, updated_at = $8
		WHERE id = $1`,
		c.ID, c.BillingEmail, c.FullName, c.CompanyName, c.Country, c.TaxID, c.Metadata, c.UpdatedAt)
	return err
}

func scanSeller(scan db.Scan) (s Seller, err error) {
	err = scan(&s.Subject, &s.CreatedAt)
	return s, err
}

func listSellers(ctx context.Context, q db.Q) ([]Seller, error) {
	return db.All(ctx, q, scanSeller, `SELECT subject, created_at FROM sellers ORDER BY subject`)
}

func sellerListed(ctx context.Context, q db.Q, userID, email string) (bool, error) {
	found, err := db.All(ctx, q, db.Value[string], `SELECT subject FROM sellers WHERE subject IN ($1, $2)`, userID, email)
	return len(found) > 0, err
}

func insertSeller(ctx context.Context, q db.Q, s Seller) (Seller, error) {
	if _, err := q.Exec(ctx, `INSERT INTO sellers (subject, created_at) VALUES ($1, $2) ON CONFLICT (subject) DO NOTHING`,
		s.Subject, s.CreatedAt); err != nil {
		return Seller{}, err
	}
	return db.One(ctx, q, scanSeller, `SELECT subject, created_at FROM sellers WHERE subject = $1`, s.Subject)
}

func deleteSeller(ctx context.Context, q db.Q, subject string) (gone bool, err error) {
	n, err := q.Exec(ctx, `DELETE FROM sellers WHERE subject = $1`, subject)
	return n > 0, err
}
