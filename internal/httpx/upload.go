package httpx

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"souk/internal/fault"
)

// uploadPatience is how long an upload may stand still. There is no limit for a whole one.
const uploadPatience = 30 * time.Second

var (
	errCompressed = fault.New(fault.Unsupported, "body_compressed", "Send the file as it is, without Content-Encoding.")
	errForm       = fault.New(fault.Unsupported, "body_is_form", "Send the file itself as the body, not in a form.")
)

// Upload is the part of an operation's input that is a body too large for memory. Embed it in the input.
type Upload struct {
	r *http.Request
	w http.ResponseWriter
}

// Resolve takes the request from huma. Nothing is read yet, so a client that waits for "100 Continue" can still be
// refused before it sends anything.
func (u *Upload) Resolve(ctx huma.Context) []error {
	u.r, u.w = humago.Unwrap(ctx)
	return nil
}

// Open gives the body, and its size in bytes or -1. It may take as long as it likes while bytes flow, whatever the deadlines
// of the server. Its errors are faults: what came late is 408, what broke off 400. Compressed bodies and forms are 415.
func (u *Upload) Open() (body io.Reader, size int64, err error) {
	if encoding := u.r.Header.Get("Content-Encoding"); encoding != "" && encoding != "identity" {
		return nil, 0, errCompressed
	}
	if media, _, err := mime.ParseMediaType(u.r.Header.Get("Content-Type")); err == nil && media == "multipart/form-data" {
		return nil, 0, errForm
	}
	return &patientReader{body: u.r.Body, server: http.NewResponseController(u.w)}, u.r.ContentLength, nil
}

// Done gives the answer its own time to be written: the server's began with the request, and is over after a long upload.
func (u *Upload) Done() {
	_ = http.NewResponseController(u.w).SetWriteDeadline(time.Now().Add(uploadPatience)) // without deadlines none is needed
}

type patientReader struct {
	body    io.Reader
	server  *http.ResponseController
	renewed time.Time
	ended   bool
}

func (p *patientReader) Read(b []byte) (int, error) {
	if p.ended {
		return 0, io.EOF // the server now listens for the client's leaving, and must not be given a deadline
	}
	if now := time.Now(); now.Sub(p.renewed) > time.Second {
		p.renewed = now
		_ = p.server.SetReadDeadline(now.Add(uploadPatience)) // without deadlines the server's own hold
	}
	n, err := p.body.Read(b)
	if p.ended = errors.Is(err, io.EOF); err != nil && !p.ended {
		err = bodyFault(err)
	}
	return n, err
}
