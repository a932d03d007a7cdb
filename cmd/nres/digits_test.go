package main

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/noise-reuse/nres/noise"
	"github.com/noise-reuse/nres/tasks/data"
)

// idx is an IDX file.
func idx(magic uint32, size []uint32, content []byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, magic)
	for _, n := range size {
		b = binary.BigEndian.AppendUint32(b, n)
	}
	return append(b, content...)
}

// digitsDir writes few digits as MNIST's files are.
func digitsDir(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for i, name := range []string{"train", "t10k"} {
		set := data.Digits(400-300*i, noise.New(1).Derive(uint64(i)))
		pixels := make([]byte, len(set.Images))
		for k, v := range set.Images {
			pixels[k] = byte(255 * v)
		}
		n := uint32(set.Len())
		require.NoError(t, os.WriteFile(filepath.Join(dir, name+"-images-idx3-ubyte"), idx(2051, []uint32{n, 8, 8}, pixels), 0o666))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name+"-labels-idx1-ubyte"), idx(2049, []uint32{n}, set.Labels), 0o666))
	}
	return dir
}

// small are flags of a run that takes no time.
func small(dir string, args ...string) []string {
	flags := []string{"train", "digits", "--data", dir, "--workers", "7", "--batch", "9", "--iterations", "20", "--plot", "none"}
	if !slices.Contains(args, "cnn") {
		flags = append(flags, "--hidden", "5")
	}
	return append(flags, args...)
}

func classified(t *testing.T, args ...string) digitsReport {
	t.Helper()
	return decoded[digitsReport](t, args...)
}

func TestDigitsJSON(t *testing.T) {
	dir := digitsDir(t)
	rep := classified(t, small(dir, "--seed", "7", "--l2", "0.01")...)
	assert.Equal(t, digitsReport{
		Data: &dir, Network: "mlp", Parameters: 65*5 + 6*10, TrainImages: 400, TestImages: 100,
		Workers: 7, Batch: 9, Sigma: rep.Sigma, Noise: "normal", Shaping: "rank", Optimizer: "adam", LR: rep.LR, Halve: rep.Halve, Momentum: 0.9, L2: 0.01,
		Iterations: 20, Seed: 7, Tier: tier(),
		// These are checked elsewhere, or differ from run to run.
		Loss: rep.Loss, Accuracy: rep.Accuracy, Exact: rep.Exact, Curve: rep.Curve, SHA256: rep.SHA256, Seconds: rep.Seconds,
	}, rep)
	require.Len(t, rep.Curve, 21)
	for i, p := range rep.Curve {
		assert.Equal(t, i, p.Iteration)
	}
	assert.Equal(t, tested{20, rep.Loss, rep.Accuracy}, rep.Curve[20])
	assert.Equal(t, 20, rep.Exact.Iteration)
	assert.Positive(t, rep.Seconds)
	assert.Nil(t, classified(t, small(dir, "--exact=false")...).Exact)

	var keys map[string]any
	_, stdout, _ := execute(t, small(dir, "--json", "--quiet")...)
	require.NoError(t, json.Unmarshal([]byte(stdout), &keys))
	assertKeys(t, "data network parameters train_images test_images workers batch sigma noise shaping bucket rank "+
		"optimizer lr halve momentum l2 iterations seed tier loss accuracy exact curve sha256 seconds plot", keys)
}

// TestDigitsBits: neither goroutines nor the kernels in use change anything.
func TestDigitsBits(t *testing.T) {
	dir := digitsDir(t)
	for _, args := range [][]string{nil, {"--network", "cnn", "--noise", "signs"}, {"--rank", "1"}, {"--bucket", "100", "--shaping", "std"}} {
		args = small(dir, append(args, "--exact=false")...)
		one := classified(t, append(args, "--parallelism", "1")...)
		for _, p := range []string{"2", "3"} {
			assert.Equal(t, one.SHA256, classified(t, append(args, "--parallelism", p)...).SHA256, "%v, %s", args, p)
		}
		assert.NotEqual(t, one.SHA256, classified(t, append(args, "--seed", "2")...).SHA256, "%v", args)
		cmd := exec.Command(os.Args[0], append(args, "--json", "--quiet")...)
		cmd.Env = append(os.Environ(), "NRES_TEST_AS_PROGRAM=1", "NRES_SIMD=generic")
		out, err := cmd.Output()
		require.NoError(t, err)
		var generic digitsReport
		require.NoError(t, json.Unmarshal(out, &generic))
		assert.Equal(t, "generic", generic.Tier)
		assert.Equal(t, one.SHA256, generic.SHA256, "%v", args)
		assert.Equal(t, one.Curve, generic.Curve, "%v", args)
	}
}

