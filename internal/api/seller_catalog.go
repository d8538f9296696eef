package api

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"souk/internal/catalog"
	"souk/internal/money"
)

type sellerPriceOut struct {
	ID            int64     `json:"id" example:"3"`
	Product       int64     `json:"product" example:"12"`
	Name          string    `json:"name" example:"Standard"`
	AmountCents   int64     `json:"amount_cents" example:"1900" doc:"In the currency's minor unit."`
	Amount        string    `json:"amount" example:"19.00"`
	Currency      string    `json:"currency" example:"USD"`
	BillingPeriod string    `json:"billing_period" enum:"one_time,monthly,yearly" example:"one_time"`
	ClerkPlanID   string    `json:"clerk_plan_id" example:"cplan_2abc"`
	ClerkPriceID  string    `json:"clerk_price_id" example:""`
	IsActive      bool      `json:"is_active" example:"true"`
	IsDefault     bool      `json:"is_default" example:"true"`
	Metadata      metadata  `json:"metadata"`
	CreatedAt     time.Time `json:"created_at" example:"2026-11-22T20:15:00Z"`
	UpdatedAt     time.Time `json:"updated_at" example:"2026-11-22T20:15:00Z"`
}

func sellerPriceWire(p catalog.Price) sellerPriceOut {
	return sellerPriceOut{
		ID: p.ID, Product: p.ProductID, Name: p.Name, AmountCents: p.AmountCents, Amount: money.Format(p.AmountCents, p.Currency), Currency: p.Currency,
		BillingPeriod: p.BillingPeriod, ClerkPlanID: p.ClerkPlanID, ClerkPriceID: p.ClerkPriceID, IsActive: p.IsActive, IsDefault: p.IsDefault,
		Metadata: metadata(p.Metadata), CreatedAt: moment(p.CreatedAt), UpdatedAt: moment(p.UpdatedAt),
	}
}

type assetOut struct {
	ID             int64     `json:"id" example:"5"`
	Product        int64     `json:"product" example:"12"`
	Title          string    `json:"title" example:"The recordings"`
	FilePath       string    `json:"file_path" example:"recordings/dawn.zip"`
	FileSizeBytes  int64     `json:"file_size_bytes" example:"73400320"`
	ChecksumSHA256 string    `json:"checksum_sha256" example:"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"`
	VersionLabel   string    `json:"version_label" example:"1.2"`
	IsActive       bool      `json:"is_active" example:"true"`
	Metadata       metadata  `json:"metadata"`
	CreatedAt      time.Time `json:"created_at" example:"2026-11-22T20:15:00Z"`
	UpdatedAt      time.Time `json:"updated_at" example:"2026-11-22T20:15:00Z"`
}

func assetWire(a catalog.Asset) assetOut {
	return assetOut{
		ID: a.ID, Product: a.ProductID, Title: a.Title, FilePath: a.FilePath, FileSizeBytes: a.FileSizeBytes, ChecksumSHA256: a.ChecksumSHA256,
		VersionLabel: a.VersionLabel, IsActive: a.IsActive, Metadata: metadata(a.Metadata), CreatedAt: moment(a.CreatedAt), UpdatedAt: moment(a.UpdatedAt),
	}
}

type sellerProductOut struct {
	ID           int64            `json:"id" example:"12"`
	Name         string           `json:"name" example:"Field recordings"`
	Slug         string           `json:"slug" example:"field-recordings"`
	Tagline      string           `json:"tagline" example:"Forty quiet places, in stereo."`
	Description  string           `json:"description" example:"Recorded at dawn, without a cut."`
	ProductType  string           `json:"product_type" enum:"digital,service" example:"digital"`
	Visibility   string           `json:"visibility" enum:"draft,published,archived" example:"draft"`
	FeatureKeys  []string         `json:"feature_keys" example:"[\"ai_coach\"]"`
	MaxDownloads *int64           `json:"max_downloads" example:"5" doc:"Of each file, for each unit bought; null: no limit."`
	DownloadDays *int64           `json:"download_days" example:"365" doc:"After the purchase; null: for ever."`
	ActivePrice  *int64           `json:"active_price" example:"3" doc:"The id of the price that the seller chose to show."`
	Metadata     metadata         `json:"metadata"`
	Prices       []sellerPriceOut `json:"prices"`
	Assets       []assetOut       `json:"assets"`
	ServiceOffer *serviceOfferOut `json:"service_offer"`
	CreatedAt    time.Time        `json:"created_at" example:"2026-11-22T20:15:00Z"`
	UpdatedAt    time.Time        `json:"updated_at" example:"2026-11-22T20:15:00Z"`
}

