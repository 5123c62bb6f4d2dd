package queue

// A Dealer deals each flow a hand of queues by shuffle sharding, as
// k8s.io/apiserver's util/shufflesharding does: the hash is a number in mixed radix
// whose digits, the remainders by deck, deck-1, ..., choose among the cards that
// are left.
type Dealer struct{ deck, hand int }

// largestHand is that of the original.
const largestHand = 15

// NewDealer returns a dealer of hands of so many of the queues 0 to deck-1; the hand
// is 1 to 15 and not above deck.
func NewDealer(deck, hand int) Dealer { return Dealer{deck, hand} }

// Deal returns the queues of the flow of that hash in the order in which they are
// dealt; as many as the hand has are set.
func (d Dealer) Deal(hash uint64) (hand [largestHand]int) {
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
