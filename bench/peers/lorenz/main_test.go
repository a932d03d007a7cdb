package main

import (
	"bytes"
	"math"
	"slices"
	"strings"
	"testing"
)

// TestRecord: a recorded window has the gradient of algorithm 2, and every phase.
func TestRecord(t *testing.T) {
	windows, err := record()
	if err != nil {
		t.Fatal(err)
	}
	_, cfg := config()
	for _, w := range windows {
		grad := make([]float64, len(w.Grad))
		phases := map[int]bool{}
		for i, t0 := range w.T0 {
			phases[t0] = true
			for k := range grad {
				eps := float64(w.Theta[k][0][i]-w.Theta[k][1][i]) / (2 * cfg.Sigma)
				grad[k] += (w.Loss[0][i] - w.Loss[1][i]) * eps / (2 * cfg.Sigma * float64(cfg.Window*cfg.Workers))
			}
		}
		if len(w.T0) != 200 || len(phases) != 20 {
			t.Errorf("%d workers at %d phases", len(w.T0), len(phases))
		}
		for k, g := range grad {
			if math.Abs(g-float64(w.Grad[k])) > tolerance*math.Abs(g) {
				t.Errorf("the gradient is %v, ours %v", grad, w.Grad)
			}
		}

		// Whatever one of the others has wrong is found.
		if d := w.distance(w.results); d != 0 {
			t.Errorf("a window is %v away from itself", d)
		}
		wrong := w.results
		wrong.Grad = []float32{w.Grad[0], w.Grad[1] + 2*tolerance*w.Grad[0]}
		if d := w.distance(wrong); d < tolerance {
			t.Errorf("a wrong gradient is %v away", d)
		}
		wrong = w.results
		wrong.Loss[1] = slices.Clone(w.Loss[1])
		wrong.Loss[1][7] = math.NaN()
		if d := w.distance(wrong); !(d > tolerance) {
			t.Errorf("a NaN is %v away", d)
		}
	}
}

func TestDeviations(t *testing.T) {
	a := means{[][]float64{{1, 10}, {3, 10.5}}}
	b := means{[][]float64{{5, 10}, {7, 10.5}}}
	// Means 2 and 6, each with a standard error of 1.
	if z := a.deviations(b); math.Abs(z-4/math.Sqrt2) > 1e-12 {
		t.Error(z)
	}
}

// TestServe: ours answers as the others do, and with the same bits on both ways.
func TestServe(t *testing.T) {
	answers := func(parallelism int) string {
		var b bytes.Buffer
		if err := serve(parallelism, strings.NewReader(`{"mean": [2, 3]}`+"\n"+`{"mean": [1, 1]}`+"\n"), &b); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	one := answers(1)
	if strings.Count(one, "\n") != 3 || strings.Count(one, "means") != 2 || answers(2) != one {
		t.Error(one)
	}
}

func TestTable(t *testing.T) {
	all := []*contender{
		{Name: "numpy", Where: "1 core", NS: []float64{1e6, 3e6, 2e6}, About: About{Versions: map[string]string{"numpy": "2"}}},
		{Name: "nres, plain Go", Where: "1 core", NS: []float64{171_234, 171_234}, About: About{Versions: map[string]string{"go": "go1.26", "tier": "generic"}}},
		{Name: "nres, AVX2", Where: "1 core", NS: []float64{17_456}},
		{Name: "slow", Where: "2 cores", NS: []float64{8e6}},
	}
	var b bytes.Buffer
	table(&b, all)
	for _, want := range []string{
		"| numpy | 1 core | 2000 | 500 | 1.0× |",
		"| nres, plain Go | 1 core | 171 | 5,840 | 12× |",
		"| nres, AVX2 | 1 core | 17.5 | 57,300 | 115× |",
		"| slow | 2 cores | 8000 | 125 | 0.25× |",
		"Medians of 3. go 1.26, numpy 2.",
	} {
		if !strings.Contains(b.String(), want+"\n") {
			t.Errorf("no %q in\n%s", want, b.String())
		}
	}
}