func sellerProductWire(p catalog.Product, parts catalog.Parts) sellerProductOut {
	out := sellerProductOut{
		ID: p.ID, Name: p.Name, Slug: p.Slug, Tagline: p.Tagline, Description: p.Description, ProductType: p.ProductType,
		Visibility: p.Visibility, FeatureKeys: p.FeatureKeys, MaxDownloads: p.MaxDownloads, DownloadDays: p.DownloadDays, ActivePrice: p.ChosenPriceID,
		Metadata: metadata(p.Metadata), Prices: []sellerPriceOut{}, Assets: []assetOut{}, ServiceOffer: serviceOfferOrNull(parts.Offer),
		CreatedAt: moment(p.CreatedAt), UpdatedAt: moment(p.UpdatedAt),
	}
	for _, price := range parts.Prices {
		out.Prices = append(out.Prices, sellerPriceWire(price))
	}
	for _, asset := range parts.Assets {
		out.Assets = append(out.Assets, assetWire(asset))
	}
	return out
}

// ProductFields are what a request may write of a product, besides its name.
type ProductFields struct {
	Slug         *string         `json:"slug,omitempty" maxLength:"200" nullable:"false" example:"field-recordings" doc:"Made from the name when left out."`
	Tagline      *string         `json:"tagline,omitempty" maxLength:"300" nullable:"false" example:"Forty quiet places, in stereo."`
	Description  *string         `json:"description,omitempty" maxLength:"20000" nullable:"false" example:"Recorded at dawn, without a cut."`
	ProductType  *string         `json:"product_type,omitempty" enum:"digital,service" nullable:"false" example:"digital"`
	Visibility   *string         `json:"visibility,omitempty" enum:"draft,published,archived" nullable:"false" example:"published"`
	FeatureKeys  *[]string       `json:"feature_keys,omitempty" maxItems:"200" nullable:"false" example:"[\"AI Coach\"]" doc:"What buyers are entitled to; made lower-case, spaces to _."`
	MaxDownloads nullable[int64] `json:"max_downloads,omitempty" example:"5" doc:"Of each file, for each unit bought; null: no limit. 5 when left out."`
	DownloadDays nullable[int64] `json:"download_days,omitempty" example:"365" doc:"After the purchase; null: for ever."`
	ActivePrice  nullable[int64] `json:"active_price,omitempty" example:"3" doc:"The id of an active price of the product; null: the default or the cheapest is shown."`
	Metadata     metadata        `json:"metadata,omitempty"`
	Prices       any             `json:"prices,omitempty" readOnly:"true" doc:"Ignored."`
	Assets       any             `json:"assets,omitempty" readOnly:"true" doc:"Ignored."`
	ServiceOffer any             `json:"service_offer,omitempty" readOnly:"true" doc:"Ignored."`
	ReadOnly
}

type productCreate struct {
	Name string `json:"name" minLength:"1" maxLength:"200" example:"Field recordings"`
	ProductFields
}

type productPatch struct {
	Name *string `json:"name,omitempty" minLength:"1" maxLength:"200" nullable:"false" example:"Field recordings"`
	ProductFields
}

func (f ProductFields) change(name *string) catalog.ProductChange {
	return catalog.ProductChange{
		Name: name, Slug: f.Slug, Tagline: f.Tagline, Description: f.Description, ProductType: f.ProductType, Visibility: f.Visibility,
		FeatureKeys: f.FeatureKeys, MaxDownloads: catalog.Null(f.MaxDownloads), DownloadDays: catalog.Null(f.DownloadDays),
		ChosenPriceID: catalog.Null(f.ActivePrice), Metadata: json.RawMessage(f.Metadata),
	}
}

func (a *API) sellerProducts(ctx context.Context, products []catalog.Product) ([]sellerProductOut, error) {
	parts, err := a.Catalog.PartsOf(ctx, products, false)
	if err != nil {
		return nil, err
	}
	out := make([]sellerProductOut, len(products))
	for i, p := range products {
		out[i] = sellerProductWire(p, parts[p.ID])
	}
	return out, nil
}

