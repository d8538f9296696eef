package identity

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
)

// Features reads a list of billing features: a JSON list of strings, an object of booleans (those that are true), or a text
// with commas. Anything else is no feature. The result is in first-seen order and not normalised; see Normalize.
func Features(raw json.RawMessage) []string {
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 {
		return nil
	}
	switch raw[0] {
	case '"':
		var text string
		if json.Unmarshal(raw, &text) != nil {
			return nil
		}
		return strings.Split(text, ",")
	case '[':
		var items []any
		if json.Unmarshal(raw, &items) != nil {
			return nil
		}
		var out []string
		for _, item := range items {
			if text, ok := item.(string); ok {
				out = append(out, text)
			}
		}
		return out
	case '{':
		return trueNames(raw)
	}
	return nil
}

// trueNames are the names of an object whose value is true, in the object's order.
func trueNames(raw json.RawMessage) (out []string) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	if _, err := dec.Token(); err != nil {
		return nil
	}
	for dec.More() {
		token, err := dec.Token()
		name, ok := token.(string)
		if err != nil || !ok {
			return nil
		}
		var value any
		if dec.Decode(&value) != nil {
			return nil
		}
		if value == true {
			out = append(out, name)
		}
	}
	return out
}

// Normalize trims and lower-cases features and drops empty and repeated ones, in first-seen order. The result is never nil.
func Normalize(lists ...[]string) []string {
	out := []string{}
	for _, list := range lists {
		for _, f := range list {
			if f = strings.ToLower(strings.TrimSpace(f)); f != "" && !slices.Contains(out, f) {
				out = append(out, f)
			}
		}
	}
	return out
}

// BillingFeatures are what the token tells of (the billing claim, fea, the plans of pla) and local, the keys of the caller's current
// entitlements.
func (c Caller) BillingFeatures(local []string) []string {
	return Normalize(c.Features, c.Plans, local)
}

// ProfileFeatures are the caller's billing features and those that Clerk last reported in the public metadata.
func (s *Service) ProfileFeatures(c Caller, local []string) []string {
	var public map[string]json.RawMessage
	if json.Unmarshal(c.Profile.PublicMetadata, &public) != nil {
		public = nil
	}
	return Normalize(c.Features, c.Plans, local, Features(public[s.BillingClaim]))
}

// PlanTier is what the features amount to: enterprise, pro or free.
func PlanTier(features []string) string {
	tier := "free"
	for _, f := range features {
		switch f {
		case "enterprise":
			return f
		case "pro", "premium", "growth":
			tier = "pro"
		}
	}
	return tier
}
