package catalog

import (
	"context"
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"

	"souk/internal/db"
	"souk/internal/fault"
	"souk/internal/slug"
)

// ProductChange says what to write; a nil field keeps its value.
type ProductChange struct {
	Name, Slug, Tagline, Description, ProductType, Visibility *string
	FeatureKeys                                               *[]string
	MaxDownloads, DownloadDays, ChosenPriceID                 Null
	Metadata                                                  json.RawMessage
}

const (
	maxFeatureKeys   = 50
	maxFeatureLength = 64
	defaultDownloads = 5
)

func (c ProductChange) apply(p *Product) error {
	var checks fault.Checks
	checks.Text("body.name", c.Name, &p.Name, 1, 200)
	checks.Text("body.tagline", c.Tagline, &p.Tagline, 0, 300)
	checks.Text("body.description", c.Description, &p.Description, 0, 20000)
	set(c.ProductType, &p.ProductType)
	set(c.Visibility, &p.Visibility)
	checks.Add(p.ProductType == TypeDigital || p.ProductType == TypeService, "body.product_type", "must be digital or service")
	checks.Add(slices.Contains([]string{Draft, Published, Archived}, p.Visibility), "body.visibility", "must be draft, published or archived")
	if c.Slug != nil {
		p.Slug = slug.Make(*c.Slug)
	}
	if c.FeatureKeys != nil {
		keys, ok := FeatureKeys(*c.FeatureKeys)
		checks.Add(ok, "body.feature_keys", "must be at most 50 keys of 1 to 64 letters, digits, - and _")
		p.FeatureKeys = keys
	}
	c.MaxDownloads.apply(&p.MaxDownloads)
	c.DownloadDays.apply(&p.DownloadDays)
	c.ChosenPriceID.apply(&p.ChosenPriceID)
	checks.Add(within(p.MaxDownloads, 1_000_000), "body.max_downloads", "must be between 1 and 1000000, or null for no limit")
	checks.Add(within(p.DownloadDays, 36_500), "body.download_days", "must be between 1 and 36500, or null for ever")
	if c.Metadata != nil {
		p.Metadata = c.Metadata
	}
	p.sortName = fold(p.Name)
	return checks.Err()
}

func within(n *int64, most int64) bool { return n == nil || *n >= 1 && *n <= most }

// FeatureKeys normalises keys ("AI Coach" is "ai_coach") and drops those that come again; ok is false when one is empty or
// too long, or there are too many.
func FeatureKeys(raw []string) (keys []string, ok bool) {
	keys = []string{}
	for _, text := range raw {
		key := featureKey(text)
		if key == "" || len(key) > maxFeatureLength {
			return keys, false
		}
		if !slices.Contains(keys, key) {
			keys = append(keys, key)
		}
	}
	return keys, len(keys) <= maxFeatureKeys
}

func featureKey(text string) string {
	var b strings.Builder
	for _, r := range strings.Join(strings.Fields(strings.ToLower(text)), "_") {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '-', r == '_', r == '.', r == ':':
			b.WriteRune(r)
		default:
			return ""
		}
	}
	return b.String()
}

// CreateProduct adds a product of seller. Without a slug, one is made from the name, numbered when it is taken.
func (s *Service) CreateProduct(ctx context.Context, seller int64, c ProductChange) (p Product, err error) {
	p = Product{
		SellerID: seller, ProductType: TypeDigital, Visibility: Draft, FeatureKeys: []string{}, MaxDownloads: new(int64(defaultDownloads)),
		Metadata: json.RawMessage("{}"), CreatedAt: s.Now(), UpdatedAt: s.Now(), shownCents: math.MaxInt64,
	}
	if err := c.apply(&p); err != nil {
		return Product{}, err
	}
	if p.ChosenPriceID != nil {
		return Product{}, errForeignPrice
	}
	chosen := p.Slug != ""
	for range 100 { // others can take the free slug in between; each round one of them wins
		err = s.write(ctx, func(ctx context.Context, tx *db.Tx) error {
			if !chosen {
				if p.Slug, err = freeSlug(ctx, tx, slug.Make(p.Name)); err != nil {
					return err
				}
			}
			p.ID, err = insertProduct(ctx, tx, p)
			return err
		})
		if chosen || !db.IsDuplicate(err) {
			break
		}
	}
	return p, slugTaken(err)
}