// sellerProduct answers with a product and its parts, unless err.
func (a *API) sellerProduct(ctx context.Context, p catalog.Product, err error) (*body[sellerProductOut], error) {
	if err != nil {
		return nil, err
	}
	wire, err := a.sellerProducts(ctx, []catalog.Product{p})
	if err != nil {
		return nil, err
	}
	return &body[sellerProductOut]{wire[0]}, nil
}

func (a *API) listSellerProducts(ctx context.Context, in *PageIn) (*list[sellerProductOut], error) {
	return byID(a, "/api/seller/products/", nil, *in,
		func(before int64, limit int) ([]sellerProductOut, error) {
			products, err := a.Catalog.Products(ctx, caller(ctx).Profile.ID, before, limit)
			if err != nil {
				return nil, err
			}
			return a.sellerProducts(ctx, products)
		},
		func(p sellerProductOut) int64 { return p.ID }, func(p sellerProductOut) sellerProductOut { return p })
}

func (a *API) createProduct(ctx context.Context, in *body[productCreate]) (*body[sellerProductOut], error) {
	p, err := a.Catalog.CreateProduct(ctx, caller(ctx).Profile.ID, in.Body.change(&in.Body.Name))
	return a.sellerProduct(ctx, p, err)
}

func (a *API) getSellerProduct(ctx context.Context, in *IDIn) (*body[sellerProductOut], error) {
	p, err := a.Catalog.Product(ctx, caller(ctx).Profile.ID, in.ID)
	return a.sellerProduct(ctx, p, err)
}

type patchProductIn struct {
	IDIn
	Body productPatch
}

func (a *API) patchProduct(ctx context.Context, in *patchProductIn) (*body[sellerProductOut], error) {
	p, err := a.Catalog.UpdateProduct(ctx, caller(ctx).Profile.ID, in.ID, in.Body.change(in.Body.Name))
	return a.sellerProduct(ctx, p, err)
}

func (a *API) deleteProduct(ctx context.Context, in *IDIn) (*struct{}, error) {
	return nil, a.Catalog.DeleteProduct(ctx, caller(ctx).Profile.ID, in.ID)
}

// listOfProductIn pages what belongs to a product.
type listOfProductIn struct {
	IDIn
	PageIn
}

// PriceFields are what a request may write of a price, besides what a new one must have.
type PriceFields struct {
	BillingPeriod *string  `json:"billing_period,omitempty" enum:"one_time,monthly,yearly" nullable:"false" example:"one_time" doc:"one_time when left out."`
	ClerkPlanID   *string  `json:"clerk_plan_id,omitempty" maxLength:"200" nullable:"false" example:""`
	ClerkPriceID  *string  `json:"clerk_price_id,omitempty" maxLength:"200" nullable:"false" example:""`
	IsActive      *bool    `json:"is_active,omitempty" nullable:"false" example:"true"`
	IsDefault     *bool    `json:"is_default,omitempty" nullable:"false" example:"true"`
	Metadata      metadata `json:"metadata,omitempty"`
	Product       any      `json:"product,omitempty" readOnly:"true" doc:"Ignored."`
	Amount        any      `json:"amount,omitempty" readOnly:"true" doc:"Ignored."`
	ReadOnly
}

type priceCreate struct {
	Name        string `json:"name" minLength:"1" maxLength:"200" example:"Standard"`
	AmountCents int64  `json:"amount_cents" minimum:"0" maximum:"99999999" example:"1900" doc:"In the currency's minor unit."`
	Currency    string `json:"currency" maxLength:"8" example:"USD" doc:"ISO 4217."`
	PriceFields
}

type pricePatch struct {
	Name        *string `json:"name,omitempty" minLength:"1" maxLength:"200" nullable:"false" example:"Standard"`
	AmountCents *int64  `json:"amount_cents,omitempty" minimum:"0" maximum:"99999999" nullable:"false" example:"1900"`
	Currency    *string `json:"currency,omitempty" maxLength:"8" nullable:"false" example:"USD"`
	PriceFields
}

