package web

import (
	_ "embed" // the template
	"fmt"
	"html/template"
	"net/url"
	"strconv"
	"strings"
)

//go:embed pages.html
var pagesHTML string

// pagesTemplate draws what is in #app until the scripts draw the same: the elements and classes are those of the components in frontend/src,
// so that nothing moves then.
var pagesTemplate = template.Must(template.New("pages").Parse(pagesHTML))

// drawing is what the template draws.
type drawing struct {
	visitor
	texts     map[string]string
	languages []string
	Page      Page
	Pattern   string     // of the route
	Title     string     // the page's heading
	Lead      string     // what is said below it
	query     url.Values // of the list
	Next      string     // the cursor of the list's next page
	Products  []product
	Ready     bool // the API has answered
	Missing   bool // there is no such page
}

// Known says that somebody may be signed in.
func (d drawing) Known() bool { return d.known }

// Theme is the visitor's choice.
func (d drawing) Theme() string { return d.theme }

// languageNames are what the languages call themselves (frontend/src/lib/i18n.ts).
var languageNames = map[string]string{"en": "English", "de": "Deutsch"}

// option is one to choose.
type option struct {
	Name   string
	Chosen bool
}

// Languages are those to choose from.
func (d drawing) Languages() (all []option) {
	for _, lang := range d.languages {
		all = append(all, option{languageNames[lang], lang == d.lang})
	}
	return all
}

// T is the text of a key, with its {places} filled: name, value, name, value …
func (d drawing) T(key string, values ...string) (string, error) {
	text, ok := d.texts[key]
	if !ok {
		return "", fmt.Errorf("there is no text %s in %s", key, d.lang)
	}
	for i := 0; i+1 < len(values); i += 2 {
		text = strings.ReplaceAll(text, "{"+values[i]+"}", values[i+1])
	}
	return text, nil
}

// TN is the text for a number of things.
func (d drawing) TN(key string, n int) (string, error) {
	form := "_other"
	if n == 1 {
		form = "_one"
	}
	return d.T(key+form, "n", grouped(strconv.Itoa(n), d.lang))
}

// link is a link of the header.
type link struct{ To, Text, Current string }

// Link is one to a page, with whether the page is it, or below it.
func (d drawing) Link(to, key string) (link, error) {
	text, err := d.T(key)
	l := link{To: to, Text: text}
	if d.Pattern == to {
		l.Current = "page"
	} else if strings.HasPrefix(d.Pattern, to+"/") {
		l.Current = "true"
	}
	return l, err
}

// status is what a page says that waits for what the shop knows of an order.
type status struct{ Heading, Text string }

// Status is made of two texts.
func (d drawing) Status(heading, text string) (s status, err error) {
	if s.Heading, err = d.T(heading); err == nil {
		s.Text, err = d.T(text)
	}
	return s, err
}
