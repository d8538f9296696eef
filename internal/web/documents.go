package web

import (
	"sync"

	"souk/internal/httpx"
)

// Bounds of the documents that are kept. When one is reached, all are let go: they are made again when they are asked for.
const (
	maxDocuments     = 2048
	maxDocumentBytes = 32 << 20
)

// documents keeps what was rendered. A document that shows an answer of the API is good as long as that answer's tag is, which the
// API says: so it is never older than the answer.
type documents struct {
	mu    sync.Mutex
	bytes int
	kept  map[documentKey]document
}

// documentKey is all that a document depends on, but for what the API answers.
type documentKey struct {
	pattern string // of its route; "" for the page that says that there is none
	api     string // what it shows of the API
	address string // its canonical one
	visitor
}

type document struct {
	tag  string // of the API's answer in it
	file httpx.File
	size int
}

func (d *documents) find(key documentKey) document {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.kept[key]
}

func (d *documents) keep(key documentKey, made document) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.bytes += made.size - d.kept[key].size
	if d.kept == nil || len(d.kept) >= maxDocuments || d.bytes > maxDocumentBytes {
		d.kept, d.bytes = map[documentKey]document{}, made.size
	}
	d.kept[key] = made
}
