package clerk

import (
	"encoding/json"
	"maps"

	"souk/internal/lenient"
)

// telling are the fields of events that Reports and Payment read. None names a person, but by Clerk's id.
var telling = func() map[string]bool {
	names := map[string]bool{}
	for _, name := range []string{
		"type", "timestamp", "data", "id", "status", "items", "subscription_items", "subscription_id", "payer", "user_id", "organization_id",
		"plan", "plan_id", "price", "price_id", "is_recurring", "is_default", "is_free_trial", "interval", "plan_period", "billing_period",
		"period_start", "period_end", "current_period_start", "current_period_end", "created_at", "updated_at", "canceled_at", "paid_at", "failed_at",
		"charge_type", "totals", "grand_total", "subtotal", "amount", "currency",
	} {
		names[name] = true
	}
	return names
}()

// Scrub is a webhook of billing without what its meaning does not need: nothing that tells who its user is remains. It is for
// events that wait when their user is erased.
func Scrub(payload []byte) []byte {
	envelope, ok := lenient.Parse(payload)
	if !ok {
		return nil
	}
	text, err := json.Marshal(scrubbed(envelope))
	if err != nil {
		return nil
	}
	return text
}

func scrubbed(o lenient.Object) lenient.Object {
	out := lenient.Object{}
	for name, raw := range maps.All(o) {
		if !telling[name] {
			continue
		}
		var list []json.RawMessage
		if inner, ok := lenient.Parse(raw); ok {
			raw, _ = json.Marshal(scrubbed(inner))
		} else if json.Unmarshal(raw, &list) == nil && list != nil {
			objects := []lenient.Object{}
			for _, item := range list {
				if inner, ok := lenient.Parse(item); ok {
					objects = append(objects, scrubbed(inner))
				}
			}
			raw, _ = json.Marshal(objects)
		}
		out[name] = raw
	}
	return out
}
