package gpu

import (
	"fmt"
	"math"
	"reflect"

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
	Drain  unit.Duration `yaml:"drain" default:"0s" min:"0s" doc:"How long a node is given to finish what it holds; what is left then is lost."`
	Takes  unit.Dist     `yaml:"takes" doc:"Law of the time that the update of a node takes. Its model is loaded after that (start_up)."`
	Bad    unit.Share    `yaml:"bad" default:"0%" doc:"Share of the nodes that do not come back from it by themselves. The deploy does not wait for them."`
	Mend   unit.Dist     `yaml:"mend" doc:"Law of the time until such a node is mended. Where it changes, those that are not mended yet get a fresh draw."`
}

// A deploy is what a pool knows of a DeploySpec.
type deploy struct {
	spec        DeploySpec
	takes, mend rng.Dist // nil: no time
	began       bool
	timer       sim.Timer // of its beginning
	nodes       []int32   // that it is to take in hand
	next        int       // of nodes
	width       int       // nodes in hand at a time
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
			return nil, fmt.Errorf("gpu pool %s: deploys.%s: deploys cannot be removed or moved in the list while the run goes on: give it a later date", p.name, old.Name)
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
		if d = &p.deploys[i]; !d.began {
			d.timer = p.k.Timer(max(now, sim.Time(d.spec.At)), p.event(deployTurn, int32(i)))
		}
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
	nd.turn = p.k.Timer(after(now, p.seconds(law)), p.event(updateTurn, n))
}

// roll begins a deploy, or goes on with it: nodes are taken in hand while fewer are than
// may be. One that another deploy has in hand, or that has left, is passed over.
func (p *Pool) roll(now sim.Time, i int) {
	d := &p.deploys[i]
	if !d.began {
		d.began, d.timer = true, 0
		for n := range p.nodes {
			if p.serversOf(int32(n)) > 0 {
				d.nodes = append(d.nodes, int32(n))
			}
		}
		d.setWidth()
	}
	before := p.levels()
	for ; d.inHand < d.width && d.next < len(d.nodes); d.next++ {
		n := d.nodes[d.next]
		nd := &p.nodes[n]
		if nd.deploy != 0 || p.serversOf(n) == 0 {
			continue
		}
		d.inHand++
		nd.deploy = int32(i + 1)
		nd.why |= draining
		nd.turn = p.k.Timer(after(now, sim.Time(d.spec.Drain)), p.event(updateTurn, n))
		p.settleNode(now, n)
	}
	p.tell(now, before)
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
	luck := nd.luck.Child(nd.deploys)
	nd.deploys++
	p.source = luck.Draw(purposeBad)
	if nd.bad = p.source.Float64() < float64(d.spec.Bad); nd.bad {
		p.mend(now, n)
		d.inHand--
		p.k.Timer(now, p.event(deployTurn, nd.deploy-1))
	} else {
		took := sim.Time(0)
		if d.takes != nil {
			p.source = luck.Draw(purposeTakes)
			took = p.seconds(d.takes)
		}
		nd.turn = p.k.Timer(after(now, took), p.event(updateTurn, n))
	}
	p.settleNode(now, n)
	p.tell(now, before)
}
