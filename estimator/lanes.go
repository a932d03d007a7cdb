package estimator

import (
	"math"

	"github.com/noise-reuse/nres/internal/cast"
	"github.com/noise-reuse/nres/noise"
	"github.com/noise-reuse/nres/unroll"
	"github.com/noise-reuse/nres/vec"
)

// Workers in lanes. Of a system that is an unroll.Laner, workers are advanced a block
// at a time. The states of a block are rows: an element of s⁺ of all workers, then the
// same one of s⁻. The last block has as many whole groups of lanes as it needs; what is
// left of these are copies of a worker, and never read.

const (
	minLanes   = unroll.Lanes / 2    // fewer workers are advanced one by one
	maxLanesD  = 1 << 14             // and so are those of longer thetas
	maxBlock   = unroll.MaxLanes / 3 // workers in a block
	blockBytes = 64 << 10            // and of their states and perturbations
)

// never stands for the steps left of a lane that isn't a worker's, or not any more.
const never = int(^uint(0) >> 1)

// laneScratch is what one goroutine advances a block with.
type laneScratch[F vec.Float] struct {
	theta []F // rows like those of the states, and of TES's unperturbed copy
	s     []F // TES: rows of all three
	sum   []F
	part  []int     // steps left of each lane's stretch
	run   []int     // steps made of it
	total []float64 // of the perturbed copies, over the stretch
}

// A block is a range of workers, in so many lanes.
type block struct{ first, count, lanes int }

func (e *engine[F]) blocks() int { return (e.cfg.Workers + e.blockLen - 1) / e.blockLen }

func (e *engine[F]) blockOf(b int) block {
	first := b * e.blockLen
	count := least(e.cfg.Workers-first, e.blockLen)
	return block{first, count, (count + unroll.Lanes - 1) / unroll.Lanes * unroll.Lanes}
}

// maxLaneBytes bounds the rows of theta of all goroutines together.
const maxLaneBytes = 32 << 20

// lanesPay says whether workers are to be advanced in lanes.
func (e *engine[F]) lanesPay() bool {
	rows := e.copies() * unroll.Lanes * sizeOf[F]()
	plain := e.cfg.Method != PESAnalytic && e.cfg.Buckets == nil && e.cfg.Rank == 0
	return plain && e.cfg.Workers >= minLanes && e.d <= maxLanesD && e.d <= maxLaneBytes/e.cfg.Parallelism/rows
}

// copies returns how many particles a worker's window takes, each with a theta of its own.
func (e *engine[F]) copies() int {
	if e.cfg.Method == TES {
		return 3
	}
	return 2
}

func (e *engine[F]) initLanes() {
	e.blockLen = e.blockLength()
	groups := (e.cfg.Workers + unroll.Lanes - 1) / unroll.Lanes
	e.states = make([]F, e.perWorker*e.stateLen*groups*unroll.Lanes)
	copies := e.copies()
	for g := range e.scratch {
		s := &e.scratch[g]
		n := e.blockLen
		l := &laneScratch[F]{
			theta: make([]F, copies*n*e.d), sum: make([]F, copies*n),
			part: make([]int, n), run: make([]int, n), total: make([]float64, 2*n),
		}
		if e.cfg.Method == TES {
			l.s = make([]F, copies*n*e.stateLen)
		}
		s.lanes = l
	}
}

// blockLength returns how many workers are advanced together. Long rows mean fewer
// calls, but rows should fit the cache; where windows are cut, those of a whole block
// are; and each goroutine is to get a few blocks.
func (e *engine[F]) blockLength() int {
	c := &e.cfg
	worker := 2 * (e.d + e.stateLen) * sizeOf[F]()
	cut := e.horizon%c.Window != 0 || c.Period%c.Window != 0
	n := maxBlock
	for n > unroll.Lanes && worker > blockBytes/n {
		n /= 2
	}
	for n > 2*unroll.Lanes && (cut || c.Parallelism > 1 && (c.Workers-1)/n+1 < 2*c.Parallelism) {
		n /= 2
	}
	return n
}

// rows returns the states of a block.
func (e *engine[F]) rows(k block) []F {
	n := e.perWorker * e.stateLen
	return e.states[n*k.first : n*(k.first+k.lanes)]
}

// lane returns where state c of worker i is: in lane j of rows of the given width.
func (e *engine[F]) lane(i, c int) (rows []F, j, width int) {
	k := e.blockOf(i / e.blockLen)
	return e.rows(k), i - k.first + c*k.lanes, e.perWorker * k.lanes
}

func getLane[F vec.Float](s, rows []F, j, width int) {
	for i := range s {
		s[i] = rows[i*width+j]
	}
}

