// Package ecsclock asks the ecs-clock-emf sidecar whether this task's clock is good, and for the
// range of true time.
//
// Copy this file. It needs Go 1.19 or later and no modules. Keep one client for the process:
//
//	clock := ecsclock.New(5*time.Millisecond, "")
//	now, err := clock.Now()                    // an error: refuse the step
//	err = write(now.Latest)
//	err = clock.WaitUntilPast(ctx, now.Latest) // before anybody sees the write
package ecsclock

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

var notGood = regexp.MustCompile("^not_good ([a-z0-9_,]+)\t([^\n]+)\n$")

// NotGood means: refuse the step. Codes are the sidecar's, or no_answer, or not_past.
type NotGood struct{ Codes, Reasons []string }

func (e *NotGood) Error() string { return strings.Join(e.Reasons, "; ") }

// Now is the range that true time was in when it was returned.
type Now struct{ Earliest, Latest time.Time }

// answer is what came of a request. The range of a good one was true when it was asked for.
type answer struct {
	Now
	asked   time.Time
	refusal *NotGood
}

// atPresent moves the range to the present. It is of no use if it is too old, or does not contain
// this machine's clock: after a step or a suspension, or if it is of another clock.
func (a *answer) atPresent(longest time.Duration) (Now, error) {
	before, after := time.Now(), time.Now()
	now := Now{a.Earliest.Add(before.Sub(a.asked)), a.Latest.Add(after.Sub(a.asked))}
	// The range has no monotonic time, so it is compared with the wall clock.
	if after.Sub(a.asked) > longest || now.Earliest.After(after) || now.Latest.Before(after) {
		return Now{}, a.refusal
	}
	return now, nil
}

// Clock is a client. A thousand simultaneous callers make one request.
type Clock struct {
	Cache    time.Duration // how long an answer is used
	HTTP     *http.Client  // its Timeout is a second
	maxError time.Duration
	url      string
	ask      func() *answer
	mutex    sync.Mutex
	last     atomic.Pointer[answer]
}

// New returns a client of the sidecar at CLOCK_SIDECAR, by default http://127.0.0.1:2780. query has
// more parameters of /clock, such as "&max_age=30m&for=etcd".
func New(maxError time.Duration, query string) *Clock {
	sidecar := os.Getenv("CLOCK_SIDECAR")
	if sidecar == "" {
		sidecar = "http://127.0.0.1:2780"
	}
	// A new transport has no proxy. It asks again if the sidecar has closed an idle connection.
	transport := &http.Transport{MaxConnsPerHost: 1}
	redirect := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	c := &Clock{Cache: 100 * time.Millisecond, maxError: maxError}
	c.HTTP = &http.Client{Timeout: time.Second, Transport: transport, CheckRedirect: redirect}
	c.url = fmt.Sprintf("%s/clock.txt?max_error=%dns%s", sidecar, maxError, query)
	c.ask = c.get
	c.last.Store(&answer{})
	return c
}

// Now returns the range of true time, or a *NotGood if the clock is not good or unknown. It takes
// the Timeout at most.
func (c *Clock) Now() (Now, error) {
	seen := c.last.Load()
	if now, err := seen.atPresent(c.Cache); err == nil {
		return now, nil
	}
	c.mutex.Lock() // one asks, the others wait here
	defer c.mutex.Unlock()
	if c.last.Load() == seen {
		c.last.Store(c.ask())
	}
	return c.last.Load().atPresent(c.validFor())
}

// The sidecar judges the clock as it may be at the end of this time.
func (c *Clock) validFor() time.Duration { return c.HTTP.Timeout + c.Cache }

func (c *Clock) get() *answer {
	a := &answer{asked: time.Now()}
	var line []byte
	response, err := c.HTTP.Get(fmt.Sprintf("%s&valid_for=%dns", c.url, c.validFor()))
	if err == nil {
		defer response.Body.Close()
		line, err = io.ReadAll(io.LimitReader(response.Body, 65_536))
	}
	var earliest, latest int64
	fmt.Sscanf(string(line), "good %d %d", &earliest, &latest)
	isWhole := string(line) == fmt.Sprintf("good %d %d\n", earliest, latest)
	isRange := earliest <= latest && latest-earliest <= 2*(c.maxError.Microseconds()+1)
	reason := fmt.Sprintf("the sidecar gives no answer: %.200q %v", line, err)
	a.refusal = &NotGood{[]string{"no_answer"}, []string{reason}}
	if match := notGood.FindStringSubmatch(string(line)); match != nil {
		a.refusal = &NotGood{strings.Split(match[1], ","), strings.Split(match[2], "\t")}
	} else if err == nil && response.StatusCode == http.StatusOK && isWhole && isRange {
		// It may be from the end of the request, so at the beginning true time was earlier.
		a.Earliest = time.UnixMicro(earliest).UTC().Add(-time.Since(a.asked))
		a.Latest = time.UnixMicro(latest).UTC()
	}
	return a
}

// WaitUntilPast returns nil once true time is certainly past, or a *NotGood when ctx is done.
func (c *Clock) WaitUntilPast(ctx context.Context, past time.Time) error {
	codes := []string{"not_past"}
	for ctx.Err() == nil {
		now, err := c.Now()
		left := past.Sub(now.Earliest) + 1
		if notGood, isNotGood := err.(*NotGood); isNotGood { // it may become good again
			left = 50 * time.Millisecond
			codes = append(codes[:1], notGood.Codes...)
		} else if left <= 0 {
			return nil
		}
		select {
		case <-time.After(left):
		case <-ctx.Done():
		}
	}
	return &NotGood{codes, []string{past.String() + " is not certainly past"}}
}

// NewFake returns a clock for your tests: good with this error bound, not good while it has codes.
func NewFake(bound time.Duration, codes *[]string) *Clock {
	c := New(bound, "")
	c.Cache = 0
	c.ask = func() *answer {
		a := &answer{asked: time.Now(), refusal: &NotGood{*codes, *codes}}
		if len(*codes) == 0 {
			a.Now = Now{a.asked.Add(-bound), a.asked.Add(bound)}
		}
		return a
	}
	return c
}
