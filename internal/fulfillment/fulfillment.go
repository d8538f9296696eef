// Package fulfillment owns what buyers may use: entitlements and download grants. It knows what a paid order gives and how a
// grant is spent; it knows no payment, and does not read files.
package fulfillment

import (
	"cmp"
	"context"
	"encoding/json"
	"time"

	"souk/internal/booking"
	"souk/internal/catalog"
	"souk/internal/db"
	"souk/internal/fault"
	"souk/internal/subscription"
)

// The source types of entitlements that are given here. What an operator gave is manual.
const (
	Purchase = "purchase" // by an order
	Plan     = "plan"     // by a provider's subscription, while it runs
)

// Entitlement is a feature of the store that a buyer may use.
type Entitlement struct {
	ID              int64
	CustomerID      int64
	FeatureKey      string
	SourceType      string // plan, purchase or manual
	SourceReference string // of a purchase: the order's public id; of a plan: the provider's item
	StartsAt        time.Time
	EndsAt          *time.Time // nil: it does not end
	IsActive        bool
	Metadata        json.RawMessage
	CreatedAt       time.Time
	UpdatedAt       time.Time
}

// Current says whether the entitlement counts at that time.
func (e Entitlement) Current(at time.Time) bool {
	return e.IsActive && !e.StartsAt.After(at) && (e.EndsAt == nil || e.EndsAt.After(at))
}

// Grant is the right to download a file.
type Grant struct {
	ID               int64
	Token            string // names the grant to its owner; it works with no other login
	CustomerID       int64
	AssetID          int64
	AssetTitle       string
	VersionLabel     string
	FileSizeBytes    int64
	ChecksumSHA256   string // in hex; empty: not known
	ProductSlug      string
	ProductName      string // as it was bought
	OrderItemID      int64
	ExpiresAt        *time.Time // nil: never
	MaxDownloads     *int64     // nil: no limit
	DownloadCount    int64
	LastDownloadedAt *time.Time
	IsActive         bool
	CreatedAt        time.Time
	UpdatedAt        time.Time
}

var (
	errNoGrant  = fault.Absent("download")
	errInactive = fault.New(fault.Forbidden, "download_inactive", "This download was taken back.")
	errExpired  = fault.New(fault.Forbidden, "download_expired", "The time to download this has passed.")
	errUsedUp   = fault.New(fault.Forbidden, "download_used_up", "This was downloaded as often as was bought.")
)

// Usable says why the grant cannot be used at that time; nil when it can.
func (g Grant) Usable(at time.Time) error {
	switch {
	case !g.IsActive:
		return errInactive
	case g.ExpiresAt != nil && !g.ExpiresAt.After(at):
		return errExpired
	case g.MaxDownloads != nil && g.DownloadCount >= *g.MaxDownloads:
		return errUsedUp
	}
	return nil
}

// Service is the domain. Safe for concurrent use.
type Service struct {
	DB            *db.DB
	Now           func() time.Time
	Catalog       *catalog.Service
	Bookings      *booking.Service
	Subscriptions *subscription.Service
}

// Entitlements gives up to limit entitlements of a buyer's profile, newest first, with ids below before; with current, only
// those that count now.
func (s *Service) Entitlements(ctx context.Context, buyer int64, current bool, before int64, limit int) ([]Entitlement, error) {
	if current {
		return currentOfBuyer(ctx, s.DB, buyer, s.Now(), before, limit)
	}
	return entitlementsOfBuyer(ctx, s.DB, buyer, before, limit)
}

// LocalFeatures gives the feature keys of a profile's current entitlements, oldest first, each once.
func (s *Service) LocalFeatures(ctx context.Context, profileID int64) ([]string, error) {
	return currentFeatures(ctx, s.DB, profileID, s.Now())
}

// Downloads gives up to limit grants of a buyer's profile, newest first, with ids below before.
func (s *Service) Downloads(ctx context.Context, buyer, before int64, limit int) ([]Grant, error) {
	return grantsOfBuyer(ctx, s.DB, buyer, before, limit)
}

// DownloadsOf gives up to limit grants that a buyer's profile has by one order, oldest first.
func (s *Service) DownloadsOf(ctx context.Context, buyer int64, publicID string, limit int) ([]Grant, error) {
	return grantsOfOrder(ctx, s.DB, buyer, publicID, limit)
}

// Holders gives up to limit grants for a file that are from a time or before it and can be used now, by id, with ids above after.
func (s *Service) Holders(ctx context.Context, q db.Q, asset int64, from time.Time, after int64, limit int) ([]Grant, error) {
	return usableGrants(ctx, q, asset, s.Now(), from, after, limit)
}

// Held gives the grant by which a buyer's profile can load a file now, the best if there are several. An absent one is 404.
func (s *Service) Held(ctx context.Context, buyer, asset int64) (Grant, error) {
	g, err := usableGrant(ctx, s.DB, buyer, asset, s.Now())
	return g, db.NotFound(err, errNoGrant)
}

// Peek gives a grant of the buyer's that can be used now, and its file, without using it: sign the file's address between
// Peek and Take, so that a storage that fails costs nothing. A token of someone else's is as unknown as one that does not
// exist; a grant that was taken back, has expired or is used up is Forbidden.
func (s *Service) Peek(ctx context.Context, buyer int64, token string) (Grant, catalog.Asset, error) {
	g, err := s.grant(ctx, s.DB, buyer, token)
	if err == nil {
		err = g.Usable(s.Now())
	}
	if err != nil {
		return Grant{}, catalog.Asset{}, err
	}
	a, err := s.Catalog.AnyAsset(ctx, s.DB, g.AssetID)
	return g, a, err
}

func (s *Service) grant(ctx context.Context, q db.Q, buyer int64, token string) (Grant, error) {
	if !isToken(token) {
		return Grant{}, errNoGrant
	}
	g, err := grantOfBuyer(ctx, q, buyer, token)
	return g, db.NotFound(err, errNoGrant)
}

// Take uses a grant once: it raises the count by one, in one statement, so that of many at once no more get through than the
// limit lets. It refuses as Peek does. The grant is as it is afterwards.
func (s *Service) Take(ctx context.Context, buyer int64, token string) (g Grant, err error) {
	err = s.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		now := s.Now()
		won := false
		if isToken(token) {
			if won, err = raise(ctx, tx, buyer, token, now); err != nil {
				return err
			}
		}
		g, err = s.grant(ctx, tx, buyer, token)
		if err == nil && !won {
			err = cmp.Or(g.Usable(now), error(errUsedUp))
		}
		return err
	})
	return g, err
}

// Stands says whether what was downloaded by a grant may still be had: nil unless the grant was taken back or is unknown. A
// used-up one stands, for it was used for that.
func (s *Service) Stands(ctx context.Context, token string) error {
	if !isToken(token) {
		return errInactive
	}
	active, err := activeByToken(ctx, s.DB, token)
	if err == nil && !active {
		err = errInactive
	}
	return db.NotFound(err, errInactive)
}
