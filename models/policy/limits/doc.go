// Package limits holds the policies that bound how much may be asked for:
//
//	token-bucket  a rate with a burst, for all users together
//	user-quota    so many attempts in a window, for each user
//
// What they refuse is refused with 429 and says when a try may succeed.
package limits
