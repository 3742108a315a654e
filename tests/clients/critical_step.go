// A critical step that rests on the clock, in Go: the standard library asks the sidecar.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
)

// Without a proxy: the sidecar is in this task.
var client = http.Client{Timeout: time.Second, Transport: &http.Transport{}}

// said is what is needed of an answer. A member that is missing stays empty.
type said struct {
	Latest        string
	CertainlyPast bool `json:"certainly_past"`
	Reasons       []string
	Error         string
}

// clock returns what /clock says of a good clock. An error means that the step must not be taken:
// the clock is not good, or nobody answers.
func clock(name, value string) (said, error) {
	sidecar := os.Getenv("CLOCK_SIDECAR")
	if sidecar == "" {
		sidecar = "http://127.0.0.1:2780"
	}
	answer, err := client.Get(sidecar + "/clock?" + url.Values{name: {value}}.Encode())
	if err != nil {
		return said{}, err
	}
	defer answer.Body.Close()
	var s said
	if err := json.NewDecoder(answer.Body).Decode(&s); err != nil {
		return said{}, err
	}
	if answer.StatusCode != http.StatusOK {
		return said{}, errors.New(strings.Join(append(s.Reasons, s.Error), "; "))
	}
	return s, nil
}

// waitUntilPast returns once every correct clock in the world shows a later time than timestamp.
func waitUntilPast(timestamp string, patience time.Duration) error {
	for start := time.Now(); time.Since(start) < patience; time.Sleep(time.Millisecond) {
		// A clock that is not good now may become good again.
		if s, err := clock("after", timestamp); err == nil && s.CertainlyPast {
			return nil
		}
	}
	return fmt.Errorf("%s is not certainly past", timestamp)
}

// commit takes the step with the latest time it can be, and waits that time out before anybody hears of it.
func commit(write func(timestamp string) error) (string, error) {
	s, err := clock("max_error", "5ms")
	if err != nil {
		return "", err
	}
	if s.Latest == "" {
		return "", errors.New("no range")
	}
	if err := write(s.Latest); err != nil {
		return "", err
	}
	return s.Latest, waitUntilPast(s.Latest, 10*time.Second)
}

func main() {
	timestamp, err := commit(func(timestamp string) error {
		_, err := fmt.Println("writing", timestamp)
		return err
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, "refused:", err)
		os.Exit(1)
	}
	fmt.Println("committed", timestamp)
}
