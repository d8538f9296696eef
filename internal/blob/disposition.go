package blob

import (
	"path"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Disposition is the Content-Disposition (RFC 6266) that makes a browser save a file under name: an ASCII form for old
// clients, and the whole name in UTF-8. What could lie about the name (folders, control and direction marks) is left out.
func Disposition(name string) string {
	name = FileName(name)
	ascii := strings.Map(func(r rune) rune {
		if r >= utf8.RuneSelf || strings.ContainsRune(`"\%`, r) {
			return '_'
		}
		return r
	}, name)
	return `attachment; filename="` + ascii + `"; filename*=UTF-8''` + percentEncode(name)
}

// FileName is name as a browser may be told it: one plain name, never empty, without what could lie about it.
func FileName(name string) string {
	name = strings.ToValidUTF8(name, "")
	name = path.Base(strings.ReplaceAll(name, `\`, "/"))
	name = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r), unicode.Is(unicode.Zl, r), unicode.Is(unicode.Zp, r):
			return -1
		case unicode.IsSpace(r):
			return ' '
		}
		return r
	}, name)
	if name = strings.Trim(name, " ./"); name == "" {
		return "download"
	}
	return name
}

// percentEncode is the ext-value encoding of RFC 8187: all but its attr-char is escaped.
func percentEncode(s string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("!#$&+-.^_`|~", c) >= 0 {
			b.WriteByte(c)
		} else {
			b.Write([]byte{'%', hex[c>>4], hex[c&15]})
		}
	}
	return b.String()
}

// mediaTypes are those a browser may be told: nothing in them runs. Everything else is application/octet-stream.
var mediaTypes = map[string]string{
	".7z": "application/x-7z-compressed", ".aac": "audio/aac", ".avif": "image/avif", ".csv": "text/csv; charset=utf-8",
	".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document", ".epub": "application/epub+zip",
	".flac": "audio/flac", ".gif": "image/gif", ".gz": "application/gzip", ".jpeg": "image/jpeg", ".jpg": "image/jpeg",
	".json": "application/json", ".m4a": "audio/mp4", ".md": "text/markdown; charset=utf-8", ".mp3": "audio/mpeg",
	".mp4": "video/mp4", ".ogg": "audio/ogg", ".otf": "font/otf", ".pdf": "application/pdf", ".png": "image/png",
	".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation", ".tar": "application/x-tar",
	".ttf": "font/ttf", ".txt": "text/plain; charset=utf-8", ".wav": "audio/wav", ".webm": "video/webm", ".webp": "image/webp",
	".woff2": "font/woff2", ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", ".zip": "application/zip",
}

// MediaType is the Content-Type of a download named name.
func MediaType(name string) string {
	if t, ok := mediaTypes[strings.ToLower(path.Ext(FileName(name)))]; ok {
		return t
	}
	return "application/octet-stream"
}
