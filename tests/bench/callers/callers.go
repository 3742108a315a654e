// Asks a sidecar from many goroutines: callers ADDRESS CALLERS REQUESTS kept|new
package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"sync"
	"time"
)

func main() {
	callers, _ := strconv.Atoi(os.Args[2])
	requests, _ := strconv.Atoi(os.Args[3])
	client := http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{
		MaxIdleConnsPerHost: callers,
		DisableKeepAlives:   os.Args[4] == "new",
	}}
	var lock sync.Mutex
	var done sync.WaitGroup
	failed, first := 0, ""
	ask := func() error {
		answer, err := client.Get("http://" + os.Args[1] + "/clock")
		if err != nil {
			return err
		}
		defer answer.Body.Close()
		if _, err := io.Copy(io.Discard, answer.Body); err != nil {
			return err
		}
		if answer.StatusCode != 200 {
			return fmt.Errorf("status %d", answer.StatusCode)
		}
		return nil
	}
	for caller := 0; caller < callers; caller++ {
		done.Add(1)
		go func() {
			defer done.Done()
			for request := 0; request < requests; request++ {
				if err := ask(); err != nil {
					lock.Lock()
					failed, first = failed+1, err.Error()
					lock.Unlock()
				}
			}
		}()
	}
	done.Wait()
	fmt.Println(callers*requests, failed, first)
}
