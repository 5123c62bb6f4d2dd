package metrics

import (
	"github.com/launchday-sim/launchday/sim"
	"github.com/launchday-sim/launchday/sim/stats"
)

// A JobInfo is what the recorder knows of a training job.
type JobInfo struct {
	Name string
	GPUs float64 // that a server is worth
}

// What servers of a training job do.
const (
	jUseful = iota
	jRestarting
	jMoving
	jLent
	numJobLevels
)

// A jobLevels is what is followed of a training job.
type jobLevels struct {
	gauges [numJobLevels]stats.Gauge
	lost   sim.Time // work of servers
}

// A jobState is what is known of it at one moment.
type jobState struct {
	integrals [numJobLevels]stats.Integral
	lost      sim.Time
}

// Money is what has become of the funds, in USD, since the beginning.
type Money struct{ Raised, Bought, Rented float64 }

// Training records what the servers of a training job do from now on.
func (r *Recorder) Training(now sim.Time, job, useful, restarting, moving, lent int) {
	for k, n := range [numJobLevels]int{useful, restarting, moving, lent} {
		r.jobs[job].gauges[k].Set(int64(now), int64(n))
	}
}

// TrainingLost records work of servers that a training job has done in vain.
func (r *Recorder) TrainingLost(job int, work sim.Time) { r.jobs[job].lost += work }

// Money records what has become of the funds by now.
func (r *Recorder) Money(m Money) { r.money = m }

func (r *Recorder) jobStates(now sim.Time) []jobState {
	list := make([]jobState, len(r.jobs))
	for i := range r.jobs {
		for k := range list[i].integrals {
			list[i].integrals[k] = r.jobs[i].gauges[k].Integral(int64(now))
		}
		list[i].lost = r.jobs[i].lost
	}
	return list
}

// job makes the figures of a training job.
func (f *figurer) job(i int) TrainingFigures {
	gpus := f.r.w.Jobs[i].GPUs / 3.6e12
	hours := func(k int) Figure {
		return Figure(f.to.jobs[i].integrals[k].Sub(f.from.jobs[i].integrals[k]).Over(1) * gpus)
	}
	lost := Figure(float64(f.to.jobs[i].lost-f.from.jobs[i].lost) * gpus)
	return TrainingFigures{Useful: hours(jUseful) - lost, Lost: lost, Restarting: hours(jRestarting), Moving: hours(jMoving), Lent: hours(jLent)}
}
