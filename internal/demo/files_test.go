package demo

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"encoding/csv"
	"io"
	"path"
	"regexp"
	"strconv"
	"testing"
	"unicode/utf8"
)

func TestFilesAreWhatTheyClaimToBe(t *testing.T) {
	check := map[string]func(t *testing.T, content []byte){".pdf": isPDF, ".zip": isZIP, ".wav": isWAV, ".csv": isCSV, ".md": isText}
	for _, p := range Products {
		for _, f := range p.Files {
			t.Run(f.Path, func(t *testing.T) {
				content := f.Content()
				if len(content) == 0 || len(content) > 1<<20 {
					t.Errorf("%d bytes", len(content))
				}
				if !bytes.Equal(content, f.Content()) {
					t.Error("is made differently each time")
				}
				check[path.Ext(f.Path)](t, content)
			})
		}
	}
}

func isText(t *testing.T, content []byte) {
	if !utf8.Valid(content) {
		t.Error("is no text")
	}
}

func isCSV(t *testing.T, content []byte) {
	if rows, err := csv.NewReader(bytes.NewReader(content)).ReadAll(); err != nil || len(rows) != 25 {
		t.Errorf("%d rows, %v", len(rows), err)
	}
}

func isZIP(t *testing.T, content []byte) {
	archive, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range archive.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, r); err != nil {
			t.Errorf("%s: %v", f.Name, err)
		}
	}
}

func isWAV(t *testing.T, content []byte) {
	if string(content[:4]) != "RIFF" || string(content[8:16]) != "WAVEfmt " || int(binary.LittleEndian.Uint32(content[4:]))+8 != len(content) ||
		int(binary.LittleEndian.Uint32(content[40:]))+44 != len(content) {
		t.Errorf("the header does not fit %d bytes: %q", len(content), content[:44])
	}
}

// The cross-reference table must lead to each object, and each stream be as long as it says.
func isPDF(t *testing.T, content []byte) {
	start := regexp.MustCompile(`startxref\n(\d+)\n%%EOF\n$`).FindSubmatch(content)
	if start == nil || !bytes.HasPrefix(content, []byte("%PDF-1.4")) {
		t.Fatal("has no head or no end")
	}
	table, _ := strconv.Atoi(string(start[1]))
	entries := regexp.MustCompile(`(\d{10}) 00000 n `).FindAllSubmatch(content[table:], -1)
	for i, entry := range entries {
		offset, _ := strconv.Atoi(string(entry[1]))
		if !bytes.HasPrefix(content[offset:], []byte(strconv.Itoa(i+1)+" 0 obj\n")) {
			t.Errorf("object %d is not at %d", i+1, offset)
		}
	}
	streams := regexp.MustCompile(`(?s)/Length (\d+) >>\nstream\n(.*?)\nendstream`).FindAllSubmatch(content, -1)
	for _, s := range streams {
		if n, _ := strconv.Atoi(string(s[1])); n != len(s[2]) {
			t.Errorf("a stream of %d bytes says %d", len(s[2]), n)
		}
	}
	if len(entries) != 4+2*len(streams) || len(streams) != 5 {
		t.Errorf("%d objects, %d pages", len(entries), len(streams))
	}
}
