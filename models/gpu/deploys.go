package gpu

import (
	"cmp"
	"fmt"
	"math"
	"reflect"
	"slices"

	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
	"github.com/launchday-sim/launchday/sim/rng"
)

// A DeploySpec is a rolling deploy: nodes are taken in hand some at a time, finish what
// they hold, are updated and load their model; then come the next. A bad one leaves
// nodes behind that do not come back by themselves, and rolls on.
type DeploySpec struct {
	Name   string        `yaml:"name" required:"true" doc:"Name of the deploy."`
	At     unit.Instant  `yaml:"at" required:"true" doc:"When it begins, with the nodes that the pool has then."`
	AtOnce unit.Share    `yaml:"at_once" default:"10%" doc:"Share of these nodes that are in hand at a time, one at least: maxUnavailable of Kubernetes."`
	Over   unit.Duration `yaml:"over" default:"0s" min:"0s" doc:"How long it takes at least, from the first node to the last: they are taken in hand evenly over this time, or later where at_once is in the way."`
	Drain  unit.Duration `yaml:"drain" default:"0s" min:"0s" doc:"How long a node is given to finish what it holds; what is left then is lost."`
	Takes  unit.Dist     `yaml:"takes" doc:"Law of the time that the update of a node takes. Its model is loaded after that (start_up)."`
	Bad    unit.Share    `yaml:"bad" default:"0%" doc:"Share of the nodes that do not come back from it by themselves, exactly. The deploy does not wait for them."`
	Mend   unit.Dist     `yaml:"mend" doc:"Law of the time until such a node is mended. Where it changes, those that are not mended yet get a fresh draw."`
}

// A deploy is what a pool knows of a DeploySpec.
type deploy struct {
	spec        DeploySpec
	takes, mend rng.Dist // nil: no time
	began       bool
	timer       sim.Timer // of its beginning, or of the next node
	start       sim.Time
	nodes       []int32 // that it is to take in hand
	rank        []int32 // of each, among those that it leaves behind: the lowest go first
	next        int     // of nodes
	width       int     // nodes in hand at a time
	inHand      int
}

// What is drawn of a node in a deploy.
var (
	purposeTakes = rng.Purpose("gpu/deploy-takes")
	purposeBad   = rng.Purpose("gpu/deploy-bad")
	purposeMend  = rng.Purpose("gpu/deploy-mend")
)

// planDeploys checks deploys against those that are under way.
func (p *Pool) planDeploys(now sim.Time, spec *Spec) ([]deploy, error) {
	var list []deploy
	for _, s := range spec.Deploys {
		for i := range list {
			if list[i].spec.Name == s.Name {
				return nil, fmt.Errorf("gpu pool %s: deploys.%s: there are 2 deploys of this name", p.name, s.Name)
			}
		}
		d := deploy{spec: s}
		var err error
		if d.takes, err = lawOf(p.name, "deploys."+s.Name+".takes", s.Takes); err != nil {
			return nil, err
		}
		if d.mend, err = lawOf(p.name, "deploys."+s.Name+".mend", s.Mend); err != nil {
			return nil, err
		}
		if s.Bad > 0 && d.mend == nil {
			return nil, fmt.Errorf("gpu pool %s: deploys.%s.mend: it is missing: want a law of the time until a bad node is mended", p.name, s.Name)
		}
		list = append(list, d)
	}
	for i := range p.deploys {
		old := &p.deploys[i].spec
		begun := p.deploys[i].began || old.At <= unit.Instant(now)
		switch {
		case !begun && i >= len(list):
		case i >= len(list) || list[i].spec.Name != old.Name:
			return nil, fmt.Errorf("gpu pool %s: deploys.%s.name: deploys cannot be removed, renamed or moved in the list while the run goes on: give it a later date", p.name, old.Name)
		case begun && list[i].spec.At != old.At:
			return nil, fmt.Errorf("gpu pool %s: deploys.%s.at: the deploy has begun, and the time of that cannot change", p.name, old.Name)
		}
	}
	return list, nil
}

// setDeploys takes over a plan of deploys.
func (p *Pool) setDeploys(now sim.Time, list []deploy) {
	for i := range p.deploys {
		p.k.Cancel(p.deploys[i].timer)
		p.deploys[i].timer = 0
	}
	for i := range list {
		d := &list[i]
		if i >= len(p.deploys) {
			p.deploys = append(p.deploys, *d)
		} else {
			old := &p.deploys[i]
			redraw := !reflect.DeepEqual(old.spec.Mend, d.spec.Mend)
			old.spec, old.takes, old.mend = d.spec, d.takes, d.mend
			if redraw {
				p.mendAnew(now, int32(i+1))
			}
		}
		d = &p.deploys[i]
		d.timer = p.k.Timer(max(now, sim.Time(d.spec.At)), p.event(deployTurn, int32(i)))
		d.setWidth()
	}
	p.deploys = p.deploys[:len(list)]
}

func (d *deploy) setWidth() {
	d.width = max(1, int(math.Floor(float64(float64(d.spec.AtOnce)*float64(len(d.nodes)))+0.5)))
}

