package httpx

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strconv"

	"souk/internal/fault"
)

// Page limits, in rows.
const (
	DefaultPage = 100
	MaxPage     = 200
)

// Cursors makes and reads the opaque ?cursor= of keyset pages. A cursor is signed, and good only for the list it was
// made for.
type Cursors struct{ key []byte }

// NewCursors signs with a key that is derived from secret.
func NewCursors(secret string) Cursors {
	sum := sha256.Sum256([]byte("souk cursors\n" + secret))
	return Cursors{key: sum[:]}
}

const cursorMAC = 12 // bytes; a forged cursor could only name a place in the caller's own list

var errCursor = fault.InvalidField("query.cursor", "is not a cursor of this list; take it from the Link header")

// Write makes the cursor that continues list (its path and what else it is ordered and filtered by) behind position.
func (c Cursors) Write(list string, position any) string {
	text, err := json.Marshal(position)
	if err != nil {
		panic(err) // positions are plain structs
	}
	return base64.RawURLEncoding.EncodeToString(append(c.mac(list, text), text...))
}

// Read puts the position of a cursor into position; an empty cursor leaves it and answers false.
func (c Cursors) Read(list, cursor string, position any) (bool, error) {
	if cursor == "" {
		return false, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil || len(raw) < cursorMAC || !hmac.Equal(raw[:cursorMAC], c.mac(list, raw[cursorMAC:])) {
		return false, errCursor
	}
	if json.Unmarshal(raw[cursorMAC:], position) != nil {
		return false, errCursor
	}
	return true, nil
}

func (c Cursors) mac(list string, text []byte) []byte {
	h := hmac.New(sha256.New, c.key)
	_, _ = h.Write([]byte(list + "\n"))
	_, _ = h.Write(text)
	return h.Sum(nil)[:cursorMAC]
}

// NextLink is the Link header (RFC 8288) to the page of the same list behind cursor.
func NextLink(path string, query url.Values, limit int, cursor string) string {
	q := url.Values{}
	for name, values := range query {
		if len(values) > 0 && values[0] != "" {
			q[name] = values
		}
	}
	q.Set("limit", strconv.Itoa(limit))
	q.Set("cursor", cursor)
	return "<" + path + "?" + q.Encode() + `>; rel="next"`
}
