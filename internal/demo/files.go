package demo

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"encoding/csv"
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"
)

func worksheet() []byte {
	return []byte(`# Ten questions before you build

Take an evening, a pen, and no screen. One honest sentence each.

1. Who, by name, has this problem? Write down three people.
2. What did each of them do about it last week?
3. What did that cost them, in hours or in money?
4. Why have they not solved it already?
5. What would they stop doing on the day yours works?
6. What is the smallest thing that would make them do that?
7. Where do people like them already meet?
8. What would they have to believe to pay you in advance?
9. What will you refuse to build, even when asked?
10. When, on which date, will you decide whether to go on?

If a question has no answer yet, that is the next thing to find out. It is cheaper than code.
`)
}

func letter() []byte {
	return []byte(`# Letter 1: Begin before you are ready

Hello,

the shop opened on a Tuesday at half past nine in the evening, because that was when the dishes were done. There was one
product. It was eleven pages long, and I was sure that nobody would want it.

Four people bought it that week. Three of them I knew. The fourth wrote: "I don't know who you are, but page six is my life." I
have that sentence on the wall.

The numbers: four sales, 76.00 in, 9.00 out for the domain. About thirty hours of work, if I am honest about the evenings.

What I would do again: ask for money on the first day. What I would not: spend a week on the logo.

Until Thursday,
The writer of the letters
`)
}

func firstCall() []byte {
	return []byte(`# How a call goes

The first Wednesday of the month, one hour, cameras as you like.

1. Everybody says one number that moved since the last call, and in which direction. Nobody comments yet.
2. Three people get twelve minutes each. They say what they want: questions, stories, or a decision.
3. In the last ten minutes everybody says one thing that they will do before the next call.

Who cannot come sends the number beforehand, and gets the notes.
`)
}

func plannerNotes() []byte {
	return []byte(`# Runway planner: notes

Open planner.csv in any spreadsheet. Amounts are whole units of your currency.

- **income** is what arrives in the bank in that month, not what was invoiced.
- **fixed** is what you pay even if you do nothing: rent, insurance, tools.
- **variable** grows with sales: fees, hosting, a share for partners.
- **cash** is what is left at the end of the month. The first month below zero is the one to look at.

Change the first income, the growth, or the fixed costs. If the month does not move, that line is not your problem.
`)
}

func planner() []byte {
	var out bytes.Buffer
	w := csv.NewWriter(&out)
	rows := [][]string{{"month", "income", "fixed", "variable", "cash"}}
	cash, income := 12000, 600
	for month := 1; month <= 24; month++ {
		fixed, variable := 1450, income/10
		cash += income - fixed - variable
		rows = append(rows, []string{
			strconv.Itoa(month), strconv.Itoa(income), strconv.Itoa(fixed), strconv.Itoa(variable), strconv.Itoa(cash),
		})
		income += income * 8 / 100
	}
	_ = w.WriteAll(rows) // a buffer takes everything
	return out.Bytes()
}

