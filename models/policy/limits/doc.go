// Package limits holds the policies that bound how much may be asked for:
//
//	token-bucket         a rate with a burst, for all users together
//	gcra                 the same kept as one time, for all or for each user
//	leaky-bucket         a line that is let go on at a constant rate
//	fixed-window         so many in each window of the clock
//	sliding-window       an estimate for the last window from two counts
//	sliding-log          exactly so many in the last window, from a log
//	user-quota           so many attempts in a window, for each user
//	concurrency-limit    so many under way at a time
//	requests-and-tokens  requests and tokens a minute at once, as AI services publish them
//	cost-limit           GPU-seconds as predicted, with a burst
//
// What they refuse is refused with 429 and, where it is known, says when a try
// may succeed. What is kept for each user is a flat array over their numbers,
// made at the first attempt: 4 bytes for a quota, 8 for GCRA, a fixed window and
// a cost limit, 12 for a sliding window, 16 for the two buckets of requests and
// tokens, 2 for a concurrency limit, and limit x 4 for a sliding log.
package limits
