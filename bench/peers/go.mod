module github.com/noise-reuse/nres/bench/peers

go 1.25.0

require (
	github.com/noise-reuse/nres v0.1.0
	github.com/viterin/vek v0.4.3
	gonum.org/v1/gonum v0.17.0
)

require (
	github.com/chewxy/math32 v1.10.1 // indirect
	github.com/viterin/partial v1.1.0 // indirect
	golang.org/x/exp v0.0.0-20230817173708-d852ddb80c63 // indirect
	golang.org/x/sys v0.30.0 // indirect
)
