package proof

// narrowMetrics says which figure of a summary a metric of the table is. Waits
// are over everyone who joined the queue, served or not, zeros included.
var narrowMetrics = map[string]string{
	"utilisation":             "pools.servers.utilisation",
	"busy_mean":               "pools.servers.busy_mean",
	"prob_wait":               "all.prob_wait",
	"prob_reject":             "all.error_rate", // nothing but the queue's limit is an error here
	"prob_abandon":            "all.abandonment_rate",
	"queue_length_mean":       "all.queue_length.mean",
	"queue_length_fluid":      "all.queue_length.mean",
	"orbit_mean":              "all.retrying.mean",
	"wait_mean_s":             "all.wait_s.mean",
	"wait_mean_all_s":         "all.wait_s.mean",
	"wait_mean_admitted_s":    "all.wait_s.mean",
	"wait_mean_class0_s":      "tiers.class0.wait_s.mean",
	"wait_mean_class1_s":      "tiers.class1.wait_s.mean",
	"wait_p90_s":              "all.wait_s.p90",
	"wait_p99_s":              "all.wait_s.p99",
	"wait_fluid_s":            "all.offered_wait_s.mean",
	"sojourn_mean_s":          "all.latency_s.mean",
	"sojourn_mean_class0_s":   "tiers.class0.latency_s.mean",
	"sojourn_mean_class1_s":   "tiers.class1.latency_s.mean",
	"sojourn_mean_admitted_s": "all.latency_s.mean",
}

// sineInterval is the interval of the series, in seconds, where the load is a
// sine of which one moment is looked at.
const sineInterval = 0.25

// A narrowLength is how long each replication of a case is, in seconds.
type narrowLength struct {
	warmup, run float64
	precision   float64 // relative half-width that the run is long enough for; 0 is 5 %
}

// narrowLengths were fixed beforehand, from pilots with seeds 1, 2, 3 and 7: so long that
// the half-widths are about four fifths of what is asked for, because the
// width of an interval over 128 replications itself varies by 6 %. The warm-up is
// at least five times the relaxation time of the queue.
var narrowLengths = map[string]narrowLength{
	"mm1 0.5 1 1":                                      {100, 16000, 0},
	"mm1 0.9 1 1":                                      {3000, 280000, 0},
	"mmc 8 1 10":                                       {100, 9000, 0},
	"mmc 95 1 100":                                     {100, 10000, 0},
	"mmc 980 1 1000":                                   {50, 2800, 0.1},
	"mmck 1.2 1 1 5":                                   {100, 1500, 0},
	"mmck 11 1 10 20":                                  {50, 1000, 0},
	"mgcc 90 1 100 exponential service":                {20, 600, 0},
	"mgcc 90 1 100 constant service":                   {20, 400, 0},
	"mgcc 90 1 100 lognormal service":                  {50, 1100, 0},
	"mgcc 12 1 10 exponential service":                 {20, 500, 0},
	"mgcc 12 1 10 constant service":                    {20, 500, 0},
	"mgcc 12 1 10 lognormal service":                   {50, 500, 0},
	"md1 0.8 1":                                        {300, 10000, 0},
	"mg1_lognormal_cv2 0.7 1 5":                        {1000, 150000, 0},
	"mg1_hyper_cv4 0.5 1 17":                           {1000, 100000, 0},
	"erlang_a 100 1 0.5 100":                           {30, 800, 0},
	"erlang_a 120 1 1 100":                             {20, 400, 0},
	"erlang_a 10 1 2 8":                                {20, 400, 0},
	"priority_mg1_nonpreemptive (0.3,0.5) (1,1) (2,2)": {600, 25000, 0},
	"priority_mmc_nonpreemptive (3,6) 1 10":            {200, 10500, 0},
	"retrial_mm1 0.6 1 0.5":                            {300, 10000, 0},
	"mt_m_inf 100 50 24 1 6":                           {24, 24, 0},
	"mm1_lifo_fifo 0.8 1 fifo":                         {500, 120000, 0},
	"mm1_lifo_fifo 0.8 1 lifo":                         {500, 180000, 0.06},
	"priority_mm1_preemptive (0.3,0.5) (1,1)":          {600, 25000, 0},
	"mg1_ps 0.8 1 exponential service":                 {300, 12000, 0},
	"mg1_ps 0.8 1 constant service":                    {300, 12000, 0},
	"mg1_ps 0.8 1 lognormal service":                   {600, 26000, 0},
	"tandem 0.8 1 1 0.5 3":                             {300, 12000, 0},
	"overload_fluid 200 1 100 0.2":                     {50, 500, 0},
}
