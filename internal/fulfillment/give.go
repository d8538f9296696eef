package fulfillment

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/base64"
	"slices"
	"time"

	"souk/internal/booking"
	"souk/internal/catalog"
	"souk/internal/db"
	"souk/internal/order"
	"souk/internal/subscription"
)

const tokenBytes = 32

func newToken() string {
	var b [tokenBytes]byte
	_, _ = rand.Read(b[:]) // never fails
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// isToken spares the database what cannot be one, such as texts that it does not take.
func isToken(text string) bool {
	b, err := base64.RawURLEncoding.DecodeString(text)
	return err == nil && len(b) == tokenBytes
}

// Fulfill gives what a paid order is owed, in the transaction of its payment: entitlements, download grants, sessions,
// subscriptions. Everything follows from the order's snapshot, but for the files: those that the products have now.
func (s *Service) Fulfill(ctx context.Context, tx *db.Tx, o order.PaidOrder) error {
	if err := s.giveEntitlements(ctx, tx, o); err != nil {
		return err
	}
	if err := s.giveDownloads(ctx, tx, o.Order); err != nil {
		return err
	}
	for _, item := range o.Items {
		if item.ProductType == catalog.TypeService {
			err := s.Bookings.Sell(ctx, tx, booking.Sale{
				CustomerID: o.CustomerID, SellerID: o.SellerID, ProductID: item.ProductID, OrderItemID: item.ID, Quantity: int(item.Quantity),
			})
			if err != nil {
				return err
			}
		}
		if item.Recurring() {
			err := s.Subscriptions.Start(ctx, tx, subscription.Sale{
				CustomerID: o.CustomerID, ProductID: item.ProductID, PriceID: item.PriceID, OrderItemID: item.ID,
				BillingPeriod: item.BillingPeriod, ProviderItem: o.ProviderItem, At: *o.PaidAt,
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *Service) giveEntitlements(ctx context.Context, tx *db.Tx, o order.PaidOrder) error {
	var given []string
	for _, item := range o.Items {
		if item.Recurring() { // it follows the subscription
			continue
		}
		for _, key := range item.FeatureKeys {
			if slices.Contains(given, key) {
				continue
			}
			given = append(given, key)
			err := insertEntitlement(ctx, tx, Entitlement{
				CustomerID: o.CustomerID, FeatureKey: key, SourceType: Purchase, SourceReference: o.PublicID, StartsAt: *o.PaidAt, CreatedAt: *o.PaidAt,
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// giveDownloads gives what an order's items stand for now, and leaves the grants that are there as they are. The order is paid.
func (s *Service) giveDownloads(ctx context.Context, tx *db.Tx, o order.Order) error {
	var sold []bought
	for _, item := range o.Items {
		if item.ProductType == catalog.TypeDigital {
			sold = append(sold, boughtOf(o, item))
		}
	}
	slices.SortStableFunc(sold, byProduct) // ActiveAssets locks the product: all orders lock in one order
	now := s.Now()
	var grants []Grant
	for _, b := range sold {
		assets, err := s.Catalog.ActiveAssets(ctx, tx, b.productID)
		if err != nil {
			return err
		}
		for _, asset := range assets {
			if b.open(now) {
				grants = append(grants, b.grant(asset.ID, now))
			}
		}
	}
	return insertGrants(ctx, tx, grants)
}

// bought is what a grant follows from: an item of a digital product in a paid order.
type bought struct {
	itemID, customerID, productID int64
	units                         int64 // that stand
	maxDownloads, downloadDays    *int64
	paidAt                        time.Time
	paused                        bool
}

func boughtOf(o order.Order, i order.Item) bought {
	return bought{
		itemID: i.ID, customerID: o.CustomerID, productID: i.ProductID, units: o.Standing(i), maxDownloads: i.MaxDownloads,
		downloadDays: i.DownloadDays, paidAt: *o.PaidAt, paused: o.PausedAt != nil,
	}
}

func byProduct(a, b bought) int { return cmp.Compare(a.productID, b.productID) }

// expires is when a grant for b ends; nil: never.
func (b bought) expires() *time.Time {
	if b.downloadDays == nil {
		return nil
	}
	end := b.paidAt.Add(time.Duration(*b.downloadDays) * 24 * time.Hour)
	return &end
}

// open says that b gives files at that time.
func (b bought) open(at time.Time) bool {
	end := b.expires()
	return b.units > 0 && (end == nil || end.After(at))
}

// limit is how often each file of b may be downloaded; nil: as often as wanted.
func (b bought) limit() *int64 {
	if b.maxDownloads == nil {
		return nil
	}
	return new(*b.maxDownloads * b.units)
}

func (b bought) active() bool { return b.units > 0 && !b.paused }

func (b bought) grant(assetID int64, now time.Time) Grant {
	return Grant{
		Token: newToken(), CustomerID: b.customerID, AssetID: assetID, OrderItemID: b.itemID, ExpiresAt: b.expires(), MaxDownloads: b.limit(),
		IsActive: b.active(), CreatedAt: now,
	}
}

// reachAtOnce is how many past buyers AssetAdded reads at a time.
const reachAtOnce = 500

// AssetAdded gives a file that became part of a product to those who bought the product before and may still download, in the
// transaction that adds it. The product's row is locked by the caller. Who has a grant for the file keeps the one they have.
func (s *Service) AssetAdded(ctx context.Context, tx *db.Tx, a catalog.Asset) error {
	now := s.Now()
	for after := int64(0); ; {
		buyers, err := pastBuyers(ctx, tx, a.ProductID, after, reachAtOnce)
		if err != nil {
			return err
		}
		var grants []Grant
		for _, b := range buyers {
			if b.open(now) {
				grants = append(grants, b.grant(a.ID, now))
			}
		}
		if err := insertGrants(ctx, tx, grants); err != nil || len(buyers) < reachAtOnce {
			return err
		}
		after = buyers[len(buyers)-1].itemID
	}
}
