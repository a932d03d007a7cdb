//go:build (!amd64 && !arm64) || purego

package cpu

func tiers() []Tier { return []Tier{Generic} }
