package app

import (
	"bytes"
	"context"
	"errors"
	"math"

	"souk/internal/catalog"
	"souk/internal/config"
	"souk/internal/demo"
)

// IsNew says that the database has no schema yet: nobody has used it.
func IsNew(ctx context.Context, cfg *config.Config) (bool, error) {
	d, err := openDB(cfg)
	if err != nil {
		return false, err
	}
	current, _, err := d.Schema(ctx)
	return current == 0, errors.Join(err, d.Close())
}

// Seed puts up the demo shop and says how many products it added. What is there already stays as it is, so a second run
// changes nothing, and one after an interruption completes it.
func (a *App) Seed(ctx context.Context) (added int, err error) {
	if !a.Config.StandInClerk() {
		return 0, errors.New("the demo shop is for development: its people sign in with souk token, and a Clerk key is set")
	}
	seller, err := a.person(ctx, demo.Seller)
	if err != nil {
		return 0, err
	}
	if a.Config.SellerAccess != "open" {
		if _, err := a.people.AddSeller(ctx, demo.Seller.Email); err != nil {
			return 0, err
		}
	}
	for _, b := range demo.Buyers {
		if _, err := a.person(ctx, b); err != nil {
			return 0, err
		}
	}
	theirs, err := a.catalog.Products(ctx, seller, math.MaxInt64, 200)
	if err != nil {
		return 0, err
	}
	there := map[string]catalog.Product{}
	for _, p := range theirs {
		there[p.Slug] = p
	}
	for _, p := range demo.Products {
		product, begun := there[p.Slug]
		if begun && product.Visibility != catalog.Draft {
			continue
		}
		if err := a.putUp(ctx, seller, p, product.ID); err != nil {
			return added, err
		}
		added++
	}
	return added, nil
}

// person makes the profile and the buyer account, and gives the profile's id.
func (a *App) person(ctx context.Context, p demo.Person) (int64, error) {
	claims, err := a.know(p)
	if err != nil {
		return 0, err
	}
	c, err := a.people.Caller(ctx, claims)
	if err != nil {
		return 0, err
	}
	_, err = a.people.Customer(ctx, c.Profile)
	return c.Profile.ID, err
}

// putUp makes the product as a draft, or goes on with the one of id, adds what it lacks, and publishes it.
func (a *App) putUp(ctx context.Context, seller int64, p demo.Product, id int64) error {
	if id == 0 {
		change := catalog.ProductChange{
			Name: &p.Name, Slug: &p.Slug, Tagline: &p.Tagline, Description: &p.Description, FeatureKeys: &p.FeatureKeys,
			ProductType: new(catalog.TypeDigital),
		}
		if p.Offer != nil {
			change.ProductType = new(catalog.TypeService)
		} else {
			change.MaxDownloads = catalog.Null{Set: true, Value: &p.MaxDownloads}
		}
		made, err := a.catalog.CreateProduct(ctx, seller, change)
		if err != nil {
			return err
		}
		id = made.ID
	}
	err := errors.Join(a.putPrices(ctx, seller, id, p), a.putFiles(ctx, seller, id, p))
	if err == nil && p.Offer != nil {
		_, err = a.catalog.SetOffer(ctx, seller, id, catalog.OfferChange{
			SessionMinutes: &p.Offer.SessionMinutes, Timezone: &p.Offer.Timezone, DeliveryDays: catalog.Null{Set: true, Value: &p.Offer.DeliveryDays},
			RevisionCount: &p.Offer.RevisionCount, OnboardingInstructions: &p.Offer.Onboarding,
		}, true)
	}
	if err != nil {
		return err
	}
	_, err = a.catalog.UpdateProduct(ctx, seller, id, catalog.ProductChange{Visibility: new(catalog.Published)})
	return err
}

func (a *App) putPrices(ctx context.Context, seller, id int64, p demo.Product) error {
	prices, err := a.catalog.Prices(ctx, seller, id, math.MaxInt64, 200)
	if err != nil {
		return err
	}
	there := map[string]bool{}
	for _, price := range prices {
		there[price.Name] = true
	}
	for i, price := range p.Prices {
		if there[price.Name] {
			continue
		}
		change := catalog.PriceChange{
			Name: &price.Name, AmountCents: &price.AmountCents, Currency: new("USD"), BillingPeriod: &price.Period, IsDefault: new(i == 0),
		}
		if p.Plan != nil {
			change.ClerkPlanID = &p.Plan.ID
		}
		if _, err := a.catalog.CreatePrice(ctx, seller, id, change); err != nil {
			return err
		}
	}
	return nil
}

func (a *App) putFiles(ctx context.Context, seller, id int64, p demo.Product) error {
	assets, err := a.catalog.Assets(ctx, seller, id, math.MaxInt64, 200)
	if err != nil {
		return err
	}
	there := map[string]catalog.Asset{}
	for _, asset := range assets {
		there[asset.FilePath] = asset
	}
	for _, f := range p.Files {
		asset, begun := there[f.Path]
		if !begun {
			asset, err = a.catalog.CreateAsset(ctx, seller, id, catalog.AssetChange{Title: &f.Title, FilePath: &f.Path, VersionLabel: &f.Version})
		}
		if err == nil && asset.ContentKey == "" {
			content := f.Content()
			_, err = a.catalog.PutContent(ctx, seller, asset.ID, catalog.Content{Body: bytes.NewReader(content), Size: int64(len(content))})
		}
		if err != nil {
			return err
		}
	}
	return nil
}
