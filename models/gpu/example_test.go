package gpu_test

import (
	"fmt"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/gpu"
	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
)

// An announcer is a gpu.Host without a queue.
type announcer struct{ pool *gpu.Pool }

func (announcer) Done(now sim.Time, slot models.Slot, server int32) {
	fmt.Printf("%v: attempt %d is done on server %d\n", now, slot, server)
}

func (announcer) Lost(now sim.Time, slot models.Slot, server int32, _ sim.Time) {
	fmt.Printf("%v: attempt %d is lost with server %d\n", now, slot, server)
}

func (a *announcer) CapacityChanged(now sim.Time) {
	fmt.Printf("%v: %d servers, %d of them free\n", now, a.pool.Capacity(), a.pool.Free())
}

// Two nodes of two slots take three attempts. Half the nodes go out of service
// for ten seconds, and a lot that was ordered long ago arrives.
func Example() {
	k, host := sim.NewKernel(), &announcer{}
	spec := gpu.Spec{
		Name: "images", Nodes: 2, GPUsPerNode: 8, SlotsPerNode: 2, Speed: 1,
		Lots: []gpu.LotSpec{{
			Name:    "march",
			Ordered: unit.Instant(-sim.Day),
			Lead:    unit.Constant(unit.Duration(sim.Day + 40*sim.Second)),
			Nodes:   1,
		}},
	}
	pool, err := gpu.New(k, spec, 1, 0, host)
	if err != nil {
		fmt.Println(err)
		return
	}
	host.pool = pool
	for slot, service := range []sim.Time{5 * sim.Second, 20 * sim.Second, 30 * sim.Second} {
		pool.Start(k.Now(), models.Slot(slot), service)
	}

	k.RunUntil(10 * sim.Second)
	spec.OutOfService = 0.5
	if err := pool.Reconfigure(k.Now(), spec); err != nil {
		fmt.Println(err)
	}
	k.RunUntil(20 * sim.Second)
	spec.OutOfService = 0
	if err := pool.Reconfigure(k.Now(), spec); err != nil {
		fmt.Println(err)
	}
	k.RunUntil(sim.Minute)

	spec.GPUsPerNode = 4
	fmt.Println(pool.Reconfigure(k.Now(), spec))
	// Output:
	// 5s: attempt 0 is done on server 0
	// 10s: attempt 2 is lost with server 2
	// 10s: 2 servers, 1 of them free
	// 20s: 4 servers, 3 of them free
	// 20s: attempt 1 is done on server 1
	// 40s: 6 servers, 6 of them free
	// gpu pool images: gpus_per_node: it is 8 and cannot become 4 while the run goes on
}
