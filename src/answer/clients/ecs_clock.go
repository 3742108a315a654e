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

// answer is what came of a request. The range of a good one was true between asked and got.
type answer struct {
	Now
	asked, got time.Time
	refusal    *NotGood
}

// atPresent moves the range to the present. It is of no use if it is too old, or does not contain
// this machine's clock: after a step or a suspension, or if it is of another clock.
func (a *answer) atPresent(longest time.Duration) (now Now, isUsable bool) {
	before, after := time.Now(), time.Now()
	wall := after.Round(0) // without the monotonic clock
	now = Now{a.Earliest.Add(before.Sub(a.got)), a.Latest.Add(after.Sub(a.asked))}
	isHere := !now.Earliest.After(wall) && !now.Latest.Before(wall)
	return now, isHere && after.Sub(a.asked) <= longest
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
	c := &Clock{Cache: 100 * time.Millisecond, maxError: maxError}
	c.url = fmt.Sprintf("%s/clock.txt?max_error=%dns%s", sidecar, maxError, query)
	c.ask = c.get
	c.last.Store(&answer{})
	c.HTTP = &http.Client{
		Timeout: time.Second,
		// A new transport has no proxy. It asks again if the sidecar has closed an idle connection.
		Transport:     &http.Transport{MaxConnsPerHost: 1},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return c
}

// Now returns the range of true time, or a *NotGood if the clock is not good or unknown. It takes
// the Timeout at most.
func (c *Clock) Now() (Now, error) {
	seen := c.last.Load()
	if now, isUsable := seen.atPresent(c.Cache); isUsable {
		return now, nil
	}
	c.mutex.Lock() // one asks, the others wait here
	defer c.mutex.Unlock()
	if c.last.Load() == seen {
		c.last.Store(c.ask())
	}
	if now, isUsable := c.last.Load().atPresent(c.validFor()); isUsable {
		return now, nil
	}
	return Now{}, c.last.Load().refusal
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
	reason := fmt.Sprintf("the sidecar gives no answer: %.200q %v", line, err)
	a.refusal = &NotGood{[]string{"no_answer"}, []string{reason}}
	if match := notGood.FindStringSubmatch(string(line)); match != nil {
		a.refusal = &NotGood{strings.Split(match[1], ","), strings.Split(match[2], "\t")}
	} else if err == nil && response.StatusCode == http.StatusOK {
		var earliest, latest int64
		fmt.Sscanf(string(line), "good %d %d", &earliest, &latest)
		isRange := earliest <= latest && latest-earliest <= 2*(c.maxError.Microseconds()+1)
		if isRange && string(line) == fmt.Sprintf("good %d %d\n", earliest, latest) {
			a.Now = Now{time.UnixMicro(earliest).UTC(), time.UnixMicro(latest).UTC()}
			a.got = time.Now()
		}
	}
	return a
}

// WaitUntilPast returns nil once true time is certainly past, or a *NotGood when ctx is done.
func (c *Clock) WaitUntilPast(ctx context.Context, past time.Time) error {
	codes := []string{"not_past"}
	for ctx.Err() == nil {
		left := 50 * time.Millisecond
		now, err := c.Now()
		if err == nil {
			left = past.Sub(now.Earliest) + 1
		} else if notGood, isNotGood := err.(*NotGood); isNotGood {
			codes = append(codes[:1], notGood.Codes...) // it may become good again
		}
		if left <= 0 {
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
		now := time.Now()
		if len(*codes) > 0 {
			return &answer{refusal: &NotGood{*codes, *codes}}
		}
		return &answer{Now: Now{now.Add(-bound), now.Add(bound)}, asked: now, got: now}
	}
	return c
}
