package api

import (
	"bytes"
	"encoding/json"
	"reflect"

	"github.com/danielgtaylor/huma/v2"
)

// nullable is a field of a request that may be left out (Set is false), null (Value is nil) or given. A field that may be
// left out but not be null is a pointer with the tag nullable:"false".
type nullable[T any] struct {
	Set   bool
	Value *T
}

// UnmarshalJSON is only called for a field that is there.
func (n *nullable[T]) UnmarshalJSON(text []byte) error {
	n.Set = true
	return json.Unmarshal(text, &n.Value)
}

// Schema is that of T, or null.
func (n nullable[T]) Schema(r huma.Registry) *huma.Schema {
	s := *r.Schema(reflect.TypeFor[T](), true, "")
	s.Nullable = true
	return &s
}

// metadata is a JSON object of the client's own.
type metadata json.RawMessage

// Schema says that any object will do.
func (metadata) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeObject, AdditionalProperties: true, Description: "Anything of your own: a JSON object."}
}

// MarshalJSON writes the object; nothing is an empty one.
func (m metadata) MarshalJSON() ([]byte, error) {
	if len(m) == 0 {
		return []byte("{}"), nil
	}
	return m, nil
}

// UnmarshalJSON keeps the object, without white space.
func (m *metadata) UnmarshalJSON(text []byte) error {
	var b bytes.Buffer
	if err := json.Compact(&b, text); err != nil {
		return err
	}
	*m = b.Bytes()
	return nil
}

// ReadOnly are fields that a client may send back as it got them: they are ignored.
type ReadOnly struct {
	ID        any `json:"id,omitempty" readOnly:"true" doc:"Ignored."`
	CreatedAt any `json:"created_at,omitempty" readOnly:"true" doc:"Ignored."`
	UpdatedAt any `json:"updated_at,omitempty" readOnly:"true" doc:"Ignored."`
}
