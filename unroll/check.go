package unroll

import (
	"errors"
	"fmt"
	"math"

	"github.com/noise-reuse/nres/internal/null"
	"github.com/noise-reuse/nres/noise"
	"github.com/noise-reuse/nres/vec"
)

// CheckSystem checks that a system is what System asks for, as far as that shows: Init sets all
// of the state, Step is a function of its arguments and leaves theta alone, and Window,
// if sys is a Windower, has the bits of Step (any NaN equals any other), and so, by
// CheckLanes, has WindowLanes, if it is a Laner. It is for the tests of systems, unrolls four
// episodes under normal perturbations of theta, and returns an error that says what
// is wrong, or that sys has no size, or that theta isn't as long as its parameters. It makes
// 8 steps, with Window 12, for each step of an episode, and those of CheckLanes.
//
// It runs on one goroutine. Whether methods are safe for concurrent use, a race detector
// sees in a test that makes gradients with estimator.Config.Parallelism above 1.
func CheckSystem[F vec.Float](sys System[F], theta []F, sigma F, seed uint64) error {
	if err := checkSizes(sys, theta); err != nil {
		return err
	}
	windower, whole := sys.(Windower[F])
	root, horizon := noise.New(seed), sys.Horizon()
	th, want := make([]F, len(theta)), make([]F, len(theta))
	var s [3][]F // two go by Step, in turns, the third by Window
	for c := range s {
		s[c] = make([]F, sys.StateLen())
	}
	for episode := uint64(0); episode < 4; episode++ {
		env := root.Derive(episode)
		noise.Perturb(th, theta, sigma, root.Derive(episode, 0), 0)
		copy(want, th)
		for c, old := range []F{F(math.NaN()), 0, 1} {
			for i := range s[c] {
				s[c][i] = old
			}
			sys.Init(s[c], env)
			if i := differ(s[c], s[0]); i >= 0 {
				return fmt.Errorf("unroll: Init of %T doesn't set element %d of the state, or not by env alone", sys, i)
			}
		}
		for t0, call := 0, uint64(0); t0 < horizon; call++ {
			n := 1 + int(env.Derive(call).Word(0)%Stretch)
			if n > horizon-t0 {
				n = horizon - t0
			}
			var sum F
			for t := t0 + 1; t <= t0+n; t++ {
				var loss [2]F
				for c := range loss {
					loss[c] = sys.Step(s[c], th, t, env)
					if differ(th, want) >= 0 {
						return changed(sys, "Step", "theta")
					}
				}
				if !same(loss[0], loss[1]) {
					return fmt.Errorf("unroll: Step %d of %T is no function of its arguments: the loss is %v, the second time %v", t, sys, loss[0], loss[1])
				}
				if i := differ(s[0], s[1]); i >= 0 {
					return fmt.Errorf("unroll: Step %d of %T is no function of its arguments: element %d of the state is %v, the second time %v", t, sys, i, s[0][i], s[1][i])
				}
				sum += loss[0]
			}
			if whole {
				got := windower.Window(s[2], th, t0, n, env)
				if differ(th, want) >= 0 {
					return changed(sys, "Window", "theta")
				}
				if !same(got, sum) {
					return fmt.Errorf("unroll: Window of %T, steps %d to %d: the sum is %v, but %v with Step", sys, t0+1, t0+n, got, sum)
				}
				if i := differ(s[2], s[0]); i >= 0 {
					return fmt.Errorf("unroll: Window of %T, steps %d to %d: element %d of the state is %v, but %v with Step", sys, t0+1, t0+n, i, s[2][i], s[0][i])
				}
			}
			t0 += n
		}
	}
	if _, ok := sys.(Laner[F]); ok {
		return CheckLanes(sys, theta, sigma, seed)
	}
	return nil
}

func checkSizes[F vec.Float](sys System[F], theta []F) error {
	if null.Name(sys) != "" {
		return errors.New("unroll: there is no system to check")
	}
	d, stateLen, horizon := sys.ParamLen(), sys.StateLen(), sys.Horizon()
	if d < 1 || stateLen < 1 || horizon < 1 {
		return fmt.Errorf("unroll: %T has ParamLen %d, StateLen %d, Horizon %d; allowed: ≥ 1", sys, d, stateLen, horizon)
	}
	if len(theta) != d {
		return fmt.Errorf("unroll: theta has length %d; allowed: the ParamLen of %T, %d", len(theta), sys, d)
	}
	return nil
}

