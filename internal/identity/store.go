package identity

import (
	"context"
	"time"

	"souk/internal/db"
)

const profileColumns = `id, clerk_user_id, email, first_name, last_name, image_url, public_metadata, metadata, is_active, created_at, updated_at,
	clerk_updated_at, deleted_at`

func scanProfile(scan db.Scan) (p Profile, err error) {
	err = scan(&p.ID, &p.ClerkUserID, &p.Email, &p.FirstName, &p.LastName, &p.ImageURL, &p.PublicMetadata, &p.Metadata, &p.IsActive,
		&p.CreatedAt, &p.UpdatedAt, &p.ClerkUpdatedAt, &p.DeletedAt)
	return p, err
}

func profileBySubject(ctx context.Context, q db.Q, subject string) (Profile, error) {
	return db.One(ctx, q, scanProfile, `SELECT `+profileColumns+` FROM profiles WHERE clerk_user_id = $1`, subject)
}

func profileByID(ctx context.Context, q db.Q, id int64) (Profile, error) {
	return db.One(ctx, q, scanProfile, `SELECT `+profileColumns+` FROM profiles WHERE id = $1`, id)
}

func ownerOf(ctx context.Context, q db.Q, customerID int64) (profileID int64, err error) {
	return db.One(ctx, q, db.Value[int64], `SELECT profile_id FROM customers WHERE id = $1`, customerID)
}

func clerkUserID(ctx context.Context, q db.Q, profileID int64) (string, error) {
	return db.One(ctx, q, db.Value[string], `SELECT clerk_user_id FROM profiles WHERE id = $1`, profileID)
}

func lockProfile(ctx context.Context, tx *db.Tx, subject string) (Profile, error) {
	return db.One(ctx, tx, scanProfile, `SELECT `+profileColumns+` FROM profiles WHERE clerk_user_id = $1`+tx.ForUpdate(), subject)
}

// shareProfile keeps the profile from being changed until tx ends.
func shareProfile(ctx context.Context, tx *db.Tx, subject string) (Profile, error) {
	return db.One(ctx, tx, scanProfile, `SELECT `+profileColumns+` FROM profiles WHERE clerk_user_id = $1`+tx.ForShare(), subject)
}

func activeProfiles(ctx context.Context, q db.Q, after int64, limit int) ([]Profile, error) {
	return db.All(ctx, q, scanProfile, `SELECT `+profileColumns+` FROM profiles WHERE id > $1 AND is_active ORDER BY id LIMIT $2`, after, limit)
}

// insertProfile makes the profile of a new user; of two first requests at once one makes it.
func insertProfile(ctx context.Context, q db.Q, c Claims, now time.Time) (made bool, err error) {
	n, err := q.Exec(ctx, `
		INSERT INTO profiles (clerk_user_id, email, first_name, last_name, image_url, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $6) ON CONFLICT (clerk_user_id) DO NOTHING`,
		c.Subject, c.Email, c.FirstName, c.LastName, c.ImageURL, now)
	return n == 1, err
}

// refreshProfile takes over what claims say that is new. Once Clerk reported the user, they only fill what it left empty.
func refreshProfile(ctx context.Context, q db.Q, c Claims, now time.Time) error {
	_, err := q.Exec(ctx, `
		UPDATE profiles SET
			email = CASE WHEN $2 <> '' AND (clerk_updated_at IS NULL OR email = '') THEN $2 ELSE email END,
			first_name = CASE WHEN $3 <> '' AND (clerk_updated_at IS NULL OR first_name = '') THEN $3 ELSE first_name END,
			last_name = CASE WHEN $4 <> '' AND (clerk_updated_at IS NULL OR last_name = '') THEN $4 ELSE last_name END,
			image_url = CASE WHEN $5 <> '' AND (clerk_updated_at IS NULL OR image_url = '') THEN $5 ELSE image_url END,
			updated_at = $6
		WHERE clerk_user_id = $1 AND is_active`,
		c.Subject, c.Email, c.FirstName, c.LastName, c.ImageURL, now)
	return err
}

func updateProfile(ctx context.Context, q db.Q, p Profile) error {
	_, err := q.Exec(ctx, `
		UPDATE profiles SET email = $2, first_name = $3, last_name = $4, image_url = $5, public_metadata = $6, metadata = $7, is_active = $8,
			clerk_updated_at = $9, deleted_at = $10, updated_at = $11
		WHERE id = $1`,
		p.ID, p.Email, p.FirstName, p.LastName, p.ImageURL, p.PublicMetadata, p.Metadata, p.IsActive, p.ClerkUpdatedAt, p.DeletedAt, p.UpdatedAt)
	return err
}

func eraseCustomer(ctx context.Context, q db.Q, profileID int64, now time.Time) error {
	_, err := q.Exec(ctx, `
		UPDATE customers SET billing_email = '', full_name = '', company_name = '', country = '', tax_id = '', metadata = '{}', updated_at = $2
		WHERE profile_id = $1`, profileID, now)
	return err
}

// lockCustomerRow waits for whoever holds the row, and holds it.
func lockCustomerRow(ctx context.Context, tx *db.Tx, id int64) error {
	_, err := db.One(ctx, tx, db.Value[int64], `SELECT id FROM customers WHERE id = $1`+tx.ForChange(), id)
	return err
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

func customerBySubject(ctx context.Context, q db.Q, subject string) (Customer, error) {
	return db.One(ctx, q, scanCustomer,
		`SELECT `+customerColumns+` FROM customers WHERE profile_id = (SELECT p.id FROM profiles p WHERE p.clerk_user_id = $1)`, subject)
}

func insertCustomer(ctx context.Context, q db.Q, p Profile, now time.Time) (Customer, error) {
	_, err := q.Exec(ctx, `
		INSERT INTO customers (profile_id, external_customer_id, billing_email, full_name, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $5) ON CONFLICT (profile_id) DO NOTHING`,
		p.ID, p.ClerkUserID, p.Email, p.Name(), now)
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
