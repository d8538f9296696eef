// Package slug makes the part of an address that names a thing.
package slug

import (
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// MaxLen is the longest slug, in bytes.
const MaxLen = 80

// letters are those that Unicode does not decompose to an ASCII letter.
var letters = map[rune]string{
	'ß': "ss", 'æ': "ae", 'œ': "oe", 'ø': "o", 'đ': "d", 'ð': "d", 'þ': "th", 'ł': "l", 'ı': "i",
}

// Make turns a name into lower-case ASCII letters and digits, with single hyphens between words: "Ship Faster" is
// "ship-faster", "Café №1" is "cafe-no1". Letters of other scripts fall out; a name of nothing else gives "item".
// An empty name gives "". Make of a slug is that slug.
func Make(name string) string {
	if strings.TrimSpace(name) == "" {
		return ""
	}
	var b strings.Builder
	gap := false
	for _, r := range strings.ToLower(norm.NFKD.String(name)) {
		part, known := letters[r]
		switch {
		case known:
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			part = string(r)
		case unicode.Is(unicode.Mn, r), r == '\'', r == '’':
			continue
		default:
			gap = true
			continue
		}
		if gap && b.Len() > 0 {
			part = "-" + part
		}
		gap = false
		if b.Len()+len(part) > MaxLen {
			break
		}
		b.WriteString(part)
	}
	if b.Len() == 0 {
		return "item"
	}
	return b.String()
}

// Numbered is the slug base with a number behind it, for when base is taken. It is cut where it would be longer than MaxLen.
func Numbered(base string, n int) string {
	suffix := "-" + strconv.Itoa(n)
	if room := MaxLen - len(suffix); len(base) > room {
		base = strings.TrimRight(base[:room], "-")
	}
	return base + suffix
}

// Free is base, or base with a number that makes it free. However many are taken, a few questions find the number: it is
// doubled until it is free, and then halved back to the end of those that are taken.
func Free(base string, taken func(slug string) (bool, error)) (string, error) {
	if used, err := taken(base); err != nil || !used {
		return base, err
	}
	free := 2
	for {
		used, err := taken(Numbered(base, free))
		if err != nil {
			return "", err
		}
		if !used {
			break
		}
		free *= 2
	}
	for last := free / 2; free-last > 1; {
		middle := (last + free) / 2
		used, err := taken(Numbered(base, middle))
		if err != nil {
			return "", err
		}
		if used {
			last = middle
		} else {
			free = middle
		}
	}
	return Numbered(base, free), nil
}
