package httpx

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// File is fixed content that was compressed before, with what a client may do with it. It answers GET and HEAD.
type File struct {
	Type  string // Content-Type
	Keep  string // Cache-Control
	forms []form // the smallest first
}

// form is content in one encoding; "" is none.
type form struct {
	encoding, tag string
	content       []byte
}

// Packed is content with its compressed forms. Only Gzip must be there; without Plain it is unpacked for a client that takes
// no other form.
type Packed struct{ Plain, Gzip, Brotli []byte }

// PackedFile is a file that was compressed when the program was built.
func PackedFile(contentType, keep string, p Packed) File {
	f := File{Type: contentType, Keep: keep}
	if p.Brotli != nil {
		f.forms = append(f.forms, form{"br", etag(p.Brotli), p.Brotli})
	}
	f.forms = append(f.forms, form{"gzip", etag(p.Gzip), p.Gzip})
	if p.Plain != nil {
		f.forms = append(f.forms, form{"", etag(p.Plain), p.Plain})
	}
	return f
}

// PlainFile is a file that is compressed now, if that is worth it.
func PlainFile(contentType, keep string, content []byte) File {
	f := File{Type: contentType, Keep: keep}
	var packed bytes.Buffer
	w, _ := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	_, _ = w.Write(content) // a buffer takes everything
	_ = w.Close()
	if packed.Len() < len(content) {
		f.forms = append(f.forms, form{"gzip", etag(packed.Bytes()), packed.Bytes()})
	}
	f.forms = append(f.forms, form{"", etag(content), content})
	return f
}

// ServeHTTP answers 200 in the smallest form that the client takes, or 304 when it has that form.
func (f File) ServeHTTP(w http.ResponseWriter, r *http.Request) { f.Serve(w, r, http.StatusOK) }

// Serve is ServeHTTP with another status than 200, as a page has that says that there is nothing.
func (f File) Serve(w http.ResponseWriter, r *http.Request, status int) {
	h := w.Header()
	h.Set("Cache-Control", f.Keep)
	h.Add("Vary", "Accept-Encoding")
	chosen := f.form(r.Header.Values("Accept-Encoding"))
	if status == http.StatusOK {
		h.Set("ETag", chosen.tag)
		if matches(r.Header.Values("If-None-Match"), chosen.tag) {
			w.WriteHeader(http.StatusNotModified)
			return
		}
	}
	h.Set("Content-Type", f.Type)
	if chosen.encoding != "" {
		h.Set("Content-Encoding", chosen.encoding)
	}
	h.Set("Content-Length", strconv.Itoa(len(chosen.content)))
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(chosen.content) // the client is gone, or has it
	}
}

// form is the first that the client takes; one that takes none gets the last, unpacked.
func (f File) form(accepted []string) form {
	for _, form := range f.forms {
		if form.encoding == "" || accepts(accepted, form.encoding) {
			return form
		}
	}
	packed := f.forms[len(f.forms)-1]
	reader, err := gzip.NewReader(bytes.NewReader(packed.content))
	if err != nil {
		return packed
	}
	plain, err := io.ReadAll(reader)
	if err != nil {
		return packed
	}
	return form{"", etag(plain), plain}
}

// accepts says that encoding is named, and not with a weight of zero.
func accepts(lists []string, encoding string) bool {
	for part := range strings.SplitSeq(strings.Join(lists, ","), ",") {
		name, weight, _ := strings.Cut(part, ";")
		if strings.EqualFold(strings.TrimSpace(name), encoding) {
			value, weighted := strings.CutPrefix(strings.ReplaceAll(weight, " ", ""), "q=")
			q, err := strconv.ParseFloat(value, 64)
			return !weighted || err == nil && q > 0
		}
	}
	return false
}

// matches says that a tag of If-None-Match is tag; a weak one compares like a strong one (RFC 9110, 13.1.2).
func matches(lists []string, tag string) bool {
	for part := range strings.SplitSeq(strings.Join(lists, ","), ",") {
		if part = strings.TrimSpace(part); part == "*" || strings.TrimPrefix(part, "W/") == tag {
			return true
		}
	}
	return false
}
