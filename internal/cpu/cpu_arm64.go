//go:build !purego

package cpu

import "golang.org/x/sys/cpu"

// NEON is part of every arm64 processor that Go runs on; asking lets
// GODEBUG=cpu.asimd=off through.
func tiers() []Tier {
	if !cpu.ARM64.HasASIMD {
		return []Tier{Generic}
	}
	return []Tier{Generic, NEON}
}
