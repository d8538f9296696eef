package web

import (
	"net/http"
	"slices"
	"strings"

	"golang.org/x/text/language"
)

// visitor is what of a request a document depends on, besides its address.
type visitor struct {
	lang  string
	theme string // light, dark, or "": as the system is
	known bool   // somebody may be signed in: who, the document does not know
}

// languages are those of the catalogue of texts; the first is for who reads none of them.
type languages struct {
	names   []string
	matcher language.Matcher
}

func newLanguages(names []string) languages {
	tags := make([]language.Tag, len(names))
	for i, name := range names {
		tags[i] = language.Make(name)
	}
	return languages{names, language.NewMatcher(tags)}
}

// visitor reads what the visitor chose before (the cookies of the pages), or else the languages that the browser asks for.
func (l languages) visitor(r *http.Request) visitor {
	v := visitor{lang: l.names[0]}
	if accepted := r.Header.Get("Accept-Language"); accepted != "" {
		_, best := language.MatchStrings(l.matcher, accepted)
		v.lang = l.names[best]
	}
	for _, cookie := range r.Cookies() {
		switch value := cookie.Value; {
		case cookie.Name == "lang" && slices.Contains(l.names, value):
			v.lang = value
		case cookie.Name == "theme" && (value == "light" || value == "dark"):
			v.theme = value
		case isHint(cookie.Name, "__session") && value != "", isHint(cookie.Name, "__client_uat") && value != "" && value != "0":
			v.known = true
		}
	}
	return v
}

// isHint says that a cookie is Clerk's of that name, which may end in _ and what tells instances apart. The scripts look for the same
// (frontend/src/lib/cookies.ts).
func isHint(cookie, name string) bool {
	rest, ok := strings.CutPrefix(cookie, name)
	return ok && (rest == "" || rest[0] == '_')
}