func TestDigitsResumes(t *testing.T) {
	dir := digitsDir(t)
	for _, same := range [][]string{{"--optimizer", "adam"}, {"--optimizer", "sgd", "--bucket", "50"}, {"--optimizer", "clipup", "--rank", "1"}} {
		want := classified(t, small(dir, same...)...)
		file := filepath.Join(t.TempDir(), "run")
		for _, n := range []string{"1", "2", "11", "20", "20"} {
			got := classified(t, small(dir, append(same, "--checkpoint", file, "--resume", "--every", "3", "--iterations", n)...)...)
			if n == "20" {
				assert.Equal(t, want.SHA256, got.SHA256)
				assert.Equal(t, want.Curve, got.Curve, "with what was before")
				assert.Equal(t, want.Exact, got.Exact)
			}
		}
	}
}

func TestDigitsCheckpointRefusals(t *testing.T) {
	dir := digitsDir(t)
	file := filepath.Join(t.TempDir(), "run")
	classified(t, small(dir, "--checkpoint", file)...)
	good := read(t, file)
	refused := func(want string, args ...string) {
		t.Helper()
		refuses(t, small(dir, append(args, "--quiet")...), want)
	}
	resume := []string{"--checkpoint", file, "--resume"}
	refused("doesn't exist yet; or add --resume", "--checkpoint", file)
	for _, c := range [][3]string{
		{"--lr", "0.5", "--lr 0.5 here"}, {"--halve", "9", "--halve 9 here"}, {"--batch", "10", "--batch 9 there, --batch 10 here"}, {"--hidden", "6", "--hidden 5 there"},
		{"--optimizer", "sgd", "--optimizer sgd here"}, {"--l2", "1", "--l2 1"}, {"--data", digitsDirOf(t, 1), "images: "},
		{"--seed", "2", "Seed"}, {"--sigma", "1", "Sigma"}, {"--workers", "8", "Workers"}, {"--noise", "signs", "Noise"}, {"--bucket", "9", "Buckets"}, {"--rank", "1", "Rank"}, {"--shaping", "raw", "Shaping"},
		{"--iterations", "19", "at least 20"},
	} {
		refused(c[2], append(resume, c[0], c[1])...)
	}
	assert.Equal(t, good, read(t, file), "the file is as it was")
	refused("a file other than that of --checkpoint", append(resume, "--plot", file+".png", "--checkpoint", file+".png")...)

	require.NoError(t, os.WriteFile(file, []byte(good[:len(good)-1]), 0o666))
	refused("the checksum does not match", resume...)
	require.NoError(t, os.WriteFile(file, nil, 0o666))
	refused("not a checkpoint of nres", resume...)
	require.NoError(t, os.Remove(file))
	trained(t, "--checkpoint", file)
	refused("task lorenz there, task digits here", resume...)
	refused("--checkpoint: cannot write", "--checkpoint", filepath.Join(dir, "no", "run"))
}

// digitsDirOf is digitsDir with one pixel changed.
func digitsDirOf(t *testing.T, pixel byte) string {
	dir := digitsDir(t)
	path := filepath.Join(dir, "train-images-idx3-ubyte")
	b := []byte(read(t, path))
	b[len(b)-1] ^= pixel
	require.NoError(t, os.WriteFile(path, b, 0o666))
	return dir
}

// said is a progress that keeps what it is told last.
type said struct{ last *[]string }

func (s said) close() {}
func (s said) update(done float64, format string, args ...any) {
	(*s.last)[len(*s.last)-1] = fmt.Sprint(done, " ", fmt.Sprintf(format, args...))
}

// TestDigitsProgress: the comparison, which may take as long as the run, shows how far it is.
func TestDigitsProgress(t *testing.T) {
	var last, totals []string
	newProgress = func(_ io.Writer, total int, _ bool) progress {
		totals, last = append(totals, fmt.Sprint(total)), append(last, "")
		return said{&last}
	}
	defer func() { newProgress = progressOn }()
	status, _, stderr := execute(t, small(digitsDir(t))...)
	require.Zero(t, status, stderr)
	assert.Equal(t, []string{"20", "20"}, totals)
	require.Len(t, last, 2)
	assert.Regexp(t, `^20 loss \d`, last[0])
	assert.Equal(t, "20 exact gradients", last[1])
}

