package supabase

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"souk/internal/blob"
)

var errStandsStill = errors.New("the upload stood still for two minutes")

// Put sends the body as it comes. Its last byte is held back until the body has ended well, so that Supabase never sees the
// end of one that is not to be stored.
func (s *Store) Put(ctx context.Context, key string, body io.Reader, size int64) error {
	if !blob.ValidKey(key) {
		return notAKey(key)
	}
	if err := ctx.Err(); err != nil {
		return blob.Failed(err)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	watch := time.AfterFunc(storePatience, func() { cancel(errStandsStill) })
	defer watch.Stop()
	in := &held{body: bufio.NewReaderSize(body, 64<<10), size: size, ctx: ctx, watch: watch, closed: make(chan struct{})}
	err := s.upload(ctx, key, in, size)
	if in.err != nil {
		err = in.err // what the transport makes of it says less
	} else if err != nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	if isMissing(err) { // for an upload it can only be the bucket
		return blob.ErrNoBucket.Because(err)
	}
	return failed(err)
}

func (s *Store) upload(ctx context.Context, key string, in *held, size int64) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.base+"/object/"+s.objectPath(key), in)
	if err != nil {
		return err
	}
	if r.ContentLength = size; size == 0 { // for net/http 0 means that it is not known
		if _, err := in.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
			return err
		}
		r.Body = http.NoBody
		_ = in.Close()
	}
	r.Header.Set("Content-Type", blob.MediaType(key))
	r.Header.Set("Cache-Control", "no-store")
	r.Header.Set("X-Upsert", "true")
	_, err = s.do(r)
	<-in.closed // an early answer leaves the transport reading: the body is the caller's again only now
	return err
}

// held is a body that gives its last byte when it is known to be the last.
type held struct {
	body   *bufio.Reader
	size   int64 // -1: any
	given  int64
	ctx    context.Context
	watch  *time.Timer
	err    error // of the body, not its end
	once   sync.Once
	closed chan struct{}
}

func (h *held) Read(p []byte) (int, error) {
	if h.err != nil {
		return 0, h.err
	}
	_, err := h.body.Peek(2)
	h.watch.Reset(storePatience)
	free := h.body.Buffered()
	length := h.given + int64(free) // so many bytes at least, and exactly so many at the end
	ended := errors.Is(err, io.EOF)
	switch {
	case err != nil && !ended:
		h.err = err
	case h.ctx.Err() != nil:
		h.err = context.Cause(h.ctx)
	case h.size >= 0 && (length > h.size || ended && length < h.size):
		h.err = fmt.Errorf("%d bytes came, %d were announced: %w", length, h.size, io.ErrUnexpectedEOF)
	case ended && free == 0:
		return 0, io.EOF
	}
	if h.err != nil {
		return 0, h.err
	}
	if !ended {
		free--
	}
	n, _ := h.body.Read(p[:min(len(p), free)]) // from the buffer
	h.given += int64(n)
	return n, nil
}

// Close tells that nobody reads the body any more.
func (h *held) Close() error {
	h.once.Do(func() { close(h.closed) })
	return nil
}
