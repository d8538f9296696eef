// Package catalog owns what is sold: products, their prices, the records of their files, and service offers. It knows
// sellers by their profile's id, and nothing of buyers and orders.
package catalog

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"souk/internal/blob"
	"souk/internal/db"
	"souk/internal/fault"
)

// The types of a product, its visibilities, and the billing periods of a price.
const (
	TypeDigital = "digital"
	TypeService = "service"

	Draft     = "draft"
	Published = "published"
	Archived  = "archived"

	OneTime = "one_time"
	Monthly = "monthly"
	Yearly  = "yearly"
)

// MaxPriceCents is the largest price, in minor units.
const MaxPriceCents = 99_999_999

// Product is a thing that a seller sells.
type Product struct {
	ID            int64
	SellerID      int64 // a profile
	Name          string
	Slug          string // unique in the whole store
	Tagline       string
	Description   string
	ProductType   string
	Visibility    string
	FeatureKeys   []string // what a buyer is entitled to
	MaxDownloads  *int64   // of each file and unit; nil: no limit
	DownloadDays  *int64   // after fulfillment; nil: for ever
	ChosenPriceID *int64   // the seller's choice of what to show
	ShownPriceID  *int64   // what the public sees: the choice, else the default, else the cheapest, of the active prices
	Metadata      json.RawMessage
	CreatedAt     time.Time
	UpdatedAt     time.Time

	shownCents int64 // the shown price's amount, where the public list is ordered by it
	sortName   string
}

// Price is what a product costs.
type Price struct {
	ID            int64
	ProductID     int64
	Name          string
	AmountCents   int64  // minor units of Currency
	Currency      string // ISO 4217
	BillingPeriod string
	ClerkPlanID   string
	ClerkPriceID  string
	IsActive      bool
	IsDefault     bool
	Metadata      json.RawMessage
	CreatedAt     time.Time
	UpdatedAt     time.Time
}

// Recurring says that the price is paid again each period.
func (p Price) Recurring() bool { return p.BillingPeriod != OneTime }

// Asset is the record of a file that buyers of a product may download.
type Asset struct {
	ID             int64
	ProductID      int64
	Title          string
	FilePath       string // the seller's name for it: a key in the bucket
	ContentKey     string // where the bytes of the last upload lie; empty: at FilePath, put there by other means
	FileSizeBytes  int64
	ChecksumSHA256 string // hex, or empty when it is not known
	VersionLabel   string
	IsActive       bool
	Metadata       json.RawMessage
	CreatedAt      time.Time
	UpdatedAt      time.Time
}

// StorageKey is where the bytes are.
func (a Asset) StorageKey() string {
	if a.ContentKey != "" {
		return a.ContentKey
	}
	return a.FilePath
}

// ServiceOffer says what a buyer of a service product gets.
type ServiceOffer struct {
	ID                     int64
	ProductID              int64
	SessionMinutes         int64
	Timezone               string // of the seller's clock, an IANA name
	DeliveryDays           *int64
	RevisionCount          int64
	OnboardingInstructions string
	Metadata               json.RawMessage
	CreatedAt              time.Time
	UpdatedAt              time.Time
}

var (
	errNoProduct = fault.Absent("product")
	errNoPrice   = fault.Absent("price")
	errNoAsset   = fault.Absent("asset")
	errNoOffer   = fault.Absent("service offer")
)

// Service is the domain. Safe for concurrent use.
type Service struct {
	DB       *db.DB
	Files    blob.Store
	MaxBytes int64         // of one uploaded file
	URLTTL   time.Duration // how long a signed address of a file lives
	Now      func() time.Time
	// OwnPrefix makes new storage keys lie under the seller's own prefix (outside development).
	OwnPrefix bool
	// AssetAdded is called in the transaction in which a file becomes part of a product, for those who bought it before.
	AssetAdded func(ctx context.Context, tx *db.Tx, a Asset) error
	// ContentAdded is called in the transaction in which buyers of a product come to have a file, or another content of one, that they had
	// not before.
	ContentAdded func(ctx context.Context, tx *db.Tx, a Asset) error
	// PlanMapped is called in the transaction in which a price names a provider's plan, once for each of its two ids.
	PlanMapped func(ctx context.Context, tx *db.Tx, p Plan) error
	// Changed is called after the commit of anything that the public may see.
	Changed func()
}

// write runs fn in a transaction after which the public may see something else.
func (s *Service) write(ctx context.Context, fn func(ctx context.Context, tx *db.Tx) error) error {
	return s.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if s.Changed != nil {
			tx.AfterCommit(s.Changed)
		}
		return fn(ctx, tx)
	})
}

// fold makes text comparable whatever its case: full Unicode case folding, so that both engines search alike.
func fold(text string) string { return cases.Fold().String(norm.NFKC.String(text)) }

// storable is text from an address without what no stored text has: bytes that are not UTF-8, and NUL.
func storable(text string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(text, " "), "\x00", " ")
}

// set writes the value to into, unless it is nil.
func set[T any](value *T, into *T) {
	if value != nil {
		*into = *value
	}
}

// Null is a change of a value that can be null: not Set keeps it.
type Null struct {
	Set   bool
	Value *int64
}

func (n Null) apply(into **int64) {
	if n.Set {
		*into = n.Value
	}
}