// TestDigitsInterrupt: what is there when it is interrupted is written, and the rest is
// made up for.
func TestDigitsInterrupt(t *testing.T) {
	dir := digitsDir(t)
	t.Chdir(t.TempDir())
	want := classified(t, small(dir)...)
	args := small(dir, "--checkpoint", "run", "--plot", "a.svg")
	out, _ := interrupted(t, 0, args...)
	assert.Empty(t, out)
	require.NoError(t, os.Remove("run"), "of the start")
	assert.Empty(t, files(t, "."))

	out, errs := interrupted(t, 12, append(args, "--json")...)
	assert.Equal(t, "nres: interrupted after 12 of 20 iterations\n", errs)
	var rep digitsReport
	require.NoError(t, json.Unmarshal([]byte(out), &rep))
	assert.Equal(t, want.Curve[:13], rep.Curve)
	assert.Equal(t, 12, rep.Iterations)
	assert.Nil(t, rep.Exact, "no time for it")
	assert.Equal(t, []string{"a.svg", "run"}, files(t, "."))

	out, errs = interrupted(t, 20, small(dir, "--json")...)
	assert.Equal(t, "nres: interrupted in the comparison with exact gradients\n", errs)
	var compared digitsReport
	require.NoError(t, json.Unmarshal([]byte(out), &compared))
	assert.Equal(t, want.SHA256, compared.SHA256)
	assert.Nil(t, compared.Exact)

	got := classified(t, append(args, "--resume")...)
	assert.Equal(t, want.SHA256, got.SHA256)
	assert.Equal(t, want.Curve, got.Curve)
}

// TestDigitsLearn: whatever the noise and the update, four times as many digits are read
// rightly in the end as by chance.
func TestDigitsLearn(t *testing.T) {
	dir := digitsDir(t)
	for _, args := range []string{
		"", "--noise signs", "--rank 1", "--rank 2 --noise signs", "--bucket 200", "--shaping raw", "--shaping std --lr 0.02", "--shaping sign",
		"--optimizer sgd --lr 0.05", "--optimizer clipup --lr 0.3", "--l2 0.001",
	} {
		rep := classified(t, append(small(dir, strings.Fields(args)...), "--hidden", "16", "--workers", "50", "--batch", "40", "--iterations", "120", "--exact=false")...)
		assert.Greater(t, rep.Accuracy, 0.4, args)
		assert.Less(t, rep.Curve[0].Accuracy, 0.3, args)
		assert.Less(t, rep.Loss, rep.Curve[0].Loss/1.3, args)
	}
}

// TestDigitsDrawn is a short run as it is by default, with its picture.
func TestDigitsDrawn(t *testing.T) {
	t.Chdir(t.TempDir())
	status, stdout, stderr := execute(t, "train", "digits", "--iterations", "100")
	require.Zero(t, status, stderr)
	for _, want := range []string{"MLP of 2410 parameters on drawn digits: 8000 images, 2000 held out", "after 100 updates", "with exact gradients (Adam", "picture: nres-digits.png"} {
		assert.Contains(t, stdout, want)
	}
	assert.Contains(t, stderr, "100/100 (100 %)")
	assert.Equal(t, []string{"nres-digits.png"}, files(t, "."))
}

func TestDigitsDiverge(t *testing.T) {
	dir := digitsDir(t)
	for _, args := range []string{"--lr 1e38 --iterations 1", "--lr 1e38", "--optimizer sgd --lr 1e38 --shaping raw", "--sigma 1e30"} {
		status, stdout, stderr := execute(t, small(dir, strings.Fields(args)...)...)
		assert.Equal(t, statusFailed, status, args)
		assert.Empty(t, stdout, args)
		assert.Contains(t, stderr, "diverged in iteration ", args)
		assert.Contains(t, stderr, "smaller --lr or --sigma", args)
	}
}

