package api

import (
	"context"
	"time"

	"souk/internal/catalog"
	"souk/internal/httpx"
)

type putContentIn struct {
	IDIn
	SHA256 string `header:"X-Content-SHA256" maxLength:"64" example:"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08" doc:"The SHA-256 of the file in hex. A file that is another one is refused."`
	httpx.Upload
}

func (a *API) putContent(ctx context.Context, in *putContentIn) (*body[assetOut], error) {
	file, size, err := in.Open()
	if err != nil {
		return nil, err
	}
	defer in.Done()
	asset, err := a.Catalog.PutContent(ctx, caller(ctx).Profile.ID, in.ID, catalog.Content{Body: file, Size: size, SHA256: in.SHA256})
	return &body[assetOut]{assetWire(asset)}, err
}

type assetOut struct {
	ID             int64     `json:"id" example:"7"`
	Title          string    `json:"title" example:"The guide (PDF)"`
	FilePath       string    `json:"file_path" example:"guides/guide.pdf"`
	FileSizeBytes  int64     `json:"file_size_bytes" example:"482113"`
	ChecksumSHA256 string    `json:"checksum_sha256" example:"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"`
	VersionLabel   string    `json:"version_label" example:"v2"`
	IsActive       bool      `json:"is_active" example:"true"`
	Metadata       metadata  `json:"metadata"`
	CreatedAt      time.Time `json:"created_at" example:"2026-11-22T20:15:00Z"`
	UpdatedAt      time.Time `json:"updated_at" example:"2026-11-22T20:15:00Z"`
}

func assetWire(a catalog.Asset) assetOut {
	return assetOut{
		ID: a.ID, Title: a.Title, FilePath: a.FilePath, FileSizeBytes: a.FileSizeBytes, ChecksumSHA256: a.ChecksumSHA256,
		VersionLabel: a.VersionLabel, IsActive: a.IsActive, Metadata: metadata(a.Metadata), CreatedAt: moment(a.CreatedAt), UpdatedAt: moment(a.UpdatedAt),
	}
}
