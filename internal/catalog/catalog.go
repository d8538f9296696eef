// Package catalog keeps what is sold: products, their prices, their files and their service offers. It owns what the public
// sees, and what of it is whose. It refuses to know orders and buyers.
package catalog

import (
	"encoding/json"
	"time"

	"souk/internal/blob"
	"souk/internal/db"
	"souk/internal/fault"
)

// Service is the domain. Safe for concurrent use.
type Service struct {
	DB       *db.DB
	Files    blob.Store
	MaxBytes int64         // of one uploaded file
	URLTTL   time.Duration // how long a signed address of a file lives
	Now      func() time.Time
}

// Asset is a file of a product. FilePath names it; its bytes lie at ContentKey, or at FilePath when they came there by
// other means than an upload.
type Asset struct {
	ID, ProductID  int64
	Title          string
	FilePath       string
	ContentKey     string
	FileSizeBytes  int64
	ChecksumSHA256 string // hex, or empty
	VersionLabel   string
	IsActive       bool
	Metadata       json.RawMessage
	CreatedAt      time.Time
	UpdatedAt      time.Time
}

var errNoAsset = fault.Absent("asset")
