package queue

// A dealer deals each flow a hand of queues by shuffle sharding, as
// k8s.io/apiserver's util/shufflesharding does: the hash is a number in mixed radix
// whose digits, the remainders by deck, deck-1, ..., choose among the cards that
// are left. The hand is 1 to 15 cards and not above the deck.
type dealer struct{ deck, hand int }

// largestHand is that of the original.
const largestHand = 15

// deal returns the queues of the flow of that hash in the order in which they are
// dealt; as many as the hand has are set.
func (d dealer) deal(hash uint64) (hand [largestHand]int) {
	var digits [largestHand]int
	for i := range d.hand {
		left := uint64(d.deck - i)
		digits[i] = int(hash % left)
		hash /= left
	}
	for i := range d.hand {
		card := digits[i]
		for j := i; j > 0; j-- {
			if card >= digits[j-1] {
				card++
			}
		}
		hand[i] = card
	}
	return hand
}
