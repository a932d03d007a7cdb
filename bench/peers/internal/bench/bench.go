// Package bench has what the programs that compare share.
package bench

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"math"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"
)

// Main is the main function of a program that compares, and ends with status 130 after Ctrl-C.
func Main(name string, run func(ctx context.Context) error) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, func() {
		time.Sleep(time.Second) // timeout(1) sends its signal twice
		stop()                  // a later one ends the process at once
	})
	err := run(ctx)
	switch {
	case ctx.Err() != nil:
		fmt.Fprintf(os.Stderr, "%s: interrupted\n", name)
		os.Exit(130)
	case err != nil:
		fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
		os.Exit(1)
	}
}

// Misused ends a program whose flags are wrong, or that was given other arguments.
func Misused(name, allowed string) {
	fmt.Fprintf(os.Stderr, "%s: %s. There are no other arguments. You gave: %s\n", name, allowed, strings.Join(os.Args[1:], " "))
	flag.Usage()
	os.Exit(2)
}

// Ready checks that a program is run in the folder of this module, on no tier in particular.
func Ready(name string) error {
	if _, err := os.Stat("peers_test.go"); err != nil {
		return errors.New("run this in bench/peers: go run ./" + name)
	}
	if os.Getenv("NRES_SIMD") != "" {
		return errors.New("unset NRES_SIMD: all tiers are run")
	}
	return nil
}

// Python returns the interpreter of the virtual environment .venv, which it makes if
// there is none with what requirements.txt asks for.
func Python(ctx context.Context) (string, error) {
	bin := filepath.Join(".venv", "bin", "python")
	if runtime.GOOS == "windows" {
		bin = filepath.Join(".venv", "Scripts", "python.exe")
	}
	want, err := os.ReadFile("requirements.txt")
	if err != nil {
		return "", err
	}
	installed := filepath.Join(".venv", "requirements.txt")
	if has, err := os.ReadFile(installed); err == nil && bytes.Equal(has, want) {
		return bin, nil
	}
	if err := Loud(ctx, ".", "python3", "-m", "venv", ".venv"); err != nil {
		return "", fmt.Errorf("cannot make a virtual environment (python3, python3-venv of Debian or Ubuntu): %w", err)
	}
	if err := Loud(ctx, ".", bin, "-m", "pip", "install", "--quiet", "-r", "requirements.txt"); err != nil {
		return "", err
	}
	return bin, os.WriteFile(installed, want, 0o666)
}

// Loud runs a program whose output people should see.
func Loud(ctx context.Context, dir, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	return cmd.Run()
}

// Median returns the middle of x, or the mean of the middle two; NaN for nothing.
func Median(x []float64) float64 {
	if len(x) == 0 {
		return math.NaN()
	}
	x = slices.Sorted(slices.Values(x))
	return (x[(len(x)-1)/2] + x[len(x)/2]) / 2
}
