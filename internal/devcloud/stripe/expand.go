package stripe

import (
	"slices"
	"strings"
)

// expandable are the fields that hold the id of another object, or nothing, and those that are there only when they are asked for:
// https://docs.stripe.com/api/expanding_objects.
var expandable = map[string][]string{
	"checkout.session": {"customer", "invoice", "line_items", "payment_intent", "payment_link", "setup_intent", "subscription"},
	"payment_intent":   {"application", "customer", "latest_charge", "on_behalf_of", "payment_method", "review"},
	"charge":           {"application", "balance_transaction", "customer", "payment_intent", "refunds", "review"},
	"refund":           {"balance_transaction", "charge", "payment_intent"},
	"dispute":          {"charge", "payment_intent"},
}

// expand puts the objects in place that the parameter expand[] asks for, such as data.payment_intent.latest_charge.
func (s *Stripe) expand(result any, paths []string) error {
	top, _ := result.(object)
	for _, path := range paths {
		steps := strings.Split(path, ".")
		if len(steps) > 4 {
			return invalid("", "expand", "You cannot expand more than 4 levels of a property: %s", short(path))
		}
		nodes := []any{top}
		if top["object"] == "list" {
			data, _ := top["data"].([]any)
			if steps[0] != "data" || len(steps) == 1 {
				return errExpand(path)
			}
			nodes, steps = data, steps[1:]
		}
		for _, node := range nodes {
			node, _ := node.(object)
			if err := s.expandOne(node, steps, path); err != nil {
				return err
			}
		}
	}
	return nil
}

func errExpand(path string) error {
	return invalid("", "expand", "This property cannot be expanded (%s).", short(path))
}

func (s *Stripe) expandOne(node object, steps []string, path string) error {
	kind, _ := node["object"].(string)
	name := steps[0]
	if !slices.Contains(expandable[kind], name) {
		return errExpand(path)
	}
	id, _ := node["id"].(string)
	switch to, _ := node[name].(string); {
	case name == "line_items":
		c := s.state.Sessions[id]
		node[name] = c.lines(0, len(c.Lines))
	case name == "refunds":
		node[name] = s.refundsOf(id)
	case strings.HasPrefix(to, "pi_"):
		node[name] = wireIntent(s.state.Intents[to])
	case strings.HasPrefix(to, "ch_"):
		if p := s.charged(to); p != nil {
			node[name] = wireCharge(p)
		}
	case strings.HasPrefix(to, "pm_"):
		return errExpand(path)
	}
	if deeper, ok := node[name].(object); ok && len(steps) > 1 {
		return s.expandOne(deeper, steps[1:], path)
	}
	return nil
}
