package httpx

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"os"
	"strings"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"

	"souk/internal/fault"
)

// MaxJSONBytes is the largest JSON body that is read.
const MaxJSONBytes = 64 << 10

const maxJSONDepth = 32

// maxNameShown is how many bytes of a field's name a location has: with whole ones, a long name over a long array would cost
// their product.
const maxNameShown = 100

var (
	errNotJSON  = fault.New(fault.Unsupported, "not_json", "Send the body as application/json, not compressed.")
	errTooLarge = fault.New(fault.TooLarge, "body_too_large", "The body is larger than this address takes.")
	errTooSlow  = fault.New(fault.Timeout, "body_too_slow", "The body did not arrive in time.")
	errBroken   = fault.New(fault.Malformed, "body_broken", "The body ended before it was whole.")
)

// StrictJSON reads and checks the body of an operation that takes JSON, and puts the bytes back for the handler. Refused
// are: another media type (415), more than MaxJSONBytes (413), a late body (408), and what encoding/json would let pass
// (400): names given twice, text behind the value, more than 32 levels, invalid UTF-8. A null in a field that
// takes none is 422, and so is the character NUL in a text, which PostgreSQL cannot store. Field types and ranges are the
// schema's business, checked by huma after this.
func StrictJSON(op *huma.Operation, schemas huma.Registry, next http.Handler) http.Handler {
	if op.RequestBody == nil || op.RequestBody.Content["application/json"] == nil {
		return next
	}
	schema := op.RequestBody.Content["application/json"].Schema
	optional := !op.RequestBody.Required
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := readJSON(w, r, optional)
		if err == nil && len(body) > 0 {
			err = checkJSON(body, schema, schemas)
		}
		if err != nil {
			WriteProblem(w, r, err)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		r.ContentLength = int64(len(body))
		next.ServeHTTP(w, r)
	})
}

func readJSON(w http.ResponseWriter, r *http.Request, optional bool) ([]byte, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxJSONBytes))
	if err != nil {
		return nil, bodyFault(err)
	}
	if optional && len(body) == 0 {
		return nil, nil
	}
	media, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	charset, given := params["charset"]
	if err != nil || media != "application/json" || given && !strings.EqualFold(charset, "utf-8") || r.Header.Get("Content-Encoding") != "" {
		return nil, errNotJSON
	}
	return body, nil
}

// bodyFault says why a body could not be read to its end.
func bodyFault(err error) error {
	var tooLarge *http.MaxBytesError
	var network net.Error
	switch {
	case errors.As(err, &tooLarge):
		return errTooLarge
	case errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &network) && network.Timeout():
		return errTooSlow
	default:
		return errBroken.Because(err)
	}
}

func checkJSON(body []byte, schema *huma.Schema, schemas huma.Registry) error {
	if !utf8.Valid(body) {
		return malformed("it is not valid UTF-8")
	}
	c := checker{dec: json.NewDecoder(bytes.NewReader(body)), schemas: schemas}
	c.dec.UseNumber()
	if err := c.value("body", schema, 1); err != nil {
		return err
	}
	if _, err := c.dec.Token(); !errors.Is(err, io.EOF) {
		return malformed("there is text behind the JSON value")
	}
	return c.faults.Err()
}

func malformed(why string) error {
	return fault.New(fault.Malformed, "malformed_json", "The body is not JSON that can be taken: "+why+".")
}

type checker struct {
	dec     *json.Decoder
	schemas huma.Registry
	faults  fault.Checks
}

// value reads one JSON value at location. schema may be nil: then anything goes, but for the form.
func (c *checker) value(location string, schema *huma.Schema, depth int) error {
	if depth > maxJSONDepth {
		return malformed(fmt.Sprintf("it is nested deeper than %d levels", maxJSONDepth))
	}
	token, err := c.dec.Token()
	if err != nil {
		return malformed("it breaks off or has a syntax error")
	}
	schema = c.resolve(schema)
	if text, ok := token.(string); ok {
		c.faults.Add(!strings.ContainsRune(text, 0), location, "must not have the character NUL")
	}
	switch token {
	case nil:
		c.faults.Add(schema == nil || schema.Type == "" || schema.Nullable || schema.ReadOnly, location, "must not be null")
	case json.Delim('{'):
		return c.object(location, schema, depth)
	case json.Delim('['):
		for i := 0; c.dec.More(); i++ {
			var item *huma.Schema
			if schema != nil {
				item = schema.Items
			}
			if err := c.value(fmt.Sprintf("%s[%d]", location, i), item, depth+1); err != nil {
				return err
			}
		}
		if _, err := c.dec.Token(); err != nil {
			return malformed("it breaks off or has a syntax error")
		}
	}
	return nil
}

func (c *checker) object(location string, schema *huma.Schema, depth int) error {
	seen := map[string]bool{}
	for c.dec.More() {
		token, err := c.dec.Token()
		name, ok := token.(string)
		if err != nil || !ok {
			return malformed("it breaks off or has a syntax error")
		}
		if seen[name] {
			return malformed("a name stands twice in one object")
		}
		seen[name] = true
		var field *huma.Schema
		if schema != nil {
			field = schema.Properties[name]
		}
		if err := c.value(location+"."+name[:min(len(name), maxNameShown)], field, depth+1); err != nil {
			return err
		}
	}
	if _, err := c.dec.Token(); err != nil {
		return malformed("it breaks off or has a syntax error")
	}
	return nil
}

func (c *checker) resolve(s *huma.Schema) *huma.Schema {
	for s != nil && s.Ref != "" {
		s = c.schemas.SchemaFromRef(s.Ref)
	}
	return s
}