func slugTaken(err error) error {
	if db.IsDuplicate(err) {
		return fault.New(fault.Conflict, "slug_taken", "Another product has that slug.")
	}
	return err
}

var errForeignPrice = fault.InvalidField("body.active_price", "must be the id of an active price of this product, or null")

// UpdateProduct writes the given fields of seller's product.
func (s *Service) UpdateProduct(ctx context.Context, seller, id int64, c ProductChange) (p Product, err error) {
	err = s.write(ctx, func(ctx context.Context, tx *db.Tx) error {
		if p, err = lockProduct(ctx, tx, seller, id); err != nil {
			return db.NotFound(err, errNoProduct)
		}
		before := p
		if err := c.apply(&p); err != nil {
			return err
		}
		if p.Slug == "" {
			p.Slug = before.Slug
		}
		if before.ProductType == TypeService && p.ProductType != TypeService {
			if _, err := offerOfProduct(ctx, tx, id); err == nil {
				return fault.InvalidField("body.product_type", "must stay service: the product has a service offer")
			}
		}
		p.UpdatedAt = s.Now()
		if err := slugTaken(updateProduct(ctx, tx, p)); err != nil {
			return err
		}
		return s.showPrice(ctx, tx, &p)
	})
	return p, err
}

// DeleteProduct removes seller's product. One that was ever ordered is archived instead, so that its orders keep it.
func (s *Service) DeleteProduct(ctx context.Context, seller, id int64) error {
	return s.write(ctx, func(ctx context.Context, tx *db.Tx) error {
		p, err := lockProduct(ctx, tx, seller, id)
		if err != nil {
			return db.NotFound(err, errNoProduct)
		}
		return s.removeOr(ctx, func(ctx context.Context, tx *db.Tx) error {
			if err := discardOfProduct(ctx, tx, id, s.Now().Add(s.keepReplaced())); err != nil {
				return err
			}
			return deleteProduct(ctx, tx, id)
		}, func() error {
			p.Visibility, p.UpdatedAt = Archived, s.Now()
			return updateProduct(ctx, tx, p)
		})
	})
}

// removeOr removes a row, or keeps it in another way when something still refers to it.
func (s *Service) removeOr(ctx context.Context, remove func(context.Context, *db.Tx) error, keep func() error) error {
	err := s.DB.InTx(ctx, remove)
	if db.IsReferenced(err) {
		return keep()
	}
	return err
}

// showPrice recomputes which price the public sees. The product's row must be locked.
func (s *Service) showPrice(ctx context.Context, tx *db.Tx, p *Product) error {
	prices, err := pricesOfProduct(ctx, tx, p.ID, true)
	if err != nil {
		return err
	}
	var shown *Price
	chosen := false
	for i, price := range prices {
		switch {
		case p.ChosenPriceID != nil && price.ID == *p.ChosenPriceID:
			shown, chosen = &prices[i], true
		case chosen:
		case shown == nil, price.IsDefault, !shown.IsDefault && price.AmountCents < shown.AmountCents:
			shown = &prices[i]
		}
	}
	if p.ChosenPriceID != nil && !chosen {
		return errForeignPrice
	}
	p.ShownPriceID, p.shownCents = nil, math.MaxInt64
	if shown != nil {
		p.ShownPriceID, p.shownCents = &shown.ID, shown.AmountCents
	}
	return setPrices(ctx, tx, *p)
}

// Product gives seller's product.
func (s *Service) Product(ctx context.Context, seller, id int64) (Product, error) {
	p, err := productOf(ctx, s.DB, seller, id)
	return p, db.NotFound(err, errNoProduct)
}

// Products gives up to limit products of seller, newest first, with ids below before.
func (s *Service) Products(ctx context.Context, seller, before int64, limit int) ([]Product, error) {
	return productsOf(ctx, s.DB, seller, before, limit)
}