func launchKit() []byte {
	files := []struct{ name, text string }{
		{"launch-week/README.md", "# Launch Week Kit\n\nStart with checklist.md on the Thursday before. Everything here is yours to change.\n"},
		{"launch-week/checklist.md", `# The week

- [ ] Thursday before: buy your own product with your own card, and refund it
- [ ] Friday: send the quiet e-mail to the ten people who asked
- [ ] Saturday: do nothing; sleep
- [ ] Sunday: read the page aloud, once, to somebody else
- [ ] Monday: everything is written, nothing is sent
- [ ] Tuesday, 09:00: launch; 09:15: answer everybody
- [ ] Wednesday: thank the first buyers by name
- [ ] Thursday: write down what surprised you
`},
		{"launch-week/emails/1-quiet.md", "Subject: It is nearly there\n\nHello {name},\n\nyou asked me to tell you. It opens on Tuesday; today is for you.\n"},
		{"launch-week/emails/2-open.md", "Subject: It is open\n\nHello {name},\n\nwhat I have been building is open since this morning: {link}\n"},
		{"launch-week/emails/3-thanks.md", "Subject: Thank you\n\nHello {name},\n\nyou are one of the first. What nearly stopped you from buying?\n"},
		{"launch-week/emails/4-last-day.md", "Subject: The launch price ends tonight\n\nHello {name},\n\nfrom tomorrow it costs {price}. That is all.\n"},
		{"launch-week/press-note.md", "# {Product}\n\n{Who} can now {do what} without {what hurt before}.\n\nOpens {date}. Questions: {e-mail}.\n"},
		{"launch-week/budget.csv", "item,planned,actual\ndomain,12,\nmail,9,\nads,0,\ncoffee,25,\ntotal,46,\n"},
	}
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, f := range files {
		entry, err := w.CreateHeader(&zip.FileHeader{
			Name: f.name, Method: zip.Deflate, Modified: time.Date(2026, 11, 1, 9, 0, 0, 0, time.UTC),
		})
		if err == nil {
			_, err = entry.Write([]byte(f.text))
		}
		if err != nil {
			panic(err) // a buffer takes everything
		}
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	return out.Bytes()
}

// quietLoop is six seconds of low noise as a WAV file, 16 bits, mono, whose end flows into its beginning.
func quietLoop() []byte {
	const rate, seconds = 16000, 6
	const n, seam = rate * seconds, rate / 2
	noise := make([]float64, n+seam)
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // noise, and the same each time
	level := 0.0
	for i := range noise {
		level = 0.985*level + 0.12*(random.Float64()*2-1)
		noise[i] = level
	}
	for i := range seam { // what lies beyond the end fades into the beginning
		x := float64(i) / seam
		noise[i] = noise[i]*math.Sqrt(x) + noise[n+i]*math.Sqrt(1-x)
	}
	var out bytes.Buffer
	put := func(v any) { _ = binary.Write(&out, binary.LittleEndian, v) } // a buffer takes everything
	out.WriteString("RIFF")
	put(uint32(36 + 2*n))
	out.WriteString("WAVEfmt ")
	put(struct {
		Size             uint32
		Format, Channels uint16
		Rate, Bytes      uint32
		Block, Bits      uint16
	}{16, 1, 1, rate, 2 * rate, 2, 16})
	out.WriteString("data")
	put(uint32(2 * n))
	for i := range n {
		swell := 0.75 + 0.25*math.Sin(2*math.Pi*float64(i)/n)
		put(int16(max(-1, min(1, noise[i]*swell)) * 20000))
	}
	return out.Bytes()
}

func guide() []byte {
	return pdf("The First Hundred Customers", []string{
		"The First Hundred Customers\n\nA calm, practical route from nobody to a hundred people who pay.\n\n\n" +
			"How to read this\n\nIn four evenings. Each part ends with one thing to do before the next. Do it; the parts build on each other.",
		"1. The four rooms\n\nYour first hundred customers are already somewhere. They are in one of four rooms: where they work, where they learn, " +
			"where they complain, and where they show off.\n\nGo into the room where they complain. Stay quiet for a week. Write down their " +
			"words, exactly, because those will be the words on your page.\n\nBefore the next part: twenty sentences, word for word.",
		"2. A conversation that is not a pitch\n\n\"I read what you wrote about invoices on Fridays. How do you do it today?\"\n\nThat is the whole first " +
			"message. It asks for a story, not for an opinion. People like to tell how they do things, and nobody likes to be sold to.\n\n" +
			"Before the next part: five conversations of fifteen minutes.",
		"3. Asking for money\n\nSay the price, then stop talking. The silence is theirs.\n\nIf they say yes, thank them and send the invoice the same day. If they say " +
			"no, ask what they would have expected for it. Both answers are worth the evening.\n\nBefore the next part: ask three people.",
		"4. The weekly rhythm\n\nMonday: two new conversations. Wednesday: ship one thing that somebody asked for, and tell them. Friday: write down three " +
			"numbers: conversations, offers made, people who paid.\n\nA hundred customers is two a week for a year. You can do two a week.",
	})
}

// pdf sets each page's text in Helvetica: the first line large, paragraphs apart.
func pdf(title string, pages []string) []byte {
	const firstPage = 5
	objects := []string{
		"<< /Type /Catalog /Pages 2 0 R >>",
		"", // the pages, known below
		"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
		"<< /Title (" + escapePDF(title) + ") >>",
	}
	var kids []string
	for i, text := range pages {
		kids = append(kids, fmt.Sprintf("%d 0 R", firstPage+2*i))
		content := pageContent(text)
		objects = append(objects,
			fmt.Sprintf("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << /F1 3 0 R >> >> /Contents %d 0 R >>", firstPage+2*i+1),
			fmt.Sprintf("<< /Length %d >>\nstream\n%s\nendstream", len(content), content))
	}
	objects[1] = fmt.Sprintf("<< /Type /Pages /Kids [%s] /Count %d >>", strings.Join(kids, " "), len(pages))

	var out bytes.Buffer
	out.WriteString("%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
	offsets := make([]int, len(objects))
	for i, o := range objects {
		offsets[i] = out.Len()
		fmt.Fprintf(&out, "%d 0 obj\n%s\nendobj\n", i+1, o)
	}
	table := out.Len()
	fmt.Fprintf(&out, "xref\n0 %d\n0000000000 65535 f \n", len(objects)+1)
	for _, offset := range offsets {
		fmt.Fprintf(&out, "%010d 00000 n \n", offset)
	}
	fmt.Fprintf(&out, "trailer\n<< /Size %d /Root 1 0 R /Info 4 0 R >>\nstartxref\n%d\n%%%%EOF\n", len(objects)+1, table)
	return out.Bytes()
}

func pageContent(text string) string {
	const width = 78 // characters of a line at 12 points
	var b strings.Builder
	b.WriteString("BT\n72 740 Td\n")
	for i, paragraph := range strings.Split(text, "\n") {
		size, leading := 12, 18
		if i == 0 {
			size, leading = 22, 34
		}
		fmt.Fprintf(&b, "/F1 %d Tf %d TL\n", size, leading)
		for _, line := range wrap(paragraph, width) {
			fmt.Fprintf(&b, "(%s) Tj T*\n", escapePDF(line))
		}
	}
	b.WriteString("ET")
	return b.String()
}

func wrap(text string, width int) (lines []string) {
	line := ""
	for word := range strings.FieldsSeq(text) {
		if line != "" && len(line)+1+len(word) > width {
			lines, line = append(lines, line), ""
		}
		line = strings.TrimSpace(line + " " + word)
	}
	return append(lines, line)
}

func escapePDF(text string) string {
	return strings.NewReplacer(`\`, `\\`, "(", `\(`, ")", `\)`).Replace(text)
}