func (f PriceFields) change(name, currency *string, cents *int64) catalog.PriceChange {
	return catalog.PriceChange{
		Name: name, Currency: currency, AmountCents: cents, BillingPeriod: f.BillingPeriod, ClerkPlanID: f.ClerkPlanID, ClerkPriceID: f.ClerkPriceID,
		IsActive: f.IsActive, IsDefault: f.IsDefault, Metadata: json.RawMessage(f.Metadata),
	}
}

func (a *API) listPrices(ctx context.Context, in *listOfProductIn) (*list[sellerPriceOut], error) {
	return byID(a, fmt.Sprintf("/api/seller/products/%d/prices/", in.ID), nil, in.PageIn,
		func(before int64, limit int) ([]catalog.Price, error) {
			return a.Catalog.Prices(ctx, caller(ctx).Profile.ID, in.ID, before, limit)
		},
		func(p catalog.Price) int64 { return p.ID }, sellerPriceWire)
}

type createPriceIn struct {
	IDIn
	Body priceCreate
}

func (a *API) createPrice(ctx context.Context, in *createPriceIn) (*body[sellerPriceOut], error) {
	p, err := a.Catalog.CreatePrice(ctx, caller(ctx).Profile.ID, in.ID, in.Body.change(&in.Body.Name, &in.Body.Currency, &in.Body.AmountCents))
	return &body[sellerPriceOut]{sellerPriceWire(p)}, err
}

func (a *API) getPrice(ctx context.Context, in *IDIn) (*body[sellerPriceOut], error) {
	p, err := a.Catalog.Price(ctx, caller(ctx).Profile.ID, in.ID)
	return &body[sellerPriceOut]{sellerPriceWire(p)}, err
}

type patchPriceIn struct {
	IDIn
	Body pricePatch
}

func (a *API) patchPrice(ctx context.Context, in *patchPriceIn) (*body[sellerPriceOut], error) {
	p, err := a.Catalog.UpdatePrice(ctx, caller(ctx).Profile.ID, in.ID, in.Body.change(in.Body.Name, in.Body.Currency, in.Body.AmountCents))
	return &body[sellerPriceOut]{sellerPriceWire(p)}, err
}

func (a *API) deletePrice(ctx context.Context, in *IDIn) (*struct{}, error) {
	return nil, a.Catalog.DeletePrice(ctx, caller(ctx).Profile.ID, in.ID)
}

// AssetFields are what a request may write of a file's record, besides what a new one must have.
type AssetFields struct {
	FileSizeBytes  *int64   `json:"file_size_bytes,omitempty" minimum:"0" maximum:"1099511627776" nullable:"false" example:"73400320" doc:"Ignored once the content was uploaded here: it is then measured."`
	ChecksumSHA256 *string  `json:"checksum_sha256,omitempty" maxLength:"64" nullable:"false" doc:"In hex; ignored once the content was uploaded here."`
	VersionLabel   *string  `json:"version_label,omitempty" maxLength:"100" nullable:"false" example:"1.2"`
	IsActive       *bool    `json:"is_active,omitempty" nullable:"false" example:"true"`
	Metadata       metadata `json:"metadata,omitempty"`
	Product        any      `json:"product,omitempty" readOnly:"true" doc:"Ignored."`
	ReadOnly
}

type assetCreate struct {
	Title    string `json:"title" minLength:"1" maxLength:"200" example:"The recordings"`
	FilePath string `json:"file_path" minLength:"1" maxLength:"300" example:"recordings/dawn.zip" doc:"A key in the bucket; its last part is the name that buyers see."`
	AssetFields
}

type assetPatch struct {
	Title    *string `json:"title,omitempty" minLength:"1" maxLength:"200" nullable:"false" example:"The recordings"`
	FilePath *string `json:"file_path,omitempty" minLength:"1" maxLength:"300" nullable:"false" example:"recordings/dawn.zip"`
	AssetFields
}

func (f AssetFields) change(title, filePath *string) catalog.AssetChange {
	return catalog.AssetChange{
		Title: title, FilePath: filePath, ChecksumSHA256: f.ChecksumSHA256, VersionLabel: f.VersionLabel, FileSizeBytes: f.FileSizeBytes,
		IsActive: f.IsActive, Metadata: json.RawMessage(f.Metadata),
	}
}

