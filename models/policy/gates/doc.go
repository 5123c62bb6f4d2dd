// Package gates holds the policies that decide who comes at all:
//
//	feature-gate  opens a feature to a percentage of the users
//	waiting-room  lets so many users in at a time; the others wait before the door
//	waitlist      puts requests aside and lets them on in lots
//	spare-cycles  puts a tier's work aside and runs it when the others leave room
//	appeal        asks users to ask for less; some do, for a while
package gates
