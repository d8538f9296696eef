package stripe

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// form reads the parameters of a request, which are nested by brackets: line_items[0][price_data][currency]. It keeps the first
// thing that is wrong; what was never asked for is not known.
type form struct {
	values map[string]string // by the whole name
	read   map[string]bool
	err    error
}

// maxParams is how many parameters a request may have.
const maxParams = 2000

func newForm(all url.Values) *form {
	f := &form{values: map[string]string{}, read: map[string]bool{}}
	numbered := map[string]int{}
	for name, values := range all {
		for _, value := range values {
			key := name
			if list, ok := strings.CutSuffix(name, "[]"); ok {
				key = fmt.Sprintf("%s[%d]", list, numbered[list])
				numbered[list]++
			}
			f.values[key] = value
		}
	}
	if len(f.values) > maxParams {
		f.wrong(invalid("", "", "Too many parameters: at most %d are read.", maxParams))
	}
	return f
}

func (f *form) wrong(err *refusal) {
	if f.err == nil {
		f.err = err
	}
}

// has says that a parameter, or one inside it, was sent.
func (f *form) has(name string) bool {
	for key := range f.values {
		if key == name || strings.HasPrefix(key, name+"[") {
			return true
		}
	}
	return false
}

// text is a parameter of at most most characters; "" when it was not sent.
func (f *form) text(name string, most int) string {
	value := f.values[name]
	f.read[name] = true
	if len([]rune(value)) > most {
		f.wrong(invalid("", name, "Invalid string: %s…; must be at most %d characters", string([]rune(value)[:20]), most))
	}
	return value
}

// need is a text that must be there.
func (f *form) need(name string, most int) string {
	value, sent := f.values[name]
	switch {
	case !sent:
		f.wrong(invalid("parameter_missing", name, "Missing required param: %s.", name))
	case value == "":
		f.wrong(invalid("parameter_invalid_empty", name, "You passed an empty string for '%s'. We assume empty values are an attempt to unset a parameter; "+
			"however '%s' cannot be unset. You should remove '%s' from your request or supply a non-empty value.", name, name, name))
	}
	return f.text(name, most)
}

// choice is one of some words, the first of them when nothing was sent.
func (f *form) choice(name string, words ...string) string {
	value := f.text(name, 100)
	if value == "" {
		return words[0]
	}
	if !slices.Contains(words, value) {
		f.wrong(invalid("", name, "Invalid %s: must be one of %s", name, strings.TrimPrefix(strings.Join(words, ", "), ", ")))
	}
	return value
}

// number is a whole number in [least, most]; otherwise is what it is when nothing was sent.
func (f *form) number(name string, least, most, otherwise int64) int64 {
	value, sent := f.values[name]
	f.read[name] = true
	if !sent {
		return otherwise
	}
	n, err := strconv.ParseInt(value, 10, 64)
	switch {
	case err != nil:
		f.wrong(invalid("parameter_invalid_integer", name, "Invalid integer: %s", short(value)))
	case n < least:
		f.wrong(invalid("parameter_invalid_integer", name, "This value must be greater than or equal to %d.", least))
	case n > most:
		f.wrong(invalid("parameter_invalid_integer", name, "This value must be less than or equal to %d.", most))
	}
	return n
}

func (f *form) truth(name string) bool {
	switch value := f.text(name, 100); value {
	case "true":
		return true
	case "", "false":
	default:
		f.wrong(invalid("", name, "Invalid boolean: %s", short(value)))
	}
	return false
}

// items are the names of the elements of a list, in their order.
func (f *form) items(name string) (items []string) {
	for n := 0; ; n++ {
		item := fmt.Sprintf("%s[%d]", name, n)
		if !f.has(item) {
			return items
		}
		items = append(items, item)
	}
}

// texts are the elements of a list of texts.
func (f *form) texts(name string, most int) (values []string) {
	for _, item := range f.items(name) {
		values = append(values, f.text(item, most))
	}
	return values
}

// metadata reads pairs: at most 50, with names of 40 and values of 500 characters.
func (f *form) metadata(name string) map[string]string {
	pairs := map[string]string{}
	for key := range f.values {
		inner, ok := strings.CutPrefix(key, name+"[")
		if !ok {
			continue
		}
		inner = strings.TrimSuffix(inner, "]")
		if strings.ContainsAny(inner, "[]") {
			f.wrong(invalid("", name, "Metadata keys and values must be texts."))
		}
		if len([]rune(inner)) > 40 {
			f.wrong(invalid("", name, "Metadata keys must be at most 40 characters: %s…", short(inner)))
		}
		if value := f.text(key, 500); value != "" {
			pairs[inner] = value
		}
	}
	if len(pairs) > 50 {
		f.wrong(invalid("", name, "Metadata can have at most 50 keys, and this has %d.", len(pairs)))
	}
	return pairs
}

// done is what is wrong with the parameters: the first that cannot be read, or else one that nobody asked for.
func (f *form) done() error {
	if f.err != nil {
		return f.err
	}
	var unknown []string
	for key := range f.values {
		if !f.read[key] {
			unknown = append(unknown, key)
		}
	}
	if len(unknown) == 0 {
		return nil
	}
	slices.Sort(unknown)
	return invalid("parameter_unknown", unknown[0], "Received unknown parameter: %s. (If Stripe knows it, it is the stand-in that lacks it.)", unknown[0])
}

// always is later than everything, in Unix seconds.
const always = int64(1) << 40

// span reads when the objects of a list were made: in [from, to].
func (f *form) span() (from, to int64) {
	if f.has("created") && f.values["created"] != "" {
		from = f.number("created", 0, always, 0)
		return from, from
	}
	from = max(f.number("created[gte]", 0, always, 0), f.number("created[gt]", 0, always, -1)+1)
	to = min(f.number("created[lte]", 0, always, always), f.number("created[lt]", 0, always, always+1)-1)
	return from, to
}

func short(value string) string {
	if runes := []rune(value); len(runes) > 40 {
		return string(runes[:40]) + "…"
	}
	return value
}
