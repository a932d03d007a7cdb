package nres_test

import (
	"fmt"
	"log"

	"github.com/noise-reuse/nres/estimator"
	"github.com/noise-reuse/nres/optim"
	"github.com/noise-reuse/nres/tasks"
)

// Learn the parameters of the Lorenz system from what it shows of itself, with no
// derivative of it.
func Example() {
	system, err := tasks.NewLorenz(tasks.SimulateLorenz[float32](tasks.LorenzTruth, 400))
	if err != nil {
		log.Fatal(err)
	}
	theta, grad := []float32{3.7, 3.1}, make([]float32, 2) // ln r, ln a
	sgd := optim.SGD[float32]{LR: 1e-5}

	nres, err := estimator.New[float32](system, estimator.Config{Workers: 200, Window: 100, Sigma: 0.04})
	for i := 0; err == nil && i < 5000; i++ {
		_, err = nres.Gradient(grad, theta) // one window of every worker
		sgd.Step(theta, grad)
	}

	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("found %.1f, truth %.1f\n", theta, tasks.LorenzTruth)
	// Output: found [3.3 2.3], truth [3.3 2.3]
}