func (a *API) listAssets(ctx context.Context, in *listOfProductIn) (*list[assetOut], error) {
	return byID(a, fmt.Sprintf("/api/seller/products/%d/assets/", in.ID), nil, in.PageIn,
		func(before int64, limit int) ([]catalog.Asset, error) {
			return a.Catalog.Assets(ctx, caller(ctx).Profile.ID, in.ID, before, limit)
		},
		func(x catalog.Asset) int64 { return x.ID }, assetWire)
}

type createAssetIn struct {
	IDIn
	Body assetCreate
}

func (a *API) createAsset(ctx context.Context, in *createAssetIn) (*body[assetOut], error) {
	x, err := a.Catalog.CreateAsset(ctx, caller(ctx).Profile.ID, in.ID, in.Body.change(&in.Body.Title, &in.Body.FilePath))
	return &body[assetOut]{assetWire(x)}, err
}

func (a *API) getAsset(ctx context.Context, in *IDIn) (*body[assetOut], error) {
	x, err := a.Catalog.Asset(ctx, caller(ctx).Profile.ID, in.ID)
	return &body[assetOut]{assetWire(x)}, err
}

type patchAssetIn struct {
	IDIn
	Body assetPatch
}

func (a *API) patchAsset(ctx context.Context, in *patchAssetIn) (*body[assetOut], error) {
	x, err := a.Catalog.UpdateAsset(ctx, caller(ctx).Profile.ID, in.ID, in.Body.change(in.Body.Title, in.Body.FilePath))
	return &body[assetOut]{assetWire(x)}, err
}

func (a *API) deleteAsset(ctx context.Context, in *IDIn) (*struct{}, error) {
	return nil, a.Catalog.DeleteAsset(ctx, caller(ctx).Profile.ID, in.ID)
}

// OfferFields are what a request may write of a service offer, besides its length.
type OfferFields struct {
	Timezone               *string         `json:"timezone,omitempty" maxLength:"64" nullable:"false" example:"Europe/Berlin" doc:"Of your clock: an IANA name. UTC when it was never set."`
	DeliveryDays           nullable[int64] `json:"delivery_days,omitempty" example:"7"`
	RevisionCount          *int64          `json:"revision_count,omitempty" minimum:"0" maximum:"1000" nullable:"false" example:"2"`
	OnboardingInstructions *string         `json:"onboarding_instructions,omitempty" maxLength:"10000" nullable:"false" example:"Send me your draft a day before."`
	Metadata               metadata        `json:"metadata,omitempty"`
	ReadOnly
}

type offerPut struct {
	SessionMinutes int64 `json:"session_minutes" minimum:"5" maximum:"1440" example:"60"`
	OfferFields
}

type offerPatch struct {
	SessionMinutes *int64 `json:"session_minutes,omitempty" minimum:"5" maximum:"1440" nullable:"false" example:"60"`
	OfferFields
}

func (f OfferFields) change(minutes *int64) catalog.OfferChange {
	return catalog.OfferChange{
		SessionMinutes: minutes, Timezone: f.Timezone, DeliveryDays: catalog.Null(f.DeliveryDays), RevisionCount: f.RevisionCount,
		OnboardingInstructions: f.OnboardingInstructions, Metadata: json.RawMessage(f.Metadata),
	}
}

func (a *API) getServiceOffer(ctx context.Context, in *IDIn) (*body[serviceOfferOut], error) {
	o, err := a.Catalog.Offer(ctx, caller(ctx).Profile.ID, in.ID)
	return &body[serviceOfferOut]{serviceOfferWire(o)}, err
}

type putOfferIn struct {
	IDIn
	Body offerPut
}

func (a *API) putServiceOffer(ctx context.Context, in *putOfferIn) (*body[serviceOfferOut], error) {
	o, err := a.Catalog.SetOffer(ctx, caller(ctx).Profile.ID, in.ID, in.Body.change(&in.Body.SessionMinutes), true)
	return &body[serviceOfferOut]{serviceOfferWire(o)}, err
}

type patchOfferIn struct {
	IDIn
	Body offerPatch
}

func (a *API) patchServiceOffer(ctx context.Context, in *patchOfferIn) (*body[serviceOfferOut], error) {
	o, err := a.Catalog.SetOffer(ctx, caller(ctx).Profile.ID, in.ID, in.Body.change(in.Body.SessionMinutes), false)
	return &body[serviceOfferOut]{serviceOfferWire(o)}, err
}
