// Package lenient reads JSON whose exact form its sender's documents disagree on: a field may be missing, null, empty, or of
// another name in another version. It knows no provider; which names mean the same is the caller's knowledge.
package lenient

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"time"
)

// Object is a JSON object, with its fields unread.
type Object map[string]json.RawMessage

// Parse reads an object. ok is false for anything else.
func Parse(raw []byte) (o Object, ok bool) {
	if json.Unmarshal(raw, &o) != nil || o == nil {
		return nil, false
	}
	return o, true
}

// field is the first of names that is there and not null. null says that one was there, and was null.
func (o Object) field(names []string) (raw json.RawMessage, null bool) {
	for _, name := range names {
		raw, there := o[name]
		if there && !bytes.Equal(bytes.TrimSpace(raw), []byte("null")) {
			return raw, false
		}
		null = null || there
	}
	return nil, null
}

// Text is the first of names that is a text which is not empty, without spaces around it; else empty.
func (o Object) Text(names ...string) string {
	for _, name := range names {
		var text string
		if json.Unmarshal(o[name], &text) == nil {
			if text = clean(text); text != "" {
				return text
			}
		}
	}
	return ""
}

// Said is a text that is told apart from silence: nil when the field is missing or no text, a pointer to the empty text when it is null.
func (o Object) Said(name string) *string {
	raw, null := o.field([]string{name})
	var text string
	if !null && (raw == nil || json.Unmarshal(raw, &text) != nil) {
		return nil
	}
	text = clean(text)
	return &text
}

// clean trims, and drops what a database does not keep in a text.
func clean(text string) string { return strings.TrimSpace(strings.ReplaceAll(text, "\x00", "")) }

// Object is the first of names that is an object; else nil, which has no field.
func (o Object) Object(names ...string) Object {
	for _, name := range names {
		if inner, ok := Parse(o[name]); ok {
			return inner
		}
	}
	return nil
}

// Objects are the objects of the first of names that is a list with any.
func (o Object) Objects(names ...string) (list []Object) {
	for _, name := range names {
		var items []json.RawMessage
		if json.Unmarshal(o[name], &items) != nil {
			continue
		}
		for _, item := range items {
			if inner, ok := Parse(item); ok {
				list = append(list, inner)
			}
		}
		if len(list) > 0 {
			break
		}
	}
	return list
}

// Bool is the first of names that is a boolean.
func (o Object) Bool(names ...string) (value, there bool) {
	raw, _ := o.field(names)
	return value, raw != nil && json.Unmarshal(raw, &value) == nil
}

// Int is the first of names that is a whole number.
func (o Object) Int(names ...string) (value int64, there bool) {
	raw, _ := o.field(names)
	return value, raw != nil && json.Unmarshal(raw, &value) == nil
}

// Time is the first of names that is a time: seconds or milliseconds since 1970, as a number or a text, or RFC 3339. there is also
// true for null, which is no time, and false for silence and for what cannot be read.
func (o Object) Time(names ...string) (at *time.Time, there bool) {
	raw, null := o.field(names)
	if raw == nil {
		return nil, null
	}
	text := string(raw)
	_ = json.Unmarshal(raw, &text)
	if text = strings.TrimSpace(text); text == "" {
		return nil, true
	}
	if t, err := time.Parse(time.RFC3339Nano, text); err == nil {
		t = t.UTC()
		return &t, true
	}
	n, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(n) || n < 0 || n > 1e15 {
		return nil, false
	}
	if n == 0 {
		return nil, true
	}
	t := Epoch(n)
	return &t, true
}

// Epoch is a time given in seconds or milliseconds since 1970, told apart by its size: what is above 1e11 is no date in seconds
// before the year 5138.
func Epoch(n float64) time.Time {
	if n > 1e11 {
		return time.UnixMilli(int64(n)).UTC()
	}
	return time.UnixMicro(int64(n * 1e6)).UTC()
}
