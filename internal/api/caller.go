package api

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"souk/internal/fault"
	"souk/internal/identity"
)

type profileOut struct {
	ID              int64     `json:"id" example:"7"`
	ClerkUserID     string    `json:"clerk_user_id" example:"user_2abc"`
	Email           string    `json:"email" example:"ana@example.test"`
	FirstName       string    `json:"first_name" example:"Demo"`
	LastName        string    `json:"last_name" example:"Buyer"`
	ImageURL        string    `json:"image_url" example:"https://img.clerk.com/abc"`
	PlanTier        string    `json:"plan_tier" enum:"free,pro,enterprise" example:"pro"`
	BillingFeatures []string  `json:"billing_features" example:"[\"pro\",\"ai_coach\"]" doc:"From the token, the current entitlements and the public metadata."`
	IsActive        bool      `json:"is_active" example:"true"`
	Metadata        metadata  `json:"metadata" example:"{}"`
	CreatedAt       time.Time `json:"created_at" example:"2026-11-22T20:15:00Z"`
	UpdatedAt       time.Time `json:"updated_at" example:"2026-11-22T20:15:00Z"`
}

func profileWire(p identity.Profile, features []string) profileOut {
	return profileOut{
		ID: p.ID, ClerkUserID: p.ClerkUserID, Email: p.Email, FirstName: p.FirstName, LastName: p.LastName, ImageURL: p.ImageURL,
		PlanTier: identity.PlanTier(features), BillingFeatures: features, IsActive: p.IsActive, Metadata: metadata(p.Metadata),
		CreatedAt: moment(p.CreatedAt), UpdatedAt: moment(p.UpdatedAt),
	}
}

type meOut struct {
	ClerkUserID     string     `json:"clerk_user_id" example:"user_2abc"`
	Email           string     `json:"email" example:"ana@example.test"`
	OrgID           *string    `json:"org_id" example:"org_2abc" doc:"The active organization, or null."`
	BillingFeatures []string   `json:"billing_features" example:"[\"pro\"]" doc:"From the token and the current entitlements."`
	Profile         profileOut `json:"profile"`
}

func (a *API) getMe(ctx context.Context, _ *struct{}) (*body[meOut], error) {
	c := caller(ctx)
	local, err := a.Fulfillment.LocalFeatures(ctx, c.Profile.ID)
	if err != nil {
		return nil, err
	}
	me := meOut{
		ClerkUserID: c.Subject, Email: c.Profile.Email, BillingFeatures: c.BillingFeatures(local),
		Profile: profileWire(c.Profile, a.Identity.ProfileFeatures(c, local)),
	}
	if c.OrgID != "" {
		me.OrgID = &c.OrgID
	}
	return &body[meOut]{me}, nil
}

func (a *API) getProfile(ctx context.Context, _ *struct{}) (*body[profileOut], error) {
	c := caller(ctx)
	local, err := a.Fulfillment.LocalFeatures(ctx, c.Profile.ID)
	if err != nil {
		return nil, err
	}
	return &body[profileOut]{profileWire(c.Profile, a.Identity.ProfileFeatures(c, local))}, nil
}

type featuresIn struct {
	Feature string `query:"feature" maxLength:"200" example:"Pro" doc:"Ask for this one only."`
}

type featuresOut struct {
	EnabledFeatures []string `json:"enabled_features,omitzero" example:"[\"ai_coach\",\"pro\"]" doc:"All of them, sorted; absent when one was asked for."`
	Feature         string   `json:"feature,omitempty" example:"pro" doc:"The feature that was asked for."`
	Enabled         *bool    `json:"enabled,omitempty" example:"true" doc:"Whether it is on."`
}

func (a *API) getFeatures(ctx context.Context, in *featuresIn) (*body[featuresOut], error) {
	c := caller(ctx)
	local, err := a.Fulfillment.LocalFeatures(ctx, c.Profile.ID)
	if err != nil {
		return nil, err
	}
	features := c.BillingFeatures(local)
	if asked := strings.ToLower(strings.TrimSpace(in.Feature)); asked != "" {
		return &body[featuresOut]{featuresOut{Feature: asked, Enabled: new(slices.Contains(features, asked))}}, nil
	}
	slices.Sort(features)
	return &body[featuresOut]{featuresOut{EnabledFeatures: features}}, nil
}

type clerkEmail struct {
	Email    string `json:"email" example:"ana@example.test"`
	Verified bool   `json:"verified" example:"true"`
}

type clerkUserOut struct {
	ClerkUserID    string       `json:"clerk_user_id" example:"user_2abc"`
	FirstName      string       `json:"first_name" example:"Demo"`
	LastName       string       `json:"last_name" example:"Buyer"`
	ImageURL       string       `json:"image_url" example:"https://img.clerk.com/abc"`
	EmailAddresses []clerkEmail `json:"email_addresses"`
	PublicMetadata metadata     `json:"public_metadata" example:"{}"`
	CreatedAt      time.Time    `json:"created_at" example:"2026-11-22T20:15:00Z"`
	LastSignInAt   *time.Time   `json:"last_sign_in_at" example:"2026-11-22T20:15:00Z"`
}

