package web

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"regexp"
	"strings"
)

// shell is the document that Vite built, cut where each page's own goes in.
type shell [5]string

// places are where it is cut; the first is the element html, which tells the language and the theme.
var places = [...]string{`<html lang="en">`, "<!--head-->", "<!--app-->", "<!--data-->"}

var (
	styleLink   = regexp.MustCompile(`<link rel="stylesheet"[^>]* href="/([^"]+\.css)"[^>]*>`)
	preloadLink = regexp.MustCompile(`<link rel="modulepreload"[^>]*>\s*`)
)

// readShell reads the document, puts the styles into it, and takes out the preloads of Vite, in whose place each page has its own.
func readShell(dist fs.FS, document []byte) (s shell, err error) {
	document = preloadLink.ReplaceAll(document, nil)
	document = styleLink.ReplaceAllFunc(document, func(link []byte) []byte {
		css, missing := fs.ReadFile(dist, string(styleLink.FindSubmatch(link)[1]))
		if missing != nil {
			err = missing
		} else if bytes.Contains(bytes.ToLower(css), []byte("</style")) {
			err = fmt.Errorf("the style %s ends its element", link)
		}
		return fmt.Appendf(nil, "<style>%s</style>", css)
	})
	rest := string(document)
	for i, place := range places {
		before, after, found := strings.Cut(rest, place)
		if !found || strings.Contains(after, place) {
			return shell{}, fmt.Errorf("the document of the pages has not one place %s", place)
		}
		s[i], rest = before, after
	}
	s[len(places)] = rest
	return s, err
}

// fill puts together a document. head, app and data are HTML.
func (s shell) fill(v visitor, head, app, data []byte) []byte {
	var out bytes.Buffer
	out.WriteString(s[0])
	fmt.Fprintf(&out, `<html lang="%s"`, v.lang)
	if v.theme != "" {
		fmt.Fprintf(&out, ` data-theme="%s"`, v.theme)
	}
	out.WriteString(">")
	for i, part := range [][]byte{head, app, data} {
		out.WriteString(s[i+1])
		out.Write(part)
	}
	out.WriteString(s[len(places)])
	return out.Bytes()
}

// element is a JSON text for the scripts. The escapes of json.Marshal keep everything in it from ending the element.
func element(id string, content any) ([]byte, error) {
	text, err := json.Marshal(content)
	return fmt.Appendf(nil, `<script type="application/json" id="%s">%s</script>`, id, text), err
}
