// Drives ecs_clock.go by the protocol of languages.py.
package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"driver/ecsclock"
)

type clock interface {
	Now() (ecsclock.Now, error)
	WaitUntilPast(context.Context, time.Time) error
}

func refused(err error) string {
	var notGood *ecsclock.NotGood
	if !errors.As(err, &notGood) {
		panic(err)
	}
	return fmt.Sprintf("refused %s %v", strings.Join(notGood.Codes, ","), err)
}

func now(c clock) string {
	before := time.Now()
	now, err := c.Now()
	if err != nil {
		return refused(err)
	}
	return fmt.Sprintf("good %d %d %d %d", now.Earliest.UnixNano(), now.Latest.UnixNano(), before.UnixNano(), time.Now().UnixNano())
}

func many(c clock, count int) string {
	var good int64
	var group sync.WaitGroup
	for i := 0; i < count; i++ {
		group.Add(1)
		go func() {
			defer group.Done()
			if strings.HasPrefix(now(c), "good ") {
				atomic.AddInt64(&good, 1)
			}
		}()
	}
	group.Wait()
	return fmt.Sprintf("many %d %d", good, int64(count)-good)
}

func past(c clock, later, patience time.Duration) string {
	now, err := c.Now()
	if err != nil {
		return refused(err)
	}
	timestamp := now.Latest.Add(later)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := c.WaitUntilPast(ctx, timestamp); err != nil {
		return refused(err)
	}
	return fmt.Sprintf("past %d %d -", timestamp.UnixNano(), time.Now().UnixNano())
}

func fake() string {
	var codes []string
	c := ecsclock.NewFake(500*time.Microsecond, &codes)
	first := strings.Fields(now(c))[0]
	if err := c.WaitUntilPast(context.Background(), time.Now()); err != nil {
		panic(err)
	}
	codes = []string{"not_synchronized"}
	return "fake " + first + " " + strings.Fields(now(c))[1]
}

func milliseconds(text string) time.Duration {
	number, err := strconv.ParseFloat(text, 64)
	if err != nil {
		panic(err)
	}
	return time.Duration(number * float64(time.Millisecond))
}

func main() {
	var c *ecsclock.Clock
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		words := strings.Fields(lines.Text())
		switch words[0] {
		case "open":
			os.Setenv("CLOCK_SIDECAR", words[1])
			c = ecsclock.New(milliseconds(words[2]), "")
			c.Cache, c.HTTP.Timeout = milliseconds(words[3]), milliseconds(words[4])
			fmt.Println("opened")
		case "now":
			fmt.Println(now(c))
		case "many":
			count, _ := strconv.Atoi(words[1])
			fmt.Println(many(c, count))
		case "past":
			fmt.Println(past(c, milliseconds(words[1]), milliseconds(words[2])))
		case "step":
			c.PretendStep()
			fmt.Println("stepped")
		case "fake":
			fmt.Println(fake())
		}
	}
}
