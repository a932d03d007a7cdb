// Package tiers runs tests with every set of kernels that the machine has.
package tiers

import (
	"fmt"
	"os"
	"testing"

	"github.com/noise-reuse/nres/internal/cpu"
)

// Run runs body once per tier, from plain Go up to the one in use. set is how a
// package limits its kernels to a tier. If NRES_TEST_REQUIRE names a tier that
// isn't among them, the test fails.
func Run(t *testing.T, set func(cpu.Tier), body func(t *testing.T)) {
	t.Helper()
	Each(t, set, func(tier cpu.Tier) { t.Run(tier.String(), body) })
}

// Each is [Run] for benchmarks, fuzz targets and the like: it calls body in a loop.
func Each(tb testing.TB, set func(cpu.Tier), body func(cpu.Tier)) {
	tb.Helper()
	if err := promised(os.Getenv("NRES_TEST_REQUIRE"), cpu.Available()); err != nil {
		tb.Fatal(err)
	}
	defer set(cpu.Active())
	for _, tier := range cpu.Available() {
		set(tier)
		body(tier)
	}
}

func promised(name string, available []cpu.Tier) error {
	for _, tier := range available {
		if name == "" || name == tier.String() {
			return nil
		}
	}
	return fmt.Errorf("NRES_TEST_REQUIRE promises %q, but here only %v can run", name, available)
}
