package queue

import "github.com/launchday-sim/launchday/models"

// ages is those who wait in the order in which they joined, for each priority, so
// that a full queue finds whom to drop whatever its discipline: lists through an
// array by slot. Who was displaced from a server is not in it and is not dropped.
type ages struct {
	nodes []age
	lanes []lane
	seq   uint64
}

type age struct {
	prev, next models.Slot
	place      uint64
	seq        uint64 // of joining; 0: it is not in the list
	priority   uint8
}

type lane struct{ first, last models.Slot }

func (g *ages) add(slot models.Slot, priority uint8, place uint64) {
	for len(g.nodes) <= int(slot) {
		g.nodes = append(g.nodes, age{})
	}
	for len(g.lanes) <= int(priority) {
		g.lanes = append(g.lanes, lane{models.None, models.None})
	}
	l := &g.lanes[priority]
	g.seq++
	g.nodes[slot] = age{prev: l.last, next: models.None, place: place, seq: g.seq, priority: priority}
	if l.last == models.None {
		l.first = slot
	} else {
		g.nodes[l.last].next = slot
	}
	l.last = slot
}

func (g *ages) remove(slot models.Slot) {
	if int(slot) >= len(g.nodes) || g.nodes[slot].seq == 0 {
		return
	}
	n := &g.nodes[slot]
	n.seq = 0
	l := &g.lanes[n.priority]
	if n.prev == models.None {
		l.first = n.next
	} else {
		g.nodes[n.prev].next = n.next
	}
	if n.next == models.None {
		l.last = n.prev
	} else {
		g.nodes[n.next].prev = n.prev
	}
}

// oldest is the one that joined first; models.None if there is nobody.
func (g *ages) oldest() models.Slot {
	found := models.None
	for i := range g.lanes {
		if s := g.lanes[i].first; s != models.None && (found == models.None || g.nodes[s].seq < g.nodes[found].seq) {
			found = s
		}
	}
	return found
}

// lowest is the one that joined last of those with the lowest priority, if that is
// lower than the given one; models.None otherwise.
func (g *ages) lowest(than uint8) models.Slot {
	for i := len(g.lanes) - 1; i > int(than); i-- {
		if s := g.lanes[i].last; s != models.None {
			return s
		}
	}
	return models.None
}
