package main

import (
	"bufio"
	"bytes"
	"context"
	"image/png"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestMain lets tests run the program in a process of its own, to kill it.
func TestMain(m *testing.M) {
	if os.Getenv("TUNER_TEST_AS_PROGRAM") != "" {
		main()
		os.Exit(0)
	}
	slog.SetLogLoggerLevel(slog.LevelError)
	os.Exit(m.Run())
}

func TestFlags(t *testing.T) {
	for args, want := range map[string]string{
		"":                              "usage: tuner COMMAND",
		"tune":                          "usage: tuner COMMAND",
		"serve -limit 1":                "-limit is 1; allowed: 2 to 500",
		"serve -limit x":                `invalid value "x" for flag -limit`,
		"serve -timeout 2s":             "-timeout is 2s; allowed: 5ms to 1.5s",
		"serve 8080":                    `"8080" is not a flag`,
		"serve -addr nowhere":           "-addr is nowhere; allowed: host:port",
		"serve -addr 127.0.0.1:65536":   "-addr is 127.0.0.1:65536; allowed: host:port",
		"serve -addr ::1:8080":          "-addr is ::1:8080; allowed: host:port",
		"load -rate 0":                  "-rate is 0; allowed: above 0",
		"load -rate +Inf":               "-rate is +Inf; allowed: above 0",
		"load -url localhost":           "-url is localhost; allowed: an address that begins with http://",
		"load -duration -1s":            "-duration is -1s; allowed: 0 or more",
		"demo -hold 0s":                 "-hold is 0s; allowed: at least 1s",
		"demo -tune 0s -plot x/y/z.png": "-tune is 0s; allowed: more than 0",
		"demo -plot x/y/z.png":          "-plot is x/y/z.png; allowed: a file named *.png in a directory that can be written",
		"demo -plot x.svg":              "-plot is x.svg; allowed: a file named *.png",
		"demo -plot .":                  "-plot is .; allowed: a file named *.png",
		"tun":                           `"tun" is not a command`,
	} {
		var stderr bytes.Buffer
		err := run(context.Background(), strings.Fields(args), io.Discard, &stderr)
		assert.ErrorIs(t, err, errUsage, args)
		assert.Contains(t, stderr.String(), want, args)
	}
	assert.NoError(t, run(context.Background(), []string{"serve", "-h"}, io.Discard, io.Discard))
	var help bytes.Buffer
	assert.NoError(t, run(context.Background(), []string{"-h"}, &help, io.Discard))
	assert.Equal(t, usage, help.String())
	serve := []string{"serve", "-addr", "127.0.0.1:0", "-checkpoint", filepath.Join(t.TempDir(), "no", "file")}
	assert.ErrorContains(t, run(context.Background(), serve, io.Discard, io.Discard), "no checkpoint")
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	serve[2] = taken.Addr().String()
	assert.ErrorContains(t, run(context.Background(), serve, io.Discard, io.Discard), "listen tcp")
	serve[2] = "256.0.0.1:0" // written as it should be, but no host has that name
	assert.ErrorContains(t, run(context.Background(), serve, io.Discard, io.Discard), "listen tcp")
}

func TestDemo(t *testing.T) {
	picture := filepath.Join(t.TempDir(), "demo.png")
	var out bytes.Buffer
	args := []string{"demo", "-hold", "1s", "-tune", "1s", "-rate", "300", "-plot", picture}
	require.NoError(t, run(context.Background(), args, &out, io.Discard))
	assert.Regexp(t, `mean cost of a request: \d+\.\d ms before, \d+\.\d ms after \d+ updates`, out.String())
	f, err := os.Open(picture)
	require.NoError(t, err)
	defer f.Close()
	_, err = png.Decode(f)
	assert.NoError(t, err)
}

// TestDemoInterrupted: it says no more of what it hasn't done.
func TestDemoInterrupted(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
	defer cancel()
	t.Chdir(t.TempDir())
	var out bytes.Buffer
	assert.ErrorIs(t, run(ctx, []string{"demo"}, &out, io.Discard), context.DeadlineExceeded)
	assert.Equal(t, "before  limit 64, timeout 500ms, 5s\n", out.String())
	assert.NoFileExists(t, "demo.png")
}

// TestTally: what is no answer of the service is told apart.
func TestTally(t *testing.T) {
	seen := new(tally)
	for _, status := range []int{200, 404, 503, 200, 404, 301, 0} {
		seen.add(status, 2*time.Millisecond)
	}
	var out bytes.Buffer
	seen.report(&out)
	assert.Equal(t, "     2 served,      1 rejected,      0 timed out,      1 without an answer; served in 2ms (median), 2ms (99 %); 1 with status 301; 2 with status 404\n", out.String())
	out.Reset()
	seen.report(&out)
	assert.NotContains(t, out.String(), "status")
}

// A process is the service in a process of its own.
type process struct {
	*exec.Cmd
	url     string
	resumed string // what it said about that
}

func startProcess(t *testing.T, file string) *process {
	t.Helper()
	p := &process{Cmd: exec.Command(os.Args[0], "serve", "-addr", "127.0.0.1:0", "-checkpoint", file)}
	p.Env = append(os.Environ(), "TUNER_TEST_AS_PROGRAM=1")
	stderr, err := p.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, p.Start())
	t.Cleanup(func() {
		_ = p.Process.Kill() // if it isn't dead yet
		_ = p.Wait()
	})
	lines := bufio.NewScanner(stderr)
	for lines.Scan() {
		line := lines.Text()
		if strings.Contains(line, "resumed") {
			p.resumed = line
		}
		if m := regexp.MustCompile(`work=(http://\S+)/work`).FindStringSubmatch(line); m != nil {
			p.url = m[1]
			go func() { _, _ = io.Copy(io.Discard, stderr) }()
			return p
		}
	}
	t.Fatal("it did not start")
	return nil
}

// until waits for an iteration and returns the one that it sees.
func (p *process) until(t *testing.T, iteration int) (seen int) {
	t.Helper()
	line := regexp.MustCompile(`(?m)^tuner_iteration (\d+)$`)
	require.Eventually(t, func() bool {
		resp, err := http.Get(p.url + "/metrics")
		if err != nil {
			return false
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		m := line.FindSubmatch(body)
		if err != nil || m == nil {
			return false
		}
		seen, err = strconv.Atoi(string(m[1]))
		return err == nil && seen >= iteration
	}, 2*time.Minute, 50*time.Millisecond)
	return seen
}

// TestKill: the program under load survives kill -9, and stops when it is asked to.
func TestKill(t *testing.T) {
	file := filepath.Join(t.TempDir(), "checkpoint")
	under := func(p *process) (stop func()) {
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan struct{})
		go func() {
			defer close(done)
			load{url: p.url + "/work", rate: 400}.run(ctx, new(tally))
		}()
		return func() { cancel(); <-done }
	}
	p := startProcess(t, file)
	assert.Empty(t, p.resumed)
	stop := under(p)
	before := p.until(t, 1)
	require.NoError(t, p.Process.Kill())
	assert.Error(t, p.Wait())
	stop()

	p = startProcess(t, file)
	assert.Contains(t, p.resumed, "iteration=")
	stop = under(p)
	defer stop()
	p.until(t, before+1)
	if runtime.GOOS == "windows" {
		return // has no SIGTERM
	}
	require.NoError(t, p.Process.Signal(syscall.SIGTERM))
	assert.NoError(t, p.Wait())
}
