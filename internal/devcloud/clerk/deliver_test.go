package clerk

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

func TestTheSignatureIsSvixs(t *testing.T) {
	// The test vector of Svix's own libraries.
	got, err := Sign(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", time.Unix(1614265330, 0), []byte(`{"test": 2432232314}`))
	if err != nil || got != "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=" {
		t.Errorf("%s, %v", got, err)
	}
	if _, err := Sign("whsec_?", "", time.Time{}, nil); err == nil {
		t.Error("a secret that is no base64 signs")
	}
}

// receiver verifies as the contract asks, answers by id, and fails now and then.
type receiver struct {
	mu       sync.Mutex
	requests int
	failing  int // every so many requests get a 500
	trusting bool
	seen     map[string]string // body by id
	order    []string
}

func (v *receiver) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	id := r.Header.Get("svix-id")
	seconds, _ := strconv.ParseInt(r.Header.Get("svix-timestamp"), 10, 64)
	at := time.Unix(seconds, 0)
	want, _ := Sign(secret, id, at, body)
	v.mu.Lock()
	defer v.mu.Unlock()
	if !v.trusting && (r.Header.Get("svix-signature") != want || time.Since(at).Abs() > 5*time.Minute) {
		http.Error(w, "forged", http.StatusBadRequest)
		return
	}
	if v.requests++; v.failing > 0 && v.requests%v.failing == 0 {
		http.Error(w, "busy", http.StatusInternalServerError)
		return
	}
	word := "processed"
	if v.seen[id] != "" {
		word = "duplicate"
	} else {
		v.order = append(v.order, id)
	}
	v.seen[id] = string(body)
	_, _ = fmt.Fprintf(w, `{"status":%q}`, word)
}

func receive(t *testing.T, v *receiver) string {
	v.seen = map[string]string{}
	server := httptest.NewServer(v)
	t.Cleanup(server.Close)
	return server.URL
}

func TestAFaultyDeliveryAddsUp(t *testing.T) {
	i, err := SimulateYear(Options{Seed: 5}, 50, 500)
	must(t, err)
	events := i.Events()
	v := &receiver{failing: 7}
	other := 0
	second := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v.ServeHTTP(w, r)
		v.mu.Lock()
		defer v.mu.Unlock()
		other++
	}))
	defer second.Close()
	d := Delivery{Targets: []string{receive(t, v), second.URL}, Secret: secret, Senders: 8, Pause: func(context.Context, int) {},
		Faults: Faults{Seed: 5, MaxCopies: 4, Shuffle: true, DropShare: 0.3, ForgeShare: 0.2, MaxDelay: time.Millisecond}}
	r, err := d.Send(t.Context(), events)
	must(t, err)
	if all := r.Requests + r.Forged; other < all/3 || other > all*2/3 {
		t.Errorf("%d of %d requests came to the second instance", other, all)
	}
	arrived := len(events) - len(r.Dropped)
	if len(v.seen) != arrived || r.Answers["processed"] != arrived || len(r.Lost) > 0 || len(r.Accepted) > 0 {
		t.Errorf("%d arrived, %d are here: %+v", arrived, len(v.seen), r)
	}
	if r.Answers["processed"]+r.Answers["duplicate"] != r.Copies || r.Requests != r.Copies+r.Retries || r.Codes[200] != r.Copies || r.Codes[500] != r.Retries ||
		r.Codes[500] == 0 {
		t.Errorf("it does not add up: %+v", r)
	}
	if share := float64(len(r.Dropped)) / float64(len(events)); share < 0.2 || share > 0.4 || r.Forged < 30 || r.Copies < arrived*2 {
		t.Errorf("%d dropped, %d forged, %d copies of %d", len(r.Dropped), r.Forged, r.Copies, arrived)
	}
	for _, e := range events {
		if got, ok := v.seen[e.ID]; ok && got != string(e.Body) {
			t.Fatal("a body changed on its way")
		}
	}
}

func TestWithoutFaultsEventsComeOnceAndInOrder(t *testing.T) {
	i, err := SimulateYear(Options{Seed: 6}, 10, 100)
	must(t, err)
	v := &receiver{}
	r, err := Delivery{Targets: []string{receive(t, v)}, Secret: secret}.Send(t.Context(), i.Events())
	must(t, err)
	var ids []string
	for _, e := range i.Events() {
		ids = append(ids, e.ID)
	}
	if strings.Join(ids, " ") != strings.Join(v.order, " ") || r.Copies != len(ids) || r.Forged != 0 || len(r.Dropped) != 0 {
		t.Errorf("%+v", r)
	}
}

func TestEachForgeryIsRefusedByAGoodReceiverAndReportedOfABadOne(t *testing.T) {
	i, err := SimulateYear(Options{Seed: 6}, 20, 200)
	must(t, err)
	for _, trusting := range []bool{false, true} {
		v := &receiver{trusting: trusting}
		r, err := Delivery{Targets: []string{receive(t, v)}, Secret: secret, Faults: Faults{ForgeShare: 1}}.Send(t.Context(), i.Events())
		must(t, err)
		kinds := map[string]bool{}
		for _, kind := range r.Accepted {
			kinds[kind] = true
		}
		if r.Forged != len(i.Events()) || trusting && len(kinds) != len(forgeries) || !trusting && len(kinds) != 0 {
			t.Errorf("trusting %v: %d forged, accepted: %v", trusting, r.Forged, kinds)
		}
	}
}

func TestWhatIsNeverAcceptedIsLost(t *testing.T) {
	i := instance(t, Options{})
	newUser(t, i)
	r, err := Delivery{Targets: []string{receive(t, &receiver{failing: 1})}, Secret: secret, Tries: 3, Pause: func(context.Context, int) {}}.
		Send(t.Context(), i.Events())
	must(t, err)
	if len(r.Lost) != 2 || r.Copies != 2 || r.Requests != 6 || r.Codes[500] != 6 {
		t.Errorf("%+v", r)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := (Delivery{Targets: []string{"http://127.0.0.1:1/"}, Secret: secret}).Send(gone, i.Events()); err == nil {
		t.Error("a delivery that was stopped reports no error")
	}
}
