package local

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"strings"
	"time"

	"souk/internal/blob"
	"souk/internal/fault"
)

// patience is how long one write to a client may take. There is no limit for a whole download.
const patience = 30 * time.Second

var (
	errGone  = fault.Absent("file")
	errRange = fault.New(fault.OutOfRange, "range_not_satisfiable", "The file has no such part. Ask for one range of bytes at a time.")
)

// Serve answers a request for a signed address: the file, or a part of it. allow is asked whether the grant of the
// address still stands. An error is a fault, and nothing but headers was written before it.
func (s *Store) Serve(w http.ResponseWriter, r *http.Request, allow func(ctx context.Context, grant string) error) error {
	l, err := s.verify(r.Method, r.URL)
	if err != nil {
		return err
	}
	if err := allow(r.Context(), l.Grant); err != nil {
		return err
	}
	f, info, err := s.open(l.key)
	if errors.Is(err, blob.ErrNotFound) || errors.Is(err, fs.ErrNotExist) {
		return errGone
	}
	if err != nil {
		return blob.Failed(err)
	}
	defer func() { _ = f.Close() }()
	if ranges := r.Header.Values("Range"); len(ranges) > 1 || len(ranges) == 1 && strings.Contains(ranges[0], ",") {
		w.Header().Set("Content-Range", fmt.Sprintf("bytes */%d", info.Size()))
		return errRange
	}
	header := w.Header()
	header.Set("ETag", etag(l, info))
	header.Set("Content-Type", blob.MediaType(l.FileName))
	header.Set("Content-Disposition", blob.Disposition(l.FileName))
	header.Set("Content-Security-Policy", "sandbox; default-src 'none'")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Cache-Control", "private, no-store")
	out := &patientWriter{ResponseWriter: w, controller: http.NewResponseController(w)}
	http.ServeContent(out, r, "", info.ModTime(), f)
	if out.refused {
		header.Del("Content-Disposition")
		header.Del("Last-Modified")
		return errRange
	}
	return nil
}

func (s *Store) open(key string) (*os.File, fs.FileInfo, error) {
	if _, err := s.stat(key); err != nil {
		return nil, nil, err
	}
	f, err := s.root.Open(key)
	if err != nil {
		return nil, nil, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, nil, errors.Join(err, f.Close())
	}
	return f, info, nil
}

func etag(l link, info fs.FileInfo) string {
	if l.SHA256 != "" {
		return `"` + l.SHA256 + `"`
	}
	return fmt.Sprintf(`"%x-%x"`, info.Size(), info.ModTime().UnixNano())
}

// patientWriter gives each write its own time, and holds back the plain text of ServeContent's 416.
type patientWriter struct {
	http.ResponseWriter
	controller *http.ResponseController
	refused    bool
}

func (p *patientWriter) WriteHeader(status int) {
	if p.refused = status == http.StatusRequestedRangeNotSatisfiable; !p.refused {
		p.ResponseWriter.WriteHeader(status)
	}
}

func (p *patientWriter) Write(b []byte) (int, error) {
	if p.refused {
		return len(b), nil
	}
	_ = p.controller.SetWriteDeadline(time.Now().Add(patience)) // a writer without deadlines has the server's own
	return p.ResponseWriter.Write(b)
}