func (a *API) getClerkUser(ctx context.Context, _ *struct{}) (*body[clerkUserOut], error) {
	u, err := a.ClerkUser(ctx, caller(ctx).Subject)
	if err != nil {
		return nil, err
	}
	out := clerkUserOut{
		ClerkUserID: u.ID, FirstName: u.FirstName, LastName: u.LastName, ImageURL: u.ImageURL, EmailAddresses: []clerkEmail{},
		PublicMetadata: metadata(u.PublicMetadata), CreatedAt: moment(u.CreatedAt), LastSignInAt: momentOrNull(u.LastSignInAt),
	}
	for _, e := range u.Emails {
		out.EmailAddresses = append(out.EmailAddresses, clerkEmail{Email: e.Address, Verified: e.Verified})
	}
	return &body[clerkUserOut]{out}, nil
}

var errNoSupabase = fault.New(fault.Unavailable, "supabase_not_configured", "Supabase is not configured here.")

type supabaseProfileOut struct {
	Profile *metadata `json:"profile" doc:"The caller's row as Supabase gives it, or null."`
}

func (a *API) getSupabaseProfile(ctx context.Context, _ *struct{}) (*body[supabaseProfileOut], error) {
	if a.SupabaseProfile == nil {
		return nil, errNoSupabase
	}
	row, err := a.SupabaseProfile(ctx, callersToken(ctx), caller(ctx).Subject)
	if err != nil || row == nil {
		return &body[supabaseProfileOut]{}, err
	}
	return &body[supabaseProfileOut]{supabaseProfileOut{Profile: (*metadata)(&row)}}, nil
}

type customerProfile struct {
	ID          int64  `json:"id" example:"7"`
	ClerkUserID string `json:"clerk_user_id" example:"user_2abc"`
	Email       string `json:"email" example:"ana@example.test"`
	FirstName   string `json:"first_name" example:"Demo"`
	LastName    string `json:"last_name" example:"Buyer"`
}

type customerOut struct {
	ID                 int64           `json:"id" example:"7"`
	Profile            customerProfile `json:"profile"`
	ExternalCustomerID string          `json:"external_customer_id" example:"user_2abc"`
	BillingEmail       string          `json:"billing_email" example:"ana@example.test"`
	FullName           string          `json:"full_name" example:"Demo Buyer"`
	CompanyName        string          `json:"company_name" example:"Silva Sounds"`
	Country            string          `json:"country" example:"PT" doc:"ISO 3166-1 alpha-2, or empty."`
	TaxID              string          `json:"tax_id" example:"PT123456789"`
	Metadata           metadata        `json:"metadata" example:"{}"`
	CreatedAt          time.Time       `json:"created_at" example:"2026-11-22T20:15:00Z"`
	UpdatedAt          time.Time       `json:"updated_at" example:"2026-11-22T20:15:00Z"`
}

func customerWire(c identity.Customer, p identity.Profile) customerOut {
	return customerOut{
		ID: c.ID, Profile: customerProfile{ID: p.ID, ClerkUserID: p.ClerkUserID, Email: p.Email, FirstName: p.FirstName, LastName: p.LastName},
		ExternalCustomerID: c.ExternalCustomerID, BillingEmail: c.BillingEmail, FullName: c.FullName, CompanyName: c.CompanyName,
		Country: c.Country, TaxID: c.TaxID, Metadata: metadata(c.Metadata), CreatedAt: moment(c.CreatedAt), UpdatedAt: moment(c.UpdatedAt),
	}
}

type customerPatch struct {
	BillingEmail       *string   `json:"billing_email,omitempty" maxLength:"254" nullable:"false" example:"billing@example.test"`
	FullName           *string   `json:"full_name,omitempty" maxLength:"200" nullable:"false" example:"Demo Buyer"`
	CompanyName        *string   `json:"company_name,omitempty" maxLength:"200" nullable:"false" example:"Silva Sounds"`
	Country            *string   `json:"country,omitempty" maxLength:"10" nullable:"false" example:"PT" doc:"ISO 3166-1 alpha-2; empty for none."`
	TaxID              *string   `json:"tax_id,omitempty" maxLength:"64" nullable:"false" example:"PT123456789"`
	Metadata           *metadata `json:"metadata,omitempty" nullable:"false" example:"{}"`
	Profile            any       `json:"profile,omitempty" readOnly:"true" doc:"Ignored."`
	ExternalCustomerID any       `json:"external_customer_id,omitempty" readOnly:"true" doc:"Ignored."`
	ReadOnly
}

func (a *API) getCustomer(ctx context.Context, _ *struct{}) (*body[customerOut], error) {
	p := caller(ctx).Profile
	c, err := a.Identity.Customer(ctx, p)
	return &body[customerOut]{customerWire(c, p)}, err
}

func (a *API) patchCustomer(ctx context.Context, in *body[customerPatch]) (*body[customerOut], error) {
	p, b := caller(ctx).Profile, in.Body
	c, err := a.Identity.UpdateCustomer(ctx, p, identity.CustomerChange{
		BillingEmail: b.BillingEmail, FullName: b.FullName, CompanyName: b.CompanyName, Country: b.Country, TaxID: b.TaxID,
		Metadata: (*json.RawMessage)(b.Metadata),
	})
	return &body[customerOut]{customerWire(c, p)}, err
}
