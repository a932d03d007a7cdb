package cpu

// Detected returns the tiers that this build and machine have, whatever NRES_SIMD
// says.
func Detected() []Tier { return tiers() }
