package inbox

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"souk/internal/nodetest"
)

// svixTask is what testdata/svix-npm/svix.js is told to do: to sign, or to verify.
type svixTask struct {
	Sign    string            `json:"sign,omitempty"` // the secret
	ID      string            `json:"id,omitempty"`
	Seconds int64             `json:"seconds,omitempty"`
	Verify  []string          `json:"verify"` // the secrets
	NowMS   int64             `json:"now_ms,omitempty"`
	Headers map[string]string `json:"headers"`
	Body    []byte            `json:"body"`
}

// svixLibrary lets Svix's own library answer tasks, in Node.
func svixLibrary[T any](t *testing.T, tasks []svixTask) (answers []T) {
	t.Helper()
	in, err := json.Marshal(tasks)
	if err != nil {
		t.Fatal(err)
	}
	out := nodetest.Run(t, "testdata/svix-npm", "svix", "svix.js", in)
	if err := json.Unmarshal(out, &answers); err != nil {
		t.Fatal(err)
	}
	if len(answers) != len(tasks) {
		t.Fatalf("%d answers to %d tasks", len(answers), len(tasks))
	}
	return answers
}

// bodies are what the library and we sign for each other.
var bodies = map[string]string{
	"empty": "", "an object": `{"type":"user.created","data":{"id":"user_1"}}`, "scripts": `{"name":"Zoë 東京 🛍 \u0000","rtl":"שלום"}`,
	"blanks and line ends": " \r\n{\n\t\"a\" : 1 }\n ", "full stops": "1.2.3", "large": `{"a":"` + strings.Repeat("0123456789äöü", 35_000) + `"}`,
}

func TestWhatSvixSignsIsAccepted(t *testing.T) {
	const secret = "whsec_" + "bm90IGEgc2VjcmV0OiBmb3IgdGVzdHMgYWxvbmU="
	now := time.Now()
	var tasks []svixTask
	var names []string
	for name, body := range bodies {
		names = append(names, name)
		tasks = append(tasks, svixTask{Sign: secret, ID: "msg_" + strconv.Itoa(len(names)), Seconds: now.Unix(), Body: []byte(body)})
	}
	for i, signature := range svixLibrary[string](t, tasks) {
		h := http.Header{}
		h.Set("svix-id", tasks[i].ID)
		h.Set("svix-timestamp", strconv.FormatInt(tasks[i].Seconds, 10))
		h.Set("svix-signature", signature)
		id, at, err := VerifySvix([]Key{mustKey(t, officialSecret), mustKey(t, secret)}, h, tasks[i].Body, now)
		if err != nil || id != tasks[i].ID || at.Unix() != now.Unix() {
			t.Errorf("%s: %s, %s, %v", names[i], id, at, err)
		}
		if _, _, err := VerifySvix([]Key{mustKey(t, officialSecret)}, h, tasks[i].Body, now); err == nil {
			t.Errorf("%s: accepted with another secret", names[i])
		}
	}
}

func TestSvixAcceptsWhatIsSignedHere(t *testing.T) {
	const secret = "whsec_" + "bm90IGEgc2VjcmV0OiBmb3IgdGVzdHMgYWxvbmU="
	now := time.Now()
	var tasks []svixTask
	var names []string
	for name, body := range bodies {
		h := map[string]string{"svix-id": "msg_1", "svix-timestamp": strconv.FormatInt(now.Unix(), 10)}
		h["svix-signature"] = sign(keyBytes(t, secret), "msg_1", h["svix-timestamp"], []byte(body))
		task := svixTask{Verify: []string{secret}, NowMS: now.UnixMilli(), Headers: h, Body: []byte(body)}
		changed := task
		changed.Body = append([]byte(body), ' ')
		names = append(names, name, name+", changed")
		tasks = append(tasks, task, changed)
	}
	for i, accepted := range svixLibrary[bool](t, tasks) {
		if accepted != !strings.HasSuffix(names[i], "changed") {
			t.Errorf("%s: accepted %v", names[i], accepted)
		}
	}
}

// Svix's library judges the vectors as we do, except where the vector says so: we are stricter with what Svix never sends.
func TestSvixAgreesOnTheVectors(t *testing.T) {
	all := vectors(t)
	var tasks []svixTask
	for _, v := range all {
		h := map[string]string{}
		for name, values := range v.header() {
			h[name] = strings.Join(values, ", ") // as Node joins them
		}
		tasks = append(tasks, svixTask{Verify: append([]string{}, v.Secrets...), NowMS: v.NowMS, Headers: h, Body: v.body()})
	}
	for i, accepted := range svixLibrary[bool](t, tasks) {
		v := all[i]
		want := v.Want == "accepted"
		if v.Library != nil {
			if *v.Library == want {
				t.Errorf("%s: names no difference", v.Name)
			}
			want = *v.Library
		}
		if accepted != want {
			t.Errorf("%s: Svix accepted %v, want %v", v.Name, accepted, want)
		}
	}
}
