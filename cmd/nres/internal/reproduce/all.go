package reproduce

// All returns the experiments, in the order of the page.
func All() []Experiment {
	return []Experiment{lorenzMethods, lorenzBaselines, lorenzSweep, lorenzSurface, lorenzVariance, linearVariance, influence,
		toyRegression, learningRates, copyTask, telescoping, ridgeTuning, metaGradients,
		correlation, proxies, limited, noMinibatch}
}
