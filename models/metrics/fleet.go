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
	lost   float64 // work, seconds of servers: nanoseconds of large jobs leave the range of an integer
}

// A jobState is what is known of it at one moment.
type jobState struct {
	integrals [numJobLevels]stats.Integral
	lost      float64
}

// Money is what has become of the funds, in USD, since the beginning.
type Money struct{ Raised, Bought, Rented float64 }

// Training records what the servers of a training job do from now on.
func (r *Recorder) Training(now sim.Time, job, useful, restarting, moving, lent int) {
	for k, n := range [numJobLevels]int{useful, restarting, moving, lent} {
		r.jobs[job].gauges[k].Set(int64(now), int64(n))
	}
}

// TrainingLost records work of servers that a training job has done in vain, each as long.
func (r *Recorder) TrainingLost(job, servers int, each sim.Time) {
	r.jobs[job].lost += float64(float64(servers) * each.Seconds())
}

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

// A jobRow is one interval of one training job.
type jobRow struct {
	job    int
	start  sim.Time
	levels [numJobLevels]float64
	lost   float64
}

// closeJobs ends the current interval of the training jobs.
func (r *Recorder) closeJobs(now sim.Time) {
	jobs := r.jobStates(now)
	for i := range jobs {
		w := jobRow{job: i, start: r.closedAt, lost: jobs[i].lost - r.lastJobs[i].lost}
		for k := range w.levels {
			w.levels[k] = jobs[i].integrals[k].Sub(r.lastJobs[i].integrals[k]).Over(int64(now - r.closedAt))
		}
		r.jobRows = append(r.jobRows, w)
	}
	r.lastJobs = jobs
}

// jobTable turns the rows of the training jobs into columns; nil where there is none.
func (r *Recorder) jobTable() *Table {
	if len(r.w.Jobs) == 0 {
		return nil
	}
	t := &Table{}
	float := func(name, unit, about string, f func(w *jobRow) float64) {
		fill(t, r.jobRows, Column{Name: name, Unit: unit, About: about, Kind: Float}, func(w *jobRow, c *Column) {
			c.Floats = append(c.Floats, f(w)*r.w.Jobs[w.job].GPUs)
		})
	}
	moments(r, t, r.jobRows, func(w *jobRow) sim.Time { return w.start })
	fill(t, r.jobRows, Column{Name: "job", About: "training job", Kind: Text}, func(w *jobRow, c *Column) { c.Texts = append(c.Texts, r.w.Jobs[w.job].Name) })
	for k, level := range [numJobLevels][2]string{{"working", "at work, what is lost later among it"}, {"restarting", "waiting for the job to restart"},
		{"moving", "on their way to a pool or back"}, {"lent", "lent to a pool, which counts them too"}} {
		float(level[0]+"_mean", "GPUs", "GPUs "+level[1]+", time average", func(w *jobRow) float64 { return w.levels[k] })
	}
	float("lost_gpu_hours", "GPU-hours", "work since a checkpoint that was lost", func(w *jobRow) float64 { return w.lost / 3600 })
	return t
}

// job makes the figures of a training job.
func (f *figurer) job(i int) TrainingFigures {
	gpus := f.r.w.Jobs[i].GPUs / 3.6e12
	hours := func(k int) Figure {
		return Figure(f.to.jobs[i].integrals[k].Sub(f.from.jobs[i].integrals[k]).Over(1) * gpus)
	}
	lost := Figure((f.to.jobs[i].lost - f.from.jobs[i].lost) * gpus * 1e9)
	return TrainingFigures{Useful: hours(jUseful) - lost, Lost: lost, Restarting: hours(jRestarting), Moving: hours(jMoving), Lent: hours(jLent)}
}
