package httpx

import (
	"bytes"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"
)

// CSV writes a table as an answer, row by row: RFC 4180, UTF-8, with a row of names first.
type CSV struct {
	w       http.ResponseWriter
	waiting bytes.Buffer
}

// csvPatience is how long a reader of a table may take for what is sent at once.
const csvPatience = 30 * time.Second

// NewCSV begins an answer that browsers save under the file's name, which is plain ASCII.
func NewCSV(w http.ResponseWriter, file string, names ...string) *CSV {
	h := w.Header()
	h.Set("Content-Type", "text/csv; charset=utf-8; header=present")
	h.Set("Content-Disposition", `attachment; filename="`+file+`"`)
	c := &CSV{w: w}
	c.Row(names...)
	return c
}

// Row adds a row. What a spreadsheet would take for a formula gets an apostrophe in front, by which it knows a text; every cell
// is in quotes, so that none can begin in the middle of another one where the separator is not a comma.
func (c *CSV) Row(cells ...string) {
	for i, cell := range cells {
		if i > 0 {
			c.waiting.WriteByte(',')
		}
		c.waiting.WriteByte('"')
		if first, _ := utf8.DecodeRuneInString(cell); cell != "" && strings.ContainsRune("=+-@\t\r\n＝＋－＠", first) {
			c.waiting.WriteByte('\'')
		}
		c.waiting.WriteString(strings.ReplaceAll(cell, `"`, `""`))
		c.waiting.WriteByte('"')
	}
	c.waiting.WriteString("\r\n")
}

// Flush sends the rows. The reader has some time for them, however long the whole takes.
func (c *CSV) Flush() error {
	controller := http.NewResponseController(c.w)
	_ = controller.SetWriteDeadline(time.Now().Add(csvPatience)) // without deadlines none is needed
	_, err := c.waiting.WriteTo(c.w)
	if err == nil {
		err = controller.Flush()
	}
	return err
}

// Break ends an answer that cannot be finished, so that its reader does not take it for whole.
func (c *CSV) Break() { panic(http.ErrAbortHandler) }
