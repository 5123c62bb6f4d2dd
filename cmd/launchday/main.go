// Command launchday simulates a launch-day traffic surge on an AI service.
//
//	launchday run ghibli-2025
//	launchday run mm1 --set demand.streams.arrivals.rate=0.95/s --seed 7
//	launchday compare mm1 my-queue.yaml --reps 20
//
// Exit codes: 0 done, 1 a run that failed, 2 bad input, 130 interrupted. What is
// wrong is said on standard error, one line a fault.
package main

import "github.com/launchday-sim/launchday/cmd/launchday/cli"

func main() { cli.Main() }
