package main

func assembly() {
	for _, f := range []func(){
		fmla4SNEON,
		fmls4SNEON,
		fmla2DNEON,
		fmlaLaneNEON,
		fmlsLaneNEON,
		fmlaScalarNEON,
		frecpeNEON,
		frsqrtsNEON,
		registersNEON,
	} {
		f()
	}
}

func fmla4SNEON()
func fmls4SNEON()
func fmla2DNEON()
func fmlaLaneNEON()
func fmlsLaneNEON()
func fmlaScalarNEON()
func frecpeNEON()
func frsqrtsNEON()
func registersNEON()
