package api

import (
	"context"

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
