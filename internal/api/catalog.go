package api

import (
	"context"
	"net/url"
	"strings"
	"time"

	"souk/internal/catalog"
	"souk/internal/money"
)

type priceOut struct {
	ID            int64  `json:"id" example:"3"`
	Name          string `json:"name" example:"Standard"`
	AmountCents   int64  `json:"amount_cents" example:"1900" doc:"In the currency's minor unit."`
	Amount        string `json:"amount" example:"19.00" doc:"With as many decimals as the currency has."`
	Currency      string `json:"currency" example:"USD"`
	BillingPeriod string `json:"billing_period" enum:"one_time,monthly,yearly" example:"one_time"`
	IsDefault     bool   `json:"is_default" example:"true"`
}

func priceWire(p catalog.Price) priceOut {
	return priceOut{
		ID: p.ID, Name: p.Name, AmountCents: p.AmountCents, Amount: money.Format(p.AmountCents, p.Currency), Currency: p.Currency,
		BillingPeriod: p.BillingPeriod, IsDefault: p.IsDefault,
	}
}

// ProductOut is a product as the public sees it.
type ProductOut struct {
	ID          int64     `json:"id" example:"12"`
	Name        string    `json:"name" example:"Field recordings"`
	Slug        string    `json:"slug" example:"field-recordings"`
	Tagline     string    `json:"tagline" example:"Forty quiet places, in stereo."`
	Description string    `json:"description" example:"Recorded at dawn, without a cut."`
	ProductType string    `json:"product_type" enum:"digital,service" example:"digital"`
	Visibility  string    `json:"visibility" enum:"draft,published,archived" example:"published"`
	FeatureKeys []string  `json:"feature_keys" example:"[\"ai_coach\"]"`
	ActivePrice *priceOut `json:"active_price" doc:"The price to show: the seller's choice, else the default, else the cheapest."`
	CreatedAt   time.Time `json:"created_at" example:"2026-11-22T20:15:00Z"`
	UpdatedAt   time.Time `json:"updated_at" example:"2026-11-22T20:15:00Z"`
}

// productWire shows p with its shown price, which is the zero Price when there is none.
func productWire(p catalog.Product, shown catalog.Price) ProductOut {
	out := ProductOut{
		ID: p.ID, Name: p.Name, Slug: p.Slug, Tagline: p.Tagline, Description: p.Description, ProductType: p.ProductType,
		Visibility: p.Visibility, FeatureKeys: p.FeatureKeys, CreatedAt: moment(p.CreatedAt), UpdatedAt: moment(p.UpdatedAt),
	}
	if shown.ID != 0 {
		price := priceWire(shown)
		out.ActivePrice = &price
	}
	return out
}

type publicAsset struct {
	ID            int64  `json:"id" example:"5"`
	Title         string `json:"title" example:"The recordings"`
	VersionLabel  string `json:"version_label" example:"1.2"`
	FileSizeBytes int64  `json:"file_size_bytes" example:"73400320"`
}

type serviceOfferOut struct {
	ID                     int64     `json:"id" example:"2"`
	SessionMinutes         int64     `json:"session_minutes" example:"60"`
	Timezone               string    `json:"timezone" example:"Europe/Berlin" doc:"Of the seller's clock: an IANA name."`
	DeliveryDays           *int64    `json:"delivery_days" example:"7"`
	RevisionCount          int64     `json:"revision_count" example:"2"`
	OnboardingInstructions string    `json:"onboarding_instructions" example:"Send me your draft a day before."`
	Metadata               metadata  `json:"metadata"`
	CreatedAt              time.Time `json:"created_at" example:"2026-11-22T20:15:00Z"`
	UpdatedAt              time.Time `json:"updated_at" example:"2026-11-22T20:15:00Z"`
}

