package httpx

import (
	"errors"
	"io"
	"net/http"
	"time"

	"souk/internal/fault"
)

// uploadPatience is how long an upload may stand still. There is no limit for a whole one.
const uploadPatience = 30 * time.Second

var errCompressed = fault.New(fault.Unsupported, "body_compressed", "Send the file as it is, without Content-Encoding.")

// Upload is the body of a request that is too large for memory. It may take as long as it likes while bytes flow, whatever
// the deadlines of the server. Its errors are faults: what came late is 408, what broke off 400.
type Upload struct {
	body    io.Reader
	server  *http.ResponseController
	renewed time.Time
	done    bool
}

// NewUpload takes the body of r, unless it is compressed. Nothing is read yet, so a client that waits for "100 Continue"
// can still be refused before it sends anything.
func NewUpload(w http.ResponseWriter, r *http.Request) (*Upload, error) {
	if encoding := r.Header.Get("Content-Encoding"); encoding != "" && encoding != "identity" {
		return nil, errCompressed
	}
	return &Upload{body: r.Body, server: http.NewResponseController(w)}, nil
}

func (u *Upload) Read(p []byte) (int, error) {
	if u.done {
		return 0, io.EOF // the server now listens for the client's leaving, and must not be given a deadline
	}
	if now := time.Now(); now.Sub(u.renewed) > time.Second {
		u.renewed = now
		_ = u.server.SetReadDeadline(now.Add(uploadPatience)) // without deadlines the server's own hold
	}
	n, err := u.body.Read(p)
	switch {
	case err == nil:
	case errors.Is(err, io.EOF):
		u.done = true
	default:
		err = bodyFault(err)
	}
	return n, err
}

// AllowAnswer gives the answer its own time to be written. Call it when the work is done: the server's time began with the
// request, and is over after a long upload.
func (u *Upload) AllowAnswer() { _ = u.server.SetWriteDeadline(time.Now().Add(uploadPatience)) }
