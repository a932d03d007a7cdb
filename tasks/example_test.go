package tasks_test

import (
	"fmt"

	"github.com/noise-reuse/nres/estimator"
	"github.com/noise-reuse/nres/noise"
	"github.com/noise-reuse/nres/optim"
	"github.com/noise-reuse/nres/tasks"
	"github.com/noise-reuse/nres/tasks/data"
	"github.com/noise-reuse/nres/tasks/network"
)

// A network with one hidden layer learns to read digits from the losses of mini-batches.
func ExampleClassifier() {
	train, test := data.Digits(2000, noise.New(0)), data.Digits(500, noise.New(1))
	net, err := network.New[float32](train.Width, train.Height, train.Classes, network.Dense{Units: 16})
	if err != nil {
		fmt.Println(err)
		return
	}
	task, err := tasks.NewClassifier(net, train, 50)
	if err != nil {
		fmt.Println(err)
		return
	}
	es, err := estimator.New[float32](task, estimator.Config{
		Method: estimator.FullES, Workers: 50, Sigma: 0.05, Shaping: estimator.CenteredRank,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer es.Close()
	theta, grad := make([]float32, net.Len()), make([]float32, net.Len())
	net.Init(theta, noise.New(2))
	adam := optim.NewAdam[float32](0.02)
	for i := 0; i < 200; i++ {
		if _, err := es.Gradient(grad, theta); err != nil {
			fmt.Println(err)
			return
		}
		adam.Step(theta, grad)
	}
	_, accuracy, err := net.NewPass(100).Test(theta, test)
	fmt.Printf("%d parameters, %.0f %% of held-out digits %v\n", net.Len(), 100*accuracy, err)
	// Output:
	// 1210 parameters, 85 % of held-out digits <nil>
}

// What is published for a task, and a gradient with that.
func ExampleLookup() {
	task, err := tasks.Lookup("lorenz")
	if err != nil {
		fmt.Println(err)
		return
	}
	sys, err := task.New(nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	nres, err := estimator.New(sys, estimator.Config{Workers: task.Workers, Window: task.Window, Sigma: task.Sigma})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer nres.Close()
	theta, grad := []float32{float32(task.Start[0]), float32(task.Start[1])}, make([]float32, len(task.Params))
	loss, err := nres.Gradient(grad, theta)
	fmt.Printf("%v from %.3f: mean squared error %.0f, error %v\n", task.Params, theta, loss, err)
	// Output: [ln r ln a] from [3.700 3.116]: mean squared error 332, error <nil>
}