func TestDigitsBadInput(t *testing.T) {
	good, empty := digitsDir(t), t.TempDir()
	broken := func(name string, change func(b []byte) []byte) string {
		dir := digitsDir(t)
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, change([]byte(read(t, path))), 0o666))
		return dir
	}
	short := broken("train-images-idx3-ubyte", func(b []byte) []byte { return b[:len(b)-1] })
	magic := broken("train-labels-idx1-ubyte", func(b []byte) []byte { b[3] = 9; return b })
	label := broken("t10k-labels-idx1-ubyte", func(b []byte) []byte { b[8+5] = 10; return b })
	fewer := broken("t10k-labels-idx1-ubyte", func([]byte) []byte { return idx(2049, []uint32{1}, []byte{3}) })
	uci := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(uci, "optdigits.tra"), []byte(strings.Repeat("0,", 64)+"7\n"+strings.Repeat("0,", 63)+"7\n"), 0o666))

	testRefusals(t, []refusal{
		{"train digits --network rnn", []string{"--network", `"rnn"`, "mlp, cnn"}},
		{"train digits --hidden 0", []string{"--hidden is 0", "1 to 4096"}},
		{"train digits --hidden 5000", []string{"--hidden is 5000", "1 to 4096"}},
		{"train digits --network cnn --hidden 7", []string{"--hidden is 7", "nothing with --network cnn"}},
		{"train digits --batch 0", []string{"--batch is 0", "1 to 8192"}},
		{"train digits --batch 100000", []string{"--batch is 100000", "1 to 8192"}},
		{"train digits --workers 0", []string{"--workers is 0", "N ≥ 1"}},
		{"train digits --workers 10000000", []string{"--workers is 10000000", "1 to 1000000"}},
		{"train digits --sigma 0", []string{"--sigma is 0", "positive and finite"}},
		{"train digits --sigma NaN", []string{"--sigma is NaN", "positive and finite"}},
		{"train digits --sigma 1e-60", []string{"--sigma is 1e-60", "float32"}},
		{"train digits --noise uniform", []string{"--noise", `"uniform"`, "normal, signs"}},
		{"train digits --shaping best", []string{"--shaping", `"best"`, "raw, std, sign, rank"}},
		{"train digits --bucket -1", []string{"--bucket is -1", "at least 1, or 0"}},
		{"train digits --rank -1", []string{"--rank is -1", "≥ 1, or 0"}},
		{"train digits --rank 1 --bucket 5", []string{"--bucket is 5", "0 with --rank"}},
		{"train digits --optimizer lbfgs", []string{"--optimizer", `"lbfgs"`, "adam, sgd, clipup"}},
		{"train digits --lr 0", []string{"--lr is 0", "positive and finite"}},
		{"train digits --lr inf", []string{"--lr is +Inf", "positive and finite"}},
		{"train digits --lr quick", []string{"--lr", `"quick"`, "a number"}},
		{"train digits --halve -1", []string{"--halve is -1", "at least 1, or 0"}},
		{"train digits --momentum 1", []string{"--momentum is 1", "0 ≤ momentum < 1"}},
		{"train digits --momentum 0.5", []string{"--momentum is 0.5", "nothing with --optimizer adam"}},
		{"train digits --optimizer clipup --momentum 0.5", []string{"--momentum is 0.5", "nothing with --optimizer clipup"}},
		{"train digits --momentum NaN", []string{"--momentum is NaN", "0 ≤ momentum < 1"}},
		{"train digits --l2 -1", []string{"--l2 is -1", "0 to 1e6"}},
		{"train digits --l2 NaN", []string{"--l2 is NaN", "0 to 1e6"}},
		{"train digits --iterations 0", []string{"--iterations is 0", "at least 1"}},
		{"train digits --every 0 --checkpoint a", []string{"--every is 0", "at least 1"}},
		{"train digits --every 3", []string{"--checkpoint", "the name of a file"}},
		{"train digits --resume", []string{"--checkpoint", "the name of a file"}},
		{"train digits --seed -1", []string{"--seed", `"-1"`, "whole number from 0"}},
		{"train digits --parallelism -1", []string{"--parallelism is -1", "0 for GOMAXPROCS"}},
		{"train digits --plot a.pdf", []string{"--plot", `"a.pdf"`, "*.png, *.svg"}},
		{"train digits --plot none/a.png", []string{"--plot", "none/a.png", "directory"}},
		{"train digits --frobnicate", []string{"--frobnicate", "--workers"}},
		{"train digits twice", []string{"twice"}},
		{"train digits --data=", []string{"--data", "a directory"}},
		{"train digits --data none", []string{"--data: ", "train-images-idx3-ubyte", "optdigits.tra"}},
		{"train digits --data " + empty, []string{"--data: no images", "train-images-idx3-ubyte"}},
		{"train digits --data " + filepath.Join(good, "train-images-idx3-ubyte"), []string{"is a file", "a directory"}},
		{"train digits --data " + short, []string{"--data: ", "train-images-idx3-ubyte", "25600"}},
		{"train digits --data " + magic, []string{"--data: ", "train-labels-idx1-ubyte", "0x00000809, not with 0x00000801"}},
		{"train digits --data " + label, []string{"--data: ", "t10k-labels-idx1-ubyte", "10"}},
		{"train digits --data " + fewer, []string{"--data: ", "t10k", "100"}},
		{"train digits --data " + uci, []string{"--data: ", "optdigits.tra", "line 2", "64"}},
	})
}
