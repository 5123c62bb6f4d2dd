package sim

import "math/bits"

// A queue holds the pending entries and gives them back by time, priority and
// insertion. It is a radix heap of base 256 with a sorted front; or, seen from
// the other side, a ladder queue whose rungs are the bytes of the time.
//
// It relies on nothing being scheduled before the current time. Let base be a
// time that no pending entry precedes. An entry goes into the bucket (row,
// digit) where row is the highest byte in which its time differs from base, and
// digit that byte of its time. So every entry of a row is later than those of
// the rows below it, and within a row the digits are in order of time. To go on,
// base moves to the start of the first bucket, and the bucket is either small,
// and sorted into the front, or its entries are dealt out to the rows below it.
// Dealt out, an entry falls by a row at least, so by eight rows at most, and
// always through sequential memory.
//
// No bucket can be a bad one: ties only fall through to row 1, whose buckets are
// an instant each, and equal increments fill the buckets one after the other.
//
// The front is a sorted ring of at most frontMax entries, all those before
// limit; what is scheduled before limit is inserted there. When it is full, which
// takes 17 insertions at least after a refill, its later half goes to the
// buckets. Where few entries are pending the front has them all, and limit is
// Never.
//
// What is scheduled for the current instant goes to row 0, whose digit is the
// priority: it takes constant time however many events the instant has. While
// row 0 holds anything, limit is later than now: its elders are all in the front.
//
// Entries of equal time and priority need no sequence number. They always go the
// same way, and everything here is stable: a bucket is first in, first out, and
// an entry is inserted behind its equals.
type queue struct {
	len   int // entries held, those of cancelled events included
	base  Time
	limit Time

	front      [256]entry // a ring: uint8 indices wrap by themselves
	head, tail uint8      // the front is [head, tail)

	instant int // entries in row 0, all of the same time, or 0
	filled  [rows][256 / 64]uint64
	bucket  [rows][256]bucket
	spare   *chunk // chunks that are not in use
}

const (
	rows      = 9  // the priority and the eight bytes of the time
	frontMax  = 64 // a longer front costs insertions, a shorter one spills
	frontFill = 16 // a refill takes buckets until it has this many
	chunkLen  = 32 // a power of two; also the largest bucket that is sorted
)

// An entry is a pending event and its time; 16 bytes, four to a cache line.
type entry struct {
	t  Time
	ev Event
}

// after reports whether a comes after b regardless of insertion.
func (a *entry) after(b *entry) bool {
	return a.t > b.t || a.t == b.t && a.ev.Priority > b.ev.Priority
}

// A chunk is a stretch of a bucket. Its length is kept in the bucket: then
// appending touches one line of the chunk, and 576 bytes, the size that it is
// given, spread over the sets of a cache.
type chunk struct {
	entries [chunkLen]entry
	next    *chunk
}

// A bucket is a list of chunks, first in, first out.
type bucket struct {
	head, tail *chunk
	from       uint32 // first entry of head; other than 0 in row 0 only
	n          uint32 // entries appended so far: counted from the first of some head
}

// in returns the entries of c, a chunk of b.
func (b *bucket) in(c *chunk) []entry {
	from, to := uint32(0), uint32(chunkLen)
	if c == b.head {
		from = b.from
	}
	if c == b.tail {
		to = (b.n-1)%chunkLen + 1
	}
	return c.entries[from:to]
}

func (q *queue) init() { q.limit = Never }

// push adds an entry, not before now and before Never.
func (q *queue) push(now Time, e entry) {
	q.len++
	if e.t >= q.limit {
		q.deal(e)
		return
	}
	if e.t == now {
		q.instant++
		q.append(0, uint(e.ev.Priority), e)
		return
	}
	q.insert(e)
	if q.tail-q.head == frontMax {
		q.spill(now)
	}
}

// pop takes out the first entry, if there is one before the given time. Having
// gone as far as that time, it counts on the clock to follow: to the entry, or
// to before if there is none.
func (q *queue) pop(now, before Time) (entry, bool) {
	for {
		if q.instant != 0 {
			return q.popInstant(before)
		}
		if q.head != q.tail {
			return q.popFront(before)
		}
		if !q.refill(now, before) {
			return entry{}, false
		}
	}
}

