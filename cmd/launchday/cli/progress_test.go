package cli

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestTheProgressSaysHowFarItIsAndHowLongTheRestTakes(t *testing.T) {
	var screen bytes.Buffer
	start := time.Date(2025, 3, 25, 0, 0, 0, 0, time.UTC)
	now := start
	p := &progress{w: &screen, now: func() time.Time { return now }, begun: start}

	now = start.Add(10 * time.Second)
	p.simulated(24*time.Hour, 96*time.Hour, 25e6)
	assert.Equal(t, "\r 25 %  1d of 4d simulated, 2.5M events/s, 30s left", screen.String())

	screen.Reset()
	now = now.Add(50 * time.Millisecond)
	p.simulated(25*time.Hour, 96*time.Hour, 26e6)
	assert.Empty(t, screen.String(), "a moment later nothing is written")

	now = now.Add(time.Second)
	p.replications(3, 4)
	assert.Equal(t, "\r 75 %  3 of 4 runs, 4s left                       ", screen.String(), "a shorter line covers the longer one")

	screen.Reset()
	p.clear()
	assert.Equal(t, "\r                           \r", screen.String())
}

func TestWhatIsNotATerminalGetsNoProgress(t *testing.T) {
	var log bytes.Buffer
	p := newProgress(&log)
	p.replications(1, 2)
	p.clear()
	assert.Empty(t, log.String())
}
