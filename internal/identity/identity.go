// Package identity owns profiles (who calls), buyer accounts, and who may sell. It knows what a verified token says, not
// how a token is verified: identity/clerk does that.
package identity

import (
	"context"
	"encoding/json"
	"time"

	"souk/internal/db"
	"souk/internal/fault"
)

// Claims are what a verified token says of its user.
type Claims struct {
	Subject   string // Clerk's user id, the one stable name of a user
	SessionID string // empty for a token made from a JWT template
	Email     string
	FirstName string
	LastName  string
	ImageURL  string
	OrgID     string
	Features  []string // of the billing claim and fea, trimmed, lower-cased, in first-seen order
	Plans     []string // slugs of pla, likewise
}

// Profile is a user as the shop knows it.
type Profile struct {
	ID             int64
	ClerkUserID    string
	Email          string
	FirstName      string
	LastName       string
	ImageURL       string
	PublicMetadata json.RawMessage // as Clerk last reported it
	Metadata       json.RawMessage
	IsActive       bool
	CreatedAt      time.Time
	UpdatedAt      time.Time
	ClerkUpdatedAt *time.Time // of the newest report of Clerk's; nil: only tokens told of the user
	DeletedAt      *time.Time // when the user was erased
}

// Customer is a user's buyer account.
type Customer struct {
	ID                 int64
	ProfileID          int64
	ExternalCustomerID string
	BillingEmail       string
	FullName           string
	CompanyName        string
	Country            string // ISO 3166-1 alpha-2, or empty
	TaxID              string
	Metadata           json.RawMessage
	CreatedAt          time.Time
	UpdatedAt          time.Time
}

// Caller is a signed-in user, with its profile.
type Caller struct {
	Claims
	Profile Profile
}

// ErrDeactivated refuses the token of a user that was deleted.
var ErrDeactivated = fault.New(fault.Unauthenticated, "user_deactivated", "This user's account has been closed.")

// Deps are what the service needs.
type Deps struct {
	DB           *db.DB
	Now          func() time.Time
	OpenSeller   bool   // SELLER_ACCESS=open: anyone signed in may sell
	BillingClaim string // the name in the public metadata that lists features
	// Arrived is called in the transaction in which a user becomes known, with Key.
	Arrived func(ctx context.Context, tx *db.Tx, key string) error
}

// Service is the domain. Safe for concurrent use.
type Service struct{ Deps }

// New makes the service.
func New(d Deps) *Service { return &Service{d} }