func putLane[F vec.Float](rows []F, j, width int, s []F) {
	for i, v := range s {
		rows[i*width+j] = v
	}
}

// windowBlock makes a window of the workers of block b.
func (e *engine[F]) windowBlock(g, b int) {
	k, l := e.blockOf(b), e.scratch[g].lanes
	n, width := k.lanes, 2*k.lanes
	s := e.rows(k)
	tes := e.cfg.Method == TES
	if tes {
		width = 3 * n
		s = l.s[:e.stateLen*width]
		e.spread(s, e.rows(k), n)
	}
	theta, sum := l.theta[:e.d*width], l.sum[:width]
	for j := range sum {
		sum[j] = 0
	}
	m := e.beginBlock(k, l.run)
	for j := k.count; j < n; j++ {
		e.idleLane(s, width, k, j, 0)
	}
	eps, env, tau := e.eps[k.first:k.first+n], e.env[k.first:k.first+n], e.tau[k.first:k.first+n]
	e.perturbLanes(theta, width, eps)
	if tes {
		for i, v := range e.theta {
			row := theta[i*width+2*n : (i+1)*width]
			for j := range row {
				row[j] = v
			}
		}
	}
	if m == e.cfg.Window && m <= unroll.Stretch {
		e.laner.WindowLanes(s, theta, tau, m, env, sum)
		ended := l.run[:0]
		if e.allowed && !e.odd.Load() && e.foundShort(k, m, sum) {
			ended = e.passShort(k, m, l.run)
		} else {
			for j := range tau[:k.count] {
				tau[j] += m
				e.recordLane(g, s, j, width, k, m, float64(sum[j]), float64(sum[n+j]))
			}
		}
		for _, j := range ended {
			e.end(k.first + j)
			e.initLane(g, s, j, width, k)
		}
	} else {
		e.cutWindow(g, s, theta, width, k, m)
	}
	if tes {
		for i := 0; i < e.stateLen; i++ {
			copy(e.rows(k)[i*n:(i+1)*n], s[i*width+2*n:(i+1)*width])
		}
	}
}

// beginBlock begins a window of the workers of a block, and returns how many steps all of
// them can make before the first one's stretch ends. run is scratch.
func (e *engine[F]) beginBlock(k block, run []int) (m int) {
	m = e.cfg.Window
	tes := e.cfg.Method == TES
	// Up to here, windows are of the episode's first noise period.
	uncut := least(e.horizon, e.cfg.Period) - e.cfg.Window
	if uncut < 0 {
		uncut = 0
	}
	// The few other workers are found without branches, which would be mispredicted.
	some := 0
	for j, t := range e.tau[k.first : k.first+k.count] {
		run[some] = j
		if uint(t-1) >= uint(uncut) || tes {
			some++
		}
	}
	for _, j := range run[:some] {
		if tes {
			e.beginWindow(k.first + j)
			e.workers[k.first+j].lost = false // the shared state isn't: only a window is
		}
		m = least(m, e.stretch(k.first+j, e.cfg.Window))
	}
	return m
}

// cutWindow is the rest of windowBlock where stretches begin and end in the window, or
// are too long for one sum. The first call of WindowLanes is for m steps.
func (e *engine[F]) cutWindow(g int, s, theta []F, width int, k block, m int) {
	l, n := e.scratch[g].lanes, k.lanes
	part, run, sum, total := l.part[:n], l.run[:n], l.sum[:width], l.total[:2*n]
	eps, env, tau := e.eps[k.first:k.first+n], e.env[k.first:k.first+n], e.tau[k.first:k.first+n]
	for j := range run {
		run[j], total[j], total[n+j] = 0, 0, 0
		part[j] = never
		if j < k.count {
			part[j] = e.left(k.first+j, e.cfg.Window)
		}
	}
	idle := k.count < n // some lanes are
	for left := e.cfg.Window; left > 0; {
		m = least(m, unroll.Stretch)
		e.laner.WindowLanes(s, theta, tau, m, env, sum)
		left -= m
		made, changed := m, false
		m = left
		for j := range part[:k.count] {
			tau[j] += made
			if part[j] == never {
				continue
			}
			part[j] -= made
			run[j] += made
			if r := run[j] % unroll.Stretch; part[j] > 0 && r != 0 {
				m = least(m, least(part[j], unroll.Stretch-r))
				continue
			}
			total[j] += float64(sum[j])
			total[n+j] += float64(sum[n+j])
			sum[j], sum[n+j] = 0, 0
			if part[j] > 0 {
				m = least(m, part[j])
				continue
			}
			before := eps[j]
			e.recordLane(g, s, j, width, k, run[j], total[j], total[n+j])
			run[j], total[j], total[n+j] = 0, 0, 0
			if e.workers[k.first+j].err != nil {
				part[j], idle = never, true
			} else if left > 0 {
				part[j] = e.stretch(k.first+j, left)
				m = least(m, part[j])
				changed = changed || eps[j] != before
			}
		}
		if left > 0 && idle && !e.idleLanes(s, width, k, part) {
			return // all have failed
		}
		if changed {
			e.perturbLanes(theta, width, eps)
		}
	}
}