// CheckLanes compares WindowLanes of a system with Step, bit by bit (any NaN equals
// any other): on lanes at different times in their episodes, under normal perturbations
// of theta, over stretches of different lengths. It is for the tests of systems, and
// returns an error that says where they differ, or what WindowLanes has changed that it may not, or
// that sys is no Laner, or has no size, or that theta isn't as long as its parameters. It makes
// some hundreds of steps for each step of an episode.
func CheckLanes[F vec.Float](sys System[F], theta []F, sigma F, seed uint64) error {
	laner, ok := sys.(Laner[F])
	if !ok {
		return fmt.Errorf("unroll: %T is no Laner", sys)
	}
	if err := checkSizes(sys, theta); err != nil {
		return err
	}
	root := noise.New(seed)
	d, stateLen, horizon := sys.ParamLen(), sys.StateLen(), sys.Horizon()
	for round := uint64(0); round < 12; round++ {
		workers := Lanes * (1 + int(round%2))
		if round == 11 {
			workers = MaxLanes / 3
		}
		width := workers * (1 + int(round%3))
		t0, env := make([]int, workers), make([]noise.Stream, workers)
		for k := range t0 {
			env[k] = root.Derive(round, uint64(k))
			t0[k] = int(env[k].Word(0)) & (1<<31 - 1) % horizon
			if round < 4 {
				t0[k] = 0
			}
		}
		s, rows := make([]F, stateLen*width), make([]F, d*width)
		states, thetas := make([][]F, width), make([][]F, width)
		sum, want := make([]F, width), make([]F, width)
		for j := range states {
			k := j % workers
			replica := j / workers
			states[j], thetas[j] = make([]F, stateLen), make([]F, d)
			sys.Init(states[j], env[k])
			noise.Perturb(thetas[j], theta, sigma, root.Derive(round, uint64(k), uint64(replica)), 0)
			// All are brought to their place step by step.
			for t := 1; t <= t0[k]; t++ {
				sys.Step(states[j], thetas[j], t, env[k])
			}
			for i, v := range states[j] {
				s[i*width+j] = v
			}
			for i, v := range thetas[j] {
				rows[i*width+j] = v
			}
		}
		for call := uint64(0); call < 6; call++ {
			n := 1 + int(root.Derive(round).Word(call)%Stretch)
			if call == 0 {
				n = 1 + int(round%7)
			}
			for k := range t0 {
				if left := horizon - t0[k]; n > left {
					n = left
				}
			}
			if n == 0 {
				break
			}
			rows0, t00, env0 := append([]F(nil), rows...), append([]int(nil), t0...), append([]noise.Stream(nil), env...)
			laner.WindowLanes(s, rows, t0, n, env, sum)
			for k := range t0 {
				if t0[k] != t00[k] {
					return changed(sys, "WindowLanes", "t0")
				}
				if env[k] != env0[k] {
					return changed(sys, "WindowLanes", "env")
				}
			}
			if differ(rows, rows0) >= 0 {
				return changed(sys, "WindowLanes", "theta")
			}
			for j := range states {
				k := j % workers
				for t := t0[k] + 1; t <= t0[k]+n; t++ {
					want[j] += sys.Step(states[j], thetas[j], t, env[k])
				}
				wrong := func(what string, got, want F) error {
					return fmt.Errorf("unroll: lane %d of %d, steps %d to %d: %s is %v, but %v with Step",
						j, width, t0[k]+1, t0[k]+n, what, got, want)
				}
				if !same(sum[j], want[j]) {
					return wrong("the sum", sum[j], want[j])
				}
				for i, v := range states[j] {
					if got := s[i*width+j]; !same(got, v) {
						return wrong(fmt.Sprintf("element %d of the state", i), got, v)
					}
				}
			}
			for k := range t0 {
				t0[k] += n
			}
		}
	}
	return nil
}

func changed[F vec.Float](sys System[F], method, what string) error {
	return fmt.Errorf("unroll: %s of %T has changed %s", method, sys, what)
}

// differ returns the first index at which two slices of one length are not the same, or -1.
func differ[F vec.Float](a, b []F) int {
	for i := range a {
		if !same(a[i], b[i]) {
			return i
		}
	}
	return -1
}

// same is equality of bits, but for NaN.
func same[F vec.Float](a, b F) bool {
	return a == b && 1/a == 1/b || a != a && b != b
}
