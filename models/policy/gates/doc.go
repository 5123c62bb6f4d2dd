// Package gates holds the policies that decide who comes at all:
//
//	feature-gate  opens a feature to a percentage of the users
//	appeal        asks users to ask for less; some do, for a while
package gates
