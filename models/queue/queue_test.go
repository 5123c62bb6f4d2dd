package queue_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/queue"
	"github.com/launchday-sim/launchday/sim"
)

func TestAnUnknownDisciplineIsRefusedByName(t *testing.T) {
	_, err := queue.New(queue.Spec{Discipline: "fcfs"})
	assert.EqualError(t, err, `discipline: "fcfs" is not one of fifo, lifo, priority`)
}

// naive is the textbook: a list of who waits, searched from end to end.
type naive struct {
	discipline string
	list       []member
}

type member struct {
	slot     models.Slot
	priority uint8
	ghost    bool
}

func (n *naive) pop() (member, bool) {
	if len(n.list) == 0 {
		return member{}, false
	}
	best := 0
	for i, m := range n.list {
		switch n.discipline {
		case "lifo":
			best = len(n.list) - 1
		case "priority":
			if m.priority < n.list[best].priority {
				best = i
			}
		}
	}
	m := n.list[best]
	n.list = append(n.list[:best:best], n.list[best+1:]...)
	return m, true
}

func TestEveryDisciplineServesAsTheTextbookDoesThroughLeavingAndChangesOfDiscipline(t *testing.T) {
	disciplines := []string{"fifo", "lifo", "priority"}
	rapid.Check(t, func(t *rapid.T) {
		ref := naive{discipline: rapid.SampledFrom(disciplines).Draw(t, "discipline")}
		q, err := queue.New(queue.Spec{Discipline: ref.discipline})
		require.NoError(t, err)
		attempts := map[models.Slot]*models.Attempt{}
		waiting := 0
		for step := range rapid.IntRange(1, 200).Draw(t, "steps") {
			switch rapid.IntRange(0, 9).Draw(t, "what") {
			case 0, 1, 2, 3, 4:
				slot := models.Slot(step)
				a := &models.Attempt{Admitted: sim.Time(step), Priority: uint8(rapid.IntRange(0, 3).Draw(t, "priority"))}
				attempts[slot] = a
				q.Push(slot, a)
				ref.list = append(ref.list, member{slot: slot, priority: a.Priority})
				waiting++
			case 5, 6:
				live := []int{}
				for i, m := range ref.list {
					if !m.ghost {
						live = append(live, i)
					}
				}
				if len(live) > 0 {
					i := rapid.SampledFrom(live).Draw(t, "who leaves")
					q.Leave(attempts[ref.list[i].slot])
					ref.list[i].ghost = true
					waiting--
				}
			case 7, 8:
				want, some := ref.pop()
				got, ok := q.Pop()
				require.Equal(t, some, ok)
				if some {
					if want.ghost {
						require.Equal(t, models.None, got.Slot)
					} else {
						require.Equal(t, want.slot, got.Slot)
						waiting--
					}
					require.Equal(t, attempts[want.slot].Admitted, got.Joined)
				}
			case 9:
				ref.discipline = rapid.SampledFrom(disciplines).Draw(t, "new discipline")
				require.NoError(t, q.Reconfigure(queue.Spec{Discipline: ref.discipline}, func(s models.Slot) *models.Attempt { return attempts[s] }))
			}
			require.Equal(t, waiting, q.Len())
		}
	})
}

func TestAQueueAllocatesNothingOnceItHasGrown(t *testing.T) {
	q, err := queue.New(queue.Spec{Discipline: "priority"})
	require.NoError(t, err)
	a := models.Attempt{Priority: 1}
	for range 100 {
		q.Push(1, &a)
	}
	assert.Zero(t, testing.AllocsPerRun(1000, func() {
		q.Push(1, &a)
		q.Pop()
	}))
}
