package reproduce

// absences are what the page lists with a reason.
var absences = []Absence{
	{"O1–O14", "learned optimizers (NRES §5.2, Figures 3, 4b, 6)", "some 10¹⁵ floating-point operations a run, 4·10¹⁶ for the convolutional network: days on two cores. Figures 3 and 4(b) are measured on Lorenz instead (F3, F4)"},
	{"R1–R12", "reinforcement learning (NRES §5.3, Figure 7)", "needs MuJoCo, which has no implementation in Go"},
	{"S5", "29 hyperparameters on Fashion-MNIST (ES-Single)", "50,000 updates of 10 particles and 10 steps through six layers, four seeds, and 10,000 trainings for random search: days on two cores"},
	{"S6, S11", "learned optimizers over 5,000 steps, and their σ (ES-Single)", "as O1: days on two cores; N and the learning rate are not published"},
	{"Z2, Z10", "MNIST with 3,274,634 parameters, and to 99 % (OpenAI-ES)", "2.8·10¹⁶ floating-point operations a run, and 20,000 updates of 50,000 offspring: a cluster's work. What else the paper finds is measured on a small network (Z4 to Z9)"},
}

// Absences returns the experiments that can't run here.
func Absences() []Absence { return absences }
