package api

import (
	"context"
	"time"

	"souk/internal/fulfillment"
)

type downloadOut struct {
	ID               int64      `json:"id" example:"7"`
	Token            string     `json:"token" example:"q7mVv0m2bJ8y5o1cXw3nZt6sKd9fGh4jLp2rUe8aBiE" doc:"Names the download in its address. Of use to you only."`
	Asset            int64      `json:"asset" example:"3"`
	AssetTitle       string     `json:"asset_title" example:"The guide (PDF)"`
	VersionLabel     string     `json:"version_label" example:"1.2"`
	FileSizeBytes    int64      `json:"file_size_bytes" example:"73400320"`
	ChecksumSHA256   string     `json:"checksum_sha256" example:"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08" doc:"Of the file, in hex; empty when it is not known."`
	ProductSlug      string     `json:"product_slug" example:"field-recordings"`
	ProductName      string     `json:"product_name" example:"Field recordings"`
	OrderItem        int64      `json:"order_item" example:"12"`
	ExpiresAt        *time.Time `json:"expires_at" example:"2027-11-22T20:15:00Z" doc:"Null: never."`
	MaxDownloads     *int64     `json:"max_downloads" example:"5" doc:"Null: no limit."`
	DownloadCount    int64      `json:"download_count" example:"1"`
	LastDownloadedAt *time.Time `json:"last_downloaded_at" example:"2026-11-22T20:15:00Z"`
	IsActive         bool       `json:"is_active" example:"true" doc:"False when it was taken back."`
	CanDownload      bool       `json:"can_download" example:"true" doc:"It is active, not expired and not used up."`
	CreatedAt        time.Time  `json:"created_at" example:"2026-11-22T20:15:00Z"`
	UpdatedAt        time.Time  `json:"updated_at" example:"2026-11-22T20:15:00Z"`
}

func (a *API) downloadWire(g fulfillment.Grant) downloadOut {
	return downloadOut{
		ID: g.ID, Token: g.Token, Asset: g.AssetID, AssetTitle: g.AssetTitle, VersionLabel: g.VersionLabel, FileSizeBytes: g.FileSizeBytes,
		ChecksumSHA256: g.ChecksumSHA256, ProductSlug: g.ProductSlug, ProductName: g.ProductName, OrderItem: g.OrderItemID,
		ExpiresAt: momentOrNull(g.ExpiresAt), MaxDownloads: g.MaxDownloads, DownloadCount: g.DownloadCount,
		LastDownloadedAt: momentOrNull(g.LastDownloadedAt), IsActive: g.IsActive, CanDownload: g.Usable(a.Now()) == nil,
		CreatedAt: moment(g.CreatedAt), UpdatedAt: moment(g.UpdatedAt),
	}
}

func (a *API) listDownloads(ctx context.Context, in *PageIn) (*list[downloadOut], error) {
	buyer := caller(ctx).Profile.ID
	return byID(a, "/api/account/downloads/", nil, *in,
		func(before int64, limit int) ([]fulfillment.Grant, error) {
			return a.Fulfillment.Downloads(ctx, buyer, before, limit)
		},
		func(g fulfillment.Grant) int64 { return g.ID }, a.downloadWire)
}

type accessIn struct {
	Token string `path:"token" example:"q7mVv0m2bJ8y5o1cXw3nZt6sKd9fGh4jLp2rUe8aBiE" doc:"The download's token."`
}

type accessOut struct {
	DownloadURL string      `json:"download_url" example:"https://shop.example.com/files/guide.pdf?exp=1795379700&sig=x" doc:"Loads the file, without credentials, for a while: whole or in parts, as often as needed."`
	Grant       downloadOut `json:"grant"`
}

func (a *API) accessDownload(ctx context.Context, in *accessIn) (*body[accessOut], error) {
	address, grant, err := a.Fulfillment.Access(ctx, caller(ctx).Profile.ID, in.Token)
	return &body[accessOut]{accessOut{DownloadURL: address, Grant: a.downloadWire(grant)}}, err
}