func (q *queue) popFront(before Time) (entry, bool) {
	e := q.front[q.head]
	if e.t >= before {
		return entry{}, false
	}
	q.head++
	q.len--
	return e, true
}

// popInstant is pop if row 0 holds anything. An equal in the front is older: it
// was scheduled before its instant came.
func (q *queue) popInstant(before Time) (entry, bool) {
	digit, _ := q.first(0)
	b := &q.bucket[0][digit]
	e := b.head.entries[b.from]
	if q.head != q.tail && !q.front[q.head].after(&e) {
		return q.popFront(before)
	}
	if e.t >= before {
		return entry{}, false
	}
	q.len--
	q.instant--
	b.from++
	switch {
	case b.head == b.tail && b.from == (b.n-1)%chunkLen+1:
		old := q.detach(0, digit)
		q.recycle(old.head)
	case b.from == chunkLen:
		b.head, b.from = q.recycle(b.head), 0
	}
	return e, true
}

// insert puts an entry into the front, behind its equals.
func (q *queue) insert(e entry) {
	i := q.tail
	q.tail++
	for i != q.head && q.front[i-1].after(&e) {
		q.front[i] = q.front[i-1]
		i--
	}
	q.front[i] = e
}

// spill moves about half of the front to the buckets, cutting between two
// times; all of it if it has but one. What is due now stays: it is older than
// what row 0 holds, which comes before the buckets. The entry that was too many
// is later than now, so there is a cut.
func (q *queue) spill(now Time) {
	cut := q.head + frontMax/2
	for cut != q.head && q.front[cut-1].t == q.front[cut].t {
		cut--
	}
	for q.front[cut].t == now {
		cut++
	}
	q.limit = q.front[cut].t
	for i := cut; i != q.tail; i++ {
		q.deal(q.front[i])
	}
	q.tail = cut
}

// deal puts an entry into its bucket.
func (q *queue) deal(e entry) {
	row := uint(bits.Len64(uint64(e.t^q.base)|1)+7) / 8
	q.append(row, uint(uint8(e.t>>(8*(row-1)&63))), e)
}

func (q *queue) append(row, digit uint, e entry) {
	b := &q.bucket[row][digit]
	if b.n%chunkLen == 0 {
		q.extend(row, digit)
	}
	b.tail.entries[b.n%chunkLen] = e
	b.n++
}

// extend gives a bucket another chunk.
func (q *queue) extend(row, digit uint) {
	c := q.spare
	if c == nil {
		c = new(chunk)
	} else {
		q.spare, c.next = c.next, nil
	}
	b := &q.bucket[row][digit]
	if b.tail == nil {
		b.head = c
		q.filled[row][digit/64] |= 1 << (digit % 64)
	} else {
		b.tail.next = c
	}
	b.tail = c
}

// detach takes a bucket out. Its chunks are to be recycled.
func (q *queue) detach(row, digit uint) bucket {
	b := q.bucket[row][digit]
	q.bucket[row][digit] = bucket{}
	q.filled[row][digit/64] &^= 1 << (digit % 64)
	return b
}

// recycle sets a chunk free and returns the one that followed it.
func (q *queue) recycle(c *chunk) *chunk {
	next := c.next
	c.next, q.spare = q.spare, c
	return next
}

// first returns the first digit of a row that has a bucket.
func (q *queue) first(row uint) (digit uint, ok bool) {
	for i, word := range &q.filled[row] {
		if word != 0 {
			return uint(64*i + bits.TrailingZeros64(word)), true
		}
	}
	return 0, false
}

// start returns the first instant of a bucket, of a row other than 0. The
// digit may be 256: the end of the row.
func (q *queue) start(row, digit uint) Time {
	shift := 8 * (row - 1) & 63
	above := uint64(q.base) >> shift &^ 255
	return Time(min((above+uint64(digit))<<shift, uint64(Never)))
}