// mendAnew draws the times anew at which the bad nodes of a deploy are mended.
func (p *Pool) mendAnew(now sim.Time, d int32) {
	for n := range p.nodes {
		if nd := &p.nodes[n]; nd.deploy == d && nd.bad && nd.why&updating != 0 {
			p.k.Cancel(nd.turn)
			p.mend(now, int32(n))
		}
	}
}

func (p *Pool) mend(now sim.Time, n int32) {
	nd := &p.nodes[n]
	law := p.deploys[nd.deploy-1].mend
	if law == nil { // it was bad by an earlier spec
		nd.turn = p.k.Timer(now, p.event(updateTurn, n))
		return
	}
	p.source = nd.luck.Child(nd.deploys).Draw(purposeMend)
	nd.deploys++
	nd.turn = p.k.Timer(sim.After(now, p.seconds(law)), p.event(updateTurn, n))
}

// roll begins a deploy, or goes on with it: nodes are taken in hand while fewer are than
// may be. One that another deploy has in hand, or that has left, is passed over.
func (p *Pool) roll(now sim.Time, i int) {
	d := &p.deploys[i]
	if !d.began {
		d.began, d.start = true, now
		for n := range p.nodes {
			if p.serversOf(int32(n)) > 0 {
				d.nodes = append(d.nodes, int32(n))
			}
		}
		d.setWidth()
		p.rankBad(d)
	}
	p.k.Cancel(d.timer)
	d.timer = 0
	before := p.levels()
	for ; d.inHand < d.width && d.next < len(d.nodes); d.next++ {
		if due := sim.After(d.start, sim.Time(float64(d.spec.Over)*(float64(d.next)/float64(len(d.nodes))))); due > now {
			d.timer = p.k.Timer(due, p.event(deployTurn, int32(i)))
			break
		}
		n := d.nodes[d.next]
		nd := &p.nodes[n]
		if nd.deploy != 0 || p.serversOf(n) == 0 {
			continue
		}
		d.inHand++
		nd.deploy, nd.badRank = int32(i+1), d.rank[d.next]
		nd.why |= draining
		nd.turn = p.k.Timer(sim.After(now, sim.Time(d.spec.Drain)), p.event(updateTurn, n))
		p.settleNode(now, n)
	}
	p.tell(now, before)
}

// rankBad puts the nodes of a deploy in the order in which it leaves them behind, so that
// the share that it does is exact, and a greater one takes the same and more.
func (p *Pool) rankBad(d *deploy) {
	order := make([]int, len(d.nodes))
	draws := make([]uint64, len(d.nodes))
	name := rng.Purpose(d.spec.Name)
	for i, n := range d.nodes {
		p.source = p.nodes[n].luck.Draw(purposeBad ^ name)
		order[i], draws[i] = i, p.source.Uint64()
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(draws[a], draws[b]) })
	d.rank = make([]int32, len(d.nodes))
	for place, i := range order {
		d.rank[i] = int32(place)
	}
}

// goOn looks whether a node that a deploy has in hand has come further: it is empty, or
// updated and has loaded its model, or is down for another reason.
func (p *Pool) goOn(now sim.Time, n int32) {
	nd := &p.nodes[n]
	switch {
	case nd.deploy == 0:
	case nd.why&draining != 0:
		if !p.holds(n) {
			p.k.Cancel(nd.turn)
			nd.turn = p.k.Timer(now, p.event(updateTurn, n))
		}
	case nd.why&(updating|loading) == 0:
		p.letGo(now, n)
	}
}

// letGo lets a deploy go on to the next node.
func (p *Pool) letGo(now sim.Time, n int32) {
	nd := &p.nodes[n]
	i := nd.deploy - 1
	nd.deploy = 0
	if nd.bad {
		nd.bad = false
		return
	}
	p.deploys[i].inHand--
	p.k.Timer(now, p.event(deployTurn, i))
}

// update is the turn of a node in a deploy: it has drained, or is updated, or mended.
func (p *Pool) update(now sim.Time, n int32) {
	nd := &p.nodes[n]
	d := &p.deploys[nd.deploy-1]
	before := p.levels()
	nd.turn = 0
	if nd.why&draining == 0 {
		nd.why &^= updating
		p.settleNode(now, n)
		p.tell(now, before)
		return
	}
	nd.why = nd.why&^draining | updating
	nd.bad = int(nd.badRank) < int(math.Floor(float64(float64(d.spec.Bad)*float64(len(d.nodes)))+0.5))
	if nd.bad {
		p.mend(now, n)
		d.inHand--
		p.k.Timer(now, p.event(deployTurn, nd.deploy-1))
	} else {
		took := sim.Time(0)
		if d.takes != nil {
			p.source = nd.luck.Child(nd.deploys).Draw(purposeTakes)
			nd.deploys++
			took = p.seconds(d.takes)
		}
		nd.turn = p.k.Timer(sim.After(now, took), p.event(updateTurn, n))
	}
	p.settleNode(now, n)
	p.tell(now, before)
}
