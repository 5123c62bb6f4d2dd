package limits

import "github.com/launchday-sim/launchday/models"

// perUserScope is the word for a limit of each user rather than of all together.
const perUserScope = "user"

// scoped is the state of a limit: one for all, or one for each user in a flat
// array over their numbers.
type scoped[T any] struct {
	each  bool
	n     int // users
	one   T
	users []T // made at the first attempt: memory that no user touches stays with the system
}

// of returns the state that an attempt counts against; nil for the request of
// nobody that is told apart where each user has his own.
func (s *scoped[T]) of(user models.User) *T {
	switch {
	case !s.each:
		return &s.one
	case user == models.Anonymous:
		return nil
	case s.users == nil:
		s.users = make([]T, s.n)
	}
	return &s.users[user]
}