// refill puts the next entries into the front, or into row 0 if they are many
// of one instant, both being empty. It returns false if there are none, or none
// before the given time as far as can be seen from the buckets.
func (q *queue) refill(now, before Time) bool {
	if q.len <= frontMax/2 {
		for row := uint(1); row < rows; row++ {
			for digit, ok := q.first(row); ok; digit, ok = q.first(row) {
				q.sort(row, digit)
			}
		}
		q.base, q.limit = now, Never
		return q.len > 0
	}
	for {
		row := uint(1)
		digit, ok := q.first(row)
		for !ok {
			row++
			digit, ok = q.first(row)
		}
		start := q.start(row, digit)
		if start >= before {
			return false
		}
		q.base = start
		if q.bucket[row][digit].n <= chunkLen {
			q.gather(row, digit)
			return true
		}
		b := q.detach(row, digit)
		if row == 1 {
			q.ripen(b)
			q.limit = start + 1
			return true
		}
		for c := b.head; c != nil; c = q.recycle(c) {
			for _, e := range b.in(c) {
				q.deal(e)
			}
		}
	}
}

// gather sorts a small bucket into the front, and the small ones that follow
// it in its row until there is enough.
func (q *queue) gather(row, digit uint) {
	for ok := true; ok && q.bucket[row][digit].n <= chunkLen; digit, ok = q.first(row) {
		q.sort(row, digit)
		q.limit = q.start(row, digit+1)
		if q.tail-q.head >= frontFill {
			return
		}
	}
}

// sort sorts a bucket into the front.
func (q *queue) sort(row, digit uint) {
	b := q.detach(row, digit)
	for c := b.head; c != nil; c = q.recycle(c) {
		for _, e := range b.in(c) {
			q.insert(e)
		}
	}
}

// ripen deals a bucket of one instant out to the priorities, in row 0.
func (q *queue) ripen(b bucket) {
	for c := b.head; c != nil; c = q.recycle(c) {
		for _, e := range b.in(c) {
			q.instant++
			q.append(0, uint(e.ev.Priority), e)
		}
	}
}

// next returns the time of the first entry that is not to be skipped, or Never.
func (q *queue) next(skip func(entry) bool) Time {
	if t := q.earliest(0, skip); t != Never {
		return t
	}
	for i := q.head; i != q.tail; i++ {
		if e := q.front[i]; !skip(e) {
			return e.t
		}
	}
	for row := uint(1); row < rows; row++ {
		if t := q.earliest(row, skip); t != Never {
			return t
		}
	}
	return Never
}

// earliest is next within a row.
func (q *queue) earliest(row uint, skip func(entry) bool) Time {
	first := Never
	for i, word := range &q.filled[row] {
		for ; word != 0 && first == Never; word &= word - 1 {
			b := &q.bucket[row][64*i+bits.TrailingZeros64(word)]
			for c := b.head; c != nil; c = c.next {
				for _, e := range b.in(c) {
					if e.t < first && !skip(e) {
						first = e.t
					}
				}
			}
		}
	}
	return first
}

// purge drops the entries that drop says.
func (q *queue) purge(drop func(entry) bool) {
	kept := q.head
	for i := q.head; i != q.tail; i++ {
		if !drop(q.front[i]) {
			q.front[kept] = q.front[i]
			kept++
		}
	}
	q.len -= int(q.tail - kept)
	q.tail = kept
	for row := range uint(rows) {
		for i, word := range q.filled[row] {
			for ; word != 0; word &= word - 1 {
				q.purgeBucket(row, uint(64*i+bits.TrailingZeros64(word)), drop)
			}
		}
	}
}

func (q *queue) purgeBucket(row, digit uint, drop func(entry) bool) {
	b := q.detach(row, digit)
	for c := b.head; c != nil; c = q.recycle(c) {
		for _, e := range b.in(c) {
			if !drop(e) {
				q.append(row, digit, e)
				continue
			}
			q.len--
			if row == 0 {
				q.instant--
			}
		}
	}
}
