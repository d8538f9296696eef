package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
)

// uploadBytes is the size of the uploaded file.
const uploadBytes = 2 << 30

// upload: the most memory that the program holds while it takes a file of 2 GiB.
func (b *bench) upload(ctx context.Context) error {
	s, err := b.newShop(ctx, "sqlite", 1)
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(filepath.Join(s.home, "data", "files")) }()
	p, err := s.serve(ctx)
	if err != nil {
		return err
	}
	defer p.stop()
	token, err := s.token(ctx, p, seller)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPut, p.url+"/api/seller/assets/1/content/", io.LimitReader(rand.NewChaCha8([32]byte{}), uploadBytes))
	if err != nil {
		return err
	}
	r.ContentLength = uploadBytes
	r.Header.Set("Authorization", "Bearer "+token)
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	var asset struct {
		Size int64 `json:"file_size_bytes"`
	}
	if err := json.NewDecoder(res.Body).Decode(&asset); err != nil || res.StatusCode != http.StatusOK || asset.Size != uploadBytes {
		return fmt.Errorf("the upload: %s, %d bytes, %w", res.Status, asset.Size, err)
	}
	most, err := p.memoryMiB("VmHWM")
	if err != nil {
		return err
	}
	b.add(row{what: "most resident memory in an upload of 2 GiB, MiB", engine: "sqlite", value: most, limit: 100, most: true})
	return nil
}
