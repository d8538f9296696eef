package api

import (
	"context"
	"net/url"
	"strconv"
	"time"

	"souk/internal/fulfillment"
)

type entitlementOut struct {
	ID              int64      `json:"id" example:"7"`
	FeatureKey      string     `json:"feature_key" example:"ai_coach"`
	SourceType      string     `json:"source_type" enum:"plan,purchase,manual" example:"purchase"`
	SourceReference string     `json:"source_reference" example:"0b1f7a52-6f0e-4e0c-9d3e-5f4f3f1c2a10" doc:"Of a purchase, the order's public_id."`
	StartsAt        time.Time  `json:"starts_at" example:"2026-11-22T20:15:00Z"`
	EndsAt          *time.Time `json:"ends_at" doc:"Null: it does not end."`
	IsActive        bool       `json:"is_active" example:"true"`
	IsCurrent       bool       `json:"is_current" example:"true" doc:"It counts now."`
	Metadata        metadata   `json:"metadata"`
	CreatedAt       time.Time  `json:"created_at" example:"2026-11-22T20:15:00Z"`
	UpdatedAt       time.Time  `json:"updated_at" example:"2026-11-22T20:15:00Z"`
}

func entitlementWire(e fulfillment.Entitlement, now time.Time) entitlementOut {
	return entitlementOut{
		ID: e.ID, FeatureKey: e.FeatureKey, SourceType: e.SourceType, SourceReference: e.SourceReference, StartsAt: moment(e.StartsAt),
		EndsAt: momentOrNull(e.EndsAt), IsActive: e.IsActive, IsCurrent: e.Current(now), Metadata: metadata(e.Metadata),
		CreatedAt: moment(e.CreatedAt), UpdatedAt: moment(e.UpdatedAt),
	}
}

type entitlementsIn struct {
	PageIn
	Current bool `query:"current" default:"true" doc:"Only those that count now; false for all."`
}

func (a *API) listEntitlements(ctx context.Context, in *entitlementsIn) (*list[entitlementOut], error) {
	buyer, now := caller(ctx).Profile.ID, a.Now()
	return byID(a, "/api/account/entitlements/", url.Values{"current": {strconv.FormatBool(in.Current)}}, in.PageIn,
		func(before int64, limit int) ([]fulfillment.Entitlement, error) {
			return a.Fulfillment.Entitlements(ctx, buyer, in.Current, before, limit)
		},
		func(e fulfillment.Entitlement) int64 { return e.ID },
		func(e fulfillment.Entitlement) entitlementOut { return entitlementWire(e, now) })
}