// Parts are what belongs to a product.
type Parts struct {
	Prices []Price
	Assets []Asset
	Offer  *ServiceOffer
}

// Shown is the shown price of the product that the parts are of, or the zero Price.
func (parts Parts) Shown(p Product) Price {
	for _, price := range parts.Prices {
		if p.ShownPriceID != nil && price.ID == *p.ShownPriceID {
			return price
		}
	}
	return Price{}
}

// PartsOf gives the parts of each product, by its id, in three queries. With publicOnly, only what is active.
func (s *Service) PartsOf(ctx context.Context, products []Product, publicOnly bool) (map[int64]Parts, error) {
	ids := make([]int64, len(products))
	for i, p := range products {
		ids[i] = p.ID
	}
	return partsOf(ctx, s.DB, ids, publicOnly)
}

// ShownPrices gives the shown price of each product that has one, by the product's id, in one query.
func (s *Service) ShownPrices(ctx context.Context, products []Product) (map[int64]Price, error) {
	return shownPrices(ctx, s.DB, products)
}

// Order of the public list.
type Order struct {
	By         string // created_at, name or price
	Descending bool
}

// Position is where a page of the public list starts: behind the product of that key and id.
type Position struct {
	Number int64  `json:"n,omitempty"` // of created_at (microseconds) or price (cents)
	Text   string `json:"t,omitempty"` // of name, folded
	ID     int64  `json:"i"`
}

// Filter narrows the public list.
type Filter struct {
	ProductType string
	Search      string // every word must occur in the name, the tagline or the description
}

const maxSearchWords = 10

// Public lists published products. after is nil for the first page.
func (s *Service) Public(ctx context.Context, f Filter, o Order, after *Position, limit int) ([]Product, error) {
	words := strings.Fields(fold(storable(f.Search)))
	if len(words) > maxSearchWords {
		return nil, fault.InvalidField("query.search", "must have at most "+strconv.Itoa(maxSearchWords)+" words")
	}
	return publicProducts(ctx, s.DB, listing{f.ProductType, words, o}, after, limit)
}

// PositionOf is the position behind p in a list of that order.
func PositionOf(p Product, o Order) Position {
	switch o.By {
	case "name":
		return Position{Text: p.sortName, ID: p.ID}
	case "price":
		if o.Descending && p.ShownPriceID == nil {
			return Position{Number: -1, ID: p.ID} // see dearness
		}
		return Position{Number: p.shownCents, ID: p.ID}
	default:
		return Position{Number: p.CreatedAt.UnixMicro(), ID: p.ID}
	}
}

// PublicProduct gives a published product.
func (s *Service) PublicProduct(ctx context.Context, productSlug string) (Product, error) {
	if slug.Make(productSlug) != productSlug {
		return Product{}, errNoProduct
	}
	p, err := publishedBySlug(ctx, s.DB, productSlug)
	return p, db.NotFound(err, errNoProduct)
}

// Offer is a price that can be bought, with its product.
type Offer struct {
	Product Product
	Price   Price
}

// Offers gives, in the order of the ids, active prices of published products. One that is none is a 404.
func (s *Service) Offers(ctx context.Context, q db.Q, priceIDs []int64) ([]Offer, error) {
	found, err := offers(ctx, q, priceIDs)
	if err != nil {
		return nil, err
	}
	list := make([]Offer, len(priceIDs))
	for i, id := range priceIDs {
		offer, ok := found[id]
		if !ok {
			return nil, errNoPrice
		}
		list[i] = offer
	}
	return list, nil
}

// RetireSeller takes a seller's products off the shelf, in the transaction that erases the seller: nobody could deliver what is
// bought from now on. Buyers keep what they bought.
func (s *Service) RetireSeller(ctx context.Context, tx *db.Tx, seller int64) error {
	archived, err := archiveOf(ctx, tx, seller, s.Now())
	if archived > 0 && s.Changed != nil {
		tx.AfterCommit(s.Changed)
	}
	return err
}
