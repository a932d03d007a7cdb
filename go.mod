module github.com/noise-reuse/nres

go 1.20

require (
	github.com/stretchr/testify v1.10.0
	golang.org/x/sys v0.30.0
	gonum.org/v1/gonum v0.14.0
)

require (
	github.com/davecgh/go-spew v1.1.1 // indirect
	github.com/pmezard/go-difflib v1.0.0 // indirect
	gopkg.in/yaml.v3 v3.0.1 // indirect
)
