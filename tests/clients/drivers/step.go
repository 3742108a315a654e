package ecsclock

import "time"

// PretendStep makes the last answer one from before a step of the wall clock of a second. Go asks the kernel for the time
// without the C library, so that a test cannot step its clock.
func (c *Clock) PretendStep() {
	last := *c.last.Load()
	last.Earliest = last.Earliest.Add(-time.Second)
	last.Latest = last.Latest.Add(-time.Second)
	c.last.Store(&last)
}
