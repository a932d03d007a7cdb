package main

import "syscall"

func brand() processor {
	name, err := syscall.Sysctl("machdep.cpu.brand_string")
	if err != nil {
		return processor{}
	}
	return processor{name: name, llvm: appleName(name)}
}
