//go:build !darwin

package main

func brand() processor { return processor{} }