// idleLanes makes the lanes whose part is never copies of the first worker that is left,
// and reports whether there is one.
func (e *engine[F]) idleLanes(s []F, width int, k block, part []int) bool {
	live := 0
	for live < k.count && part[live] == never {
		live++
	}
	for j := 0; j < len(part) && live < k.count; j++ {
		if part[j] == never {
			e.idleLane(s, width, k, j, live)
		}
	}
	return live < k.count
}

// recordLane records a stretch of n steps of lane j, and begins the next episode if
// it has ended.
func (e *engine[F]) recordLane(g int, s []F, j, width int, k block, n int, plus, minus float64) {
	i := k.first + j
	w := &e.workers[i]
	if e.cfg.Method == TES {
		e.made[i] += 3 * uint64(n)
	} else if !w.lost {
		e.made[i] += 2 * uint64(n)
	}
	if e.record(i, n, plus, minus, true) {
		e.initLane(g, s, j, width, k)
	}
}

// initLane puts the states of lane j to the start of an episode.
func (e *engine[F]) initLane(g int, s []F, j, width int, k block) {
	start := e.scratch[g].sPlus
	e.sys.Init(start, e.env[k.first+j])
	for c := j; c < width; c += k.lanes {
		putLane(s, c, width, start)
	}
}

// foundShort records a window of m steps of a block in the short form, unless it doesn't
// fit: see record. No worker may be lost.
func (e *engine[F]) foundShort(k block, m int, sum []F) bool {
	plus, minus := e.plus[k.first:k.first+k.count], e.minus[k.first:k.first+k.count]
	// The largest |L⁺ − L⁻| and |L⁺ + L⁻|, as bits without the sign, which are in order, NaN last.
	var apart, both uint64
	for j := range plus {
		p, m := float64(sum[j]), float64(sum[k.lanes+j])
		plus[j], minus[j] = p, m
		if b := math.Float64bits(p-m) << 1; b > apart {
			apart = b
		}
		if cast.Is32[F]() { // small enough, or infinite, and then the difference isn't finite
			continue
		}
		if b := math.Float64bits(p+m) << 1; b > both {
			both = b
		}
	}
	difference, size := math.Float64frombits(apart>>1), math.Float64frombits(both>>1)
	if steps := float64(m); !(difference <= e.limit*steps && difference <= maxLoss*steps && size <= maxLoss*steps) {
		return false
	}
	for i := k.first; i < k.first+k.count; i += unroll.Lanes {
		e.short[i/unroll.Lanes] = true
	}
	return true
}

// passShort counts m steps of a block, and returns the lanes whose episodes have ended.
func (e *engine[F]) passShort(k block, m int, ended []int) []int {
	tau, made := e.tau[k.first:k.first+k.count], e.made[k.first:k.first+k.count]
	n := 0
	for j := range tau {
		tau[j] += m
		made[j] += 2 * uint64(m)
		ended[n] = j
		if tau[j] == e.horizon {
			n++
		}
	}
	return ended[:n]
}

// spread copies TES's states to all three copies of the lanes.
func (e *engine[F]) spread(s, shared []F, n int) {
	for i := 0; i < e.stateLen; i++ {
		for c := 0; c < 3; c++ {
			copy(s[(3*i+c)*n:], shared[i*n:(i+1)*n])
		}
	}
}

// idleLane makes lane j, which has no worker or one that has failed, a copy of lane live,
// states and position.
func (e *engine[F]) idleLane(s []F, width int, k block, j, live int) {
	to, from := k.first+j, k.first+live
	e.tau[to], e.eps[to], e.env[to] = e.tau[from], e.eps[from], e.env[from]
	for c := 0; c < e.stateLen*width; c += k.lanes {
		s[c+j] = s[c+live]
	}
}

// perturbLanes sets the first two copies of theta's lanes to theta ± σε.
func (e *engine[F]) perturbLanes(rows []F, width int, eps []noise.Stream) {
	plus, minus := rows, rows[len(eps):]
	if e.cfg.Noise == Signs {
		noise.PerturbPairLanesSigns(plus, minus, width, e.theta, F(e.cfg.Sigma), eps)
	} else {
		noise.PerturbPairLanes(plus, minus, width, e.theta, F(e.cfg.Sigma), eps)
	}
}

func least(a, b int) int {
	if a < b {
		return a
	}
	return b
}