func serviceOfferWire(o catalog.ServiceOffer) serviceOfferOut {
	return serviceOfferOut{
		ID: o.ID, SessionMinutes: o.SessionMinutes, Timezone: o.Timezone, DeliveryDays: o.DeliveryDays, RevisionCount: o.RevisionCount,
		OnboardingInstructions: o.OnboardingInstructions, Metadata: metadata(o.Metadata), CreatedAt: moment(o.CreatedAt), UpdatedAt: moment(o.UpdatedAt),
	}
}

func serviceOfferOrNull(o *catalog.ServiceOffer) *serviceOfferOut {
	if o == nil {
		return nil
	}
	wire := serviceOfferWire(*o)
	return &wire
}

type productDetail struct {
	ProductOut
	MaxDownloads *int64           `json:"max_downloads" example:"5" doc:"Of each file and unit bought; null: no limit."`
	DownloadDays *int64           `json:"download_days" example:"365" doc:"How long the files can be downloaded; null: for ever."`
	Prices       []priceOut       `json:"prices"`
	Assets       []publicAsset    `json:"assets"`
	ServiceOffer *serviceOfferOut `json:"service_offer"`
	Metadata     metadata         `json:"metadata"`
}

type listProductsIn struct {
	PageIn
	ProductType string `query:"product_type" enum:"digital,service" doc:"Only products of this type."`
	Search      string `query:"search" maxLength:"200" example:"recordings" doc:"Only products with all these words in name, tagline or description."`
	Ordering    string `query:"ordering" enum:"created_at,-created_at,name,-name,price,-price" default:"-created_at" doc:"With - in front: descending."`
}

func (a *API) listProducts(ctx context.Context, in *listProductsIn) (*list[ProductOut], error) {
	by, descending := strings.CutPrefix(in.Ordering, "-")
	order := catalog.Order{By: by, Descending: descending}
	filters := url.Values{"product_type": {in.ProductType}, "search": {in.Search}, "ordering": {in.Ordering}}
	products, link, err := pageOf(a, "/api/products/", filters, in.PageIn, nil,
		func(after *catalog.Position, limit int) ([]catalog.Product, error) {
			return a.Catalog.Public(ctx, catalog.Filter{ProductType: in.ProductType, Search: in.Search}, order, after, limit)
		},
		func(p catalog.Product) *catalog.Position { return new(catalog.PositionOf(p, order)) })
	if err != nil {
		return nil, err
	}
	prices, err := a.Catalog.ShownPrices(ctx, products)
	if err != nil {
		return nil, err
	}
	out := &list[ProductOut]{Link: link, Body: []ProductOut{}}
	for _, p := range products {
		out.Body = append(out.Body, productWire(p, prices[p.ID]))
	}
	return out, nil
}

// SlugIn is the {slug} of a path.
type SlugIn struct {
	Slug string `path:"slug" maxLength:"200" example:"field-recordings" doc:"The product's slug."`
}

func (a *API) getProduct(ctx context.Context, in *SlugIn) (*body[productDetail], error) {
	p, err := a.Catalog.PublicProduct(ctx, in.Slug)
	if err != nil {
		return nil, err
	}
	all, err := a.Catalog.PartsOf(ctx, []catalog.Product{p}, true)
	if err != nil {
		return nil, err
	}
	parts := all[p.ID]
	out := productDetail{
		ProductOut: productWire(p, parts.Shown(p)), MaxDownloads: p.MaxDownloads, DownloadDays: p.DownloadDays, Prices: []priceOut{},
		Assets: []publicAsset{}, ServiceOffer: serviceOfferOrNull(parts.Offer), Metadata: metadata(p.Metadata),
	}
	for _, price := range parts.Prices {
		out.Prices = append(out.Prices, priceWire(price))
	}
	for _, asset := range parts.Assets {
		out.Assets = append(out.Assets, publicAsset{ID: asset.ID, Title: asset.Title, VersionLabel: asset.VersionLabel, FileSizeBytes: asset.FileSizeBytes})
	}
	return &body[productDetail]{out}, nil
}
