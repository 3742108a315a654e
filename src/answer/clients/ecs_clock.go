// Package ecsclock asks the ecs-clock-emf sidecar whether this task's clock is good, and for the range that contains
// true time.
//
// Copy this file. It needs Go 1.19 or later and the standard library only. Keep one client for the whole process:
//
//	clock := ecsclock.New(5*time.Millisecond, nil)
//	now, err := clock.Now(ctx)                 // an error: refuse the step, also if the sidecar does not respond
//	err = write(now.Latest)
//	err = clock.WaitUntilPast(ctx, now.Latest) // before anybody sees the write
package ecsclock

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"
)

// NotGood means: refuse the step. Codes has the sidecar's codes, or no_answer (nothing usable), or not_past.
type NotGood struct{ Codes, Reasons []string }

func (e *NotGood) Error() string { return strings.Join(e.Reasons, "; ") }

func refuse(code, format string, values ...any) *NotGood {
	return &NotGood{[]string{code}, []string{fmt.Sprintf(format, values...)}}
}

// Now is the range that contained true time when it was returned.
type Now struct{ Earliest, Latest time.Time }

// flight is a request and its outcome. Its range was true at some moment between asked and got.
type flight struct {
	Now
	asked, got time.Time
	limit      time.Duration
	drift      float64
	err        error
	done       chan struct{}
}

// Clock is a client. A thousand simultaneous callers make one request.
type Clock struct {
	Cache    time.Duration // how long an answer is used
	HTTP     *http.Client  // its Timeout is a second
	maxError time.Duration
	ask      func() (status int, body []byte, err error)
	mutex    sync.Mutex
	last     *flight
}

// New returns a client of the sidecar at CLOCK_SIDECAR, by default http://127.0.0.1:2780. query has more parameters of
// /clock, such as max_age and for, or is nil.
func New(maxError time.Duration, query url.Values) *Clock {
	address := os.Getenv("CLOCK_SIDECAR")
	if address == "" {
		address = "http://127.0.0.1:2780"
	}
	parameters := url.Values{"max_error": {fmt.Sprintf("%dns", maxError)}}
	for name, values := range query {
		parameters[name] = values
	}
	c := &Clock{Cache: 100 * time.Millisecond, maxError: maxError, HTTP: &http.Client{
		Timeout: time.Second,
		// A new transport has no proxy. It asks again if the sidecar has closed an idle connection.
		Transport:     &http.Transport{MaxConnsPerHost: 1},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	c.ask = func() (int, []byte, error) {
		response, err := c.HTTP.Get(address + "/clock?" + parameters.Encode())
		if err != nil {
			return 0, nil, err
		}
		defer response.Body.Close()
		body, err := io.ReadAll(io.LimitReader(response.Body, 65_536))
		return response.StatusCode, body, err
	}
	return c
}

// Fake is a clock for your tests. While it has codes, it is not good.
type Fake struct {
	Clock
	Codes []string
}

// NewFake returns a clock with this error bound.
func NewFake(bound time.Duration) *Fake {
	fake := &Fake{Clock: Clock{maxError: bound + time.Second}}
	fake.ask = func() (int, []byte, error) {
		now := time.Now()
		body, err := json.Marshal(map[string]any{
			"verdict": "good", "codes": fake.Codes, "earliest": now.Add(-bound), "latest": now.Add(bound),
		})
		return http.StatusOK, body, err
	}
	return fake
}

// Now returns the range that contains true time, or a *NotGood if the clock is not good or nothing is known.
func (c *Clock) Now(ctx context.Context) (Now, error) {
	c.mutex.Lock()
	f := c.last
	if f == nil || !c.isUsable(f) {
		f = &flight{asked: time.Now(), done: make(chan struct{})}
		c.last = f
		go func() { // not in the caller's context, since others wait for it too
			defer close(f.done)
			f.err = c.fly(f)
		}()
	}
	c.mutex.Unlock()
	select {
	case <-f.done:
		return c.rangeOf(f)
	case <-ctx.Done():
		return Now{}, refuse("no_answer", "no answer yet: %v", ctx.Err())
	}
}

func (c *Clock) isUsable(f *flight) bool {
	select {
	case <-f.done:
	default:
		return true // still in flight
	}
	now := time.Now()
	age := now.Sub(f.asked)                          // by the monotonic clock
	step := now.Round(0).Sub(f.asked.Round(0)) - age // Round(0) leaves the wall clock
	_, err := c.rangeOf(f)
	return err == nil && age < c.Cache && step.Abs() < 5*time.Millisecond
}

func (c *Clock) rangeOf(f *flight) (Now, error) {
	now := time.Now()
	least, most := now.Sub(f.got), now.Sub(f.asked)
	growth := time.Duration(float64(most)*f.drift) + 1
	if f.err != nil {
		return Now{}, f.err
	} else if f.Latest.Sub(f.Earliest)/2+growth > f.limit {
		return Now{}, refuse("bound_over_limit", "the error bound has grown over the limit since the answer")
	}
	return Now{f.Earliest.Add(least - growth), f.Latest.Add(most + growth)}, nil
}

func (c *Clock) fly(f *flight) error {
	status, body, err := c.ask()
	f.got = time.Now()
	answer := struct {
		Verdict, Error, Source string
		Codes, Reasons         []string
		Earliest, Latest       *time.Time
		Drift                  float64 `json:"max_drift_ppm"`
		Limits                 struct {
			MaxErrorMs *float64 `json:"max_error_ms"`
		}
	}{Drift: 15}
	if err == nil {
		err = json.Unmarshal(body, &answer)
	}
	switch {
	case err != nil:
		return refuse("no_answer", "the sidecar gives no answer: %v", err)
	case len(answer.Codes) > 0:
		return &NotGood{answer.Codes, answer.Reasons}
	case status != http.StatusOK || answer.Verdict != "good" || answer.Earliest == nil || answer.Latest == nil ||
		answer.Earliest.After(*answer.Latest) || answer.Drift < 0 || answer.Drift > 1e5:
		return refuse("no_answer", "the sidecar gives no answer: HTTP %d: %s", status, answer.Error)
	case answer.Source == "ntp" && answer.Drift < 100:
		answer.Drift = 100 // nothing is known to correct this clock
	}
	f.Now, f.drift, f.limit = Now{*answer.Earliest, *answer.Latest}, answer.Drift/1e6, c.maxError
	if ms := answer.Limits.MaxErrorMs; ms != nil && *ms*1e6 < float64(f.limit) {
		f.limit = time.Duration(*ms * 1e6) // with the parameter for, the sidecar may have applied a smaller limit
	}
	return nil
}

// WaitUntilPast returns nil once true time is certainly past a time, and a *NotGood when the context is done.
func (c *Clock) WaitUntilPast(ctx context.Context, past time.Time) error {
	codes := []string{"not_past"}
	for ctx.Err() == nil {
		left := 50 * time.Millisecond
		now, err := c.Now(ctx)
		if notGood := (*NotGood)(nil); errors.As(err, &notGood) {
			if ctx.Err() == nil {
				codes = append(codes[:1], notGood.Codes...) // it may become good again
			}
		} else if left = past.Sub(now.Earliest) + 1; left <= 0 {
			return nil
		}
		select {
		case <-time.After(left):
		case <-ctx.Done():
		}
	}
	return &NotGood{codes, []string{past.String() + " is not certainly past"}}
}
