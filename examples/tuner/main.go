// Command tuner is an HTTP service that tunes its concurrency limit and its timeout
// while it serves, a load generator for it, and a demonstration of both.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

const usage = `usage: tuner COMMAND [FLAG...]

	serve	serve and tune until interrupted
	load	send requests to a service
	demo	both, for a minute, and draw what happened

tuner COMMAND -h lists the flags.
`

// errUsage is a mistake in the command line that has been explained already.
var errUsage = errors.New("usage")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, func() {
		time.Sleep(time.Second) // timeout(1) sends its signal twice
		stop()                  // a later one ends the process at once
	})
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	switch {
	case errors.Is(err, errUsage):
		os.Exit(2)
	case err != nil:
		fmt.Fprintln(os.Stderr, "tuner:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	commands := map[string]func(context.Context, *flag.FlagSet, []string, io.Writer) error{
		"serve": serve, "load": sendLoad, "demo": demo,
	}
	switch {
	case len(args) > 0 && slices.Contains([]string{"-h", "-help", "--help", "help"}, args[0]):
		fmt.Fprint(stdout, usage)
		return nil
	case len(args) > 0 && commands[args[0]] == nil:
		fmt.Fprintf(stderr, "%q is not a command\n", args[0])
		fallthrough
	case len(args) == 0:
		fmt.Fprint(stderr, usage)
		return errUsage
	}
	flags := flag.NewFlagSet("tuner "+args[0], flag.ContinueOnError)
	flags.SetOutput(stderr)
	err := commands[args[0]](ctx, flags, args[1:], stdout)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	return err
}

// A rule says what the flag of a name may be.
type rule struct {
	name    string
	holds   bool
	allowed string
}

// parse parses flags and complains of the first rule that doesn't hold.
func parse(flags *flag.FlagSet, args []string, rules func() []rule) error {
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return err
	} else if err != nil {
		return errUsage
	}
	if flags.NArg() > 0 {
		fmt.Fprintf(flags.Output(), "%q is not a flag\n", flags.Arg(0))
		return errUsage
	}
	for _, r := range rules() {
		if !r.holds {
			fmt.Fprintf(flags.Output(), "-%s is %v; allowed: %s\n", r.name, flags.Lookup(r.name).Value, r.allowed)
			return errUsage
		}
	}
	return nil
}

// tunerFlags are those of serve and demo.
func tunerFlags(flags *flag.FlagSet, s *settings) func() []rule {
	flags.IntVar(&s.start.limit, "limit", s.start.limit, "requests in flight to start with")
	flags.DurationVar(&s.start.timeout, "timeout", s.start.timeout, "timeout to start with")
	flags.Uint64Var(&s.seed, "seed", s.seed, "of the perturbations and of the backend's work")
	flags.StringVar(&s.file, "checkpoint", s.file, "`file` to resume from and to save to after each update")
	return func() []rule {
		return []rule{
			{"limit", s.least.limit <= s.start.limit && s.start.limit <= s.most.limit, fmt.Sprintf("%d to %d", s.least.limit, s.most.limit)},
			{"timeout", s.least.timeout <= s.start.timeout && s.start.timeout <= s.most.timeout, fmt.Sprintf("%v to %v", s.least.timeout, s.most.timeout)},
		}
	}
}

// A server is a service, its tuner, and where they are to be reached.
type server struct {
	*tuner
	url  string
	http *http.Server
	done chan error // why http ended
}

func newServer(addr string, s settings) (*server, error) {
	reg := prometheus.NewRegistry()
	reg.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	svc := newService(s.seed, s.start, reg)
	t, err := newTuner(svc, s, reg)
	if err != nil {
		return nil, err
	}
	if err := t.resume(); err != nil {
		return nil, err
	}
	svc.live.Store(&window{knobs: knobsAt(t.theta)})
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, err
	}
	if err := t.save(); err != nil { // better now than after the first update
		listener.Close()
		return nil, fmt.Errorf("no checkpoint: %w", err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /work", svc)
	mux.Handle("GET /metrics", promhttp.HandlerFor(reg, promhttp.HandlerOpts{}))
	srv := &server{
		tuner: t, url: "http://" + listener.Addr().String(),
		http: &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}, done: make(chan error, 1),
	}
	go func() { srv.done <- srv.http.Serve(listener) }()
	return srv, nil
}

// close answers the requests in flight and saves the tuner, which must not run any more.
func (s *server) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), s.most.timeout+time.Second)
	defer cancel()
	err := s.http.Shutdown(ctx)
	s.tell()
	if saving := s.save(); saving != nil {
		err = errors.Join(err, fmt.Errorf("no checkpoint: %w", saving))
	}
	return err
}

func serve(ctx context.Context, flags *flag.FlagSet, args []string, _ io.Writer) error {
	s := defaults
	addr := flags.String("addr", "127.0.0.1:8080", "`address` to listen on")
	rules := tunerFlags(flags, &s)
	err := parse(flags, args, func() []rule {
		_, port, err := net.SplitHostPort(*addr)
		if err == nil {
			_, err = net.LookupPort("tcp", port) // whether there is such a host, listening says
		}
		return append(rules(), rule{"addr", err == nil, "host:port, as 127.0.0.1:8080, or :port for all of the machine's addresses"})
	})
	if err != nil {
		return err
	}
	srv, err := newServer(*addr, s)
	if err != nil {
		return err
	}
	slog.Info("serving", "work", srv.url+"/work", "metrics", srv.url+"/metrics")
	tuning, cancel := context.WithCancelCause(ctx)
	go func() { cancel(<-srv.done) }()
	srv.run(tuning)
	slog.Info("shutting down")
	err = srv.close()
	if ctx.Err() == nil { // nobody asked for it
		err = errors.Join(context.Cause(tuning), err)
	}
	return err
}

func sendLoad(ctx context.Context, flags *flag.FlagSet, args []string, stdout io.Writer) error {
	const every = 5 * time.Second
	var l load
	flags.StringVar(&l.url, "url", "http://127.0.0.1:8080/work", "where to send requests")
	flags.Float64Var(&l.rate, "rate", 1000, "requests a second, on average")
	flags.DurationVar(&l.duration, "duration", 0, "how long; 0 for until interrupted")
	err := parse(flags, args, func() []rule {
		u, err := url.Parse(l.url)
		return []rule{
			{"url", err == nil && u.Scheme == "http" && u.Host != "", "an address that begins with http://"},
			{"rate", l.valid(), "above 0"},
			{"duration", l.duration >= 0, "0 or more"},
		}
	})
	if err != nil {
		return err
	}
	var seen tally
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		defer cancel()
		l.run(ctx, &seen)
	}()
	for sleep(ctx, every) == nil {
		seen.report(stdout)
	}
	seen.report(stdout)
	return nil
}

// demo serves with the knobs as they are, tunes, and serves with what was found.
func demo(ctx context.Context, flags *flag.FlagSet, args []string, stdout io.Writer) error {
	s, l := defaults, load{}
	flags.Float64Var(&l.rate, "rate", 1000, "requests a second, on average")
	hold := flags.Duration("hold", 5*time.Second, "time before and after tuning")
	tune := flags.Duration("tune", 50*time.Second, "time of tuning")
	picture := flags.String("plot", "demo.png", "PNG `file` to draw; none if empty")
	rules := tunerFlags(flags, &s)
	err := parse(flags, args, func() []rule {
		return append(rules(), rule{"rate", l.valid(), "above 0"}, rule{"hold", *hold >= time.Second, "at least 1s"}, rule{"tune", *tune > 0, "more than 0"},
			rule{"plot", *picture == "" || writable(*picture), "a file named *.png in a directory that can be written"})
	})
	if err != nil {
		return err
	}
	srv, err := newServer("127.0.0.1:0", s)
	if err != nil {
		return err
	}
	l.url = srv.url + "/work"
	loading, stop := context.WithCancel(ctx)
	loaded := make(chan struct{})
	go func() {
		defer close(loaded)
		l.run(loading, new(tally))
	}()

	h := &history{began: time.Now()}
	srv.seen = func(w *window) { h.add(w, knobsAt(srv.theta)) }
	for _, phase := range []struct {
		name string
		run  func(context.Context)
		time time.Duration
	}{{"before", srv.hold, *hold}, {"tuning", srv.run, *tune}, {"after", srv.hold, *hold}} {
		fmt.Fprintf(stdout, "%-7s %v, %v\n", phase.name, knobsAt(srv.theta), phase.time)
		h.begin()
		during, cancel := context.WithTimeout(ctx, phase.time)
		phase.run(during)
		cancel()
		if ctx.Err() != nil {
			break
		}
	}
	stop()
	<-loaded
	if err := errors.Join(srv.close(), context.Cause(ctx)); err != nil {
		return err
	}
	fmt.Fprintf(stdout, "mean cost of a request: %.1f ms before, %.1f ms after %d updates\n", 1000*h.loss(0), 1000*h.loss(2), srv.iteration)
	if *picture == "" {
		return nil
	}
	if err := h.draw(*picture); err != nil {
		return err
	}
	fmt.Fprintln(stdout, *picture)
	return nil
}

// writable says whether a PNG file can be made there, which is better known before a minute
// than after it.
func writable(path string) bool {
	if info, err := os.Stat(path); filepath.Ext(path) != ".png" || err == nil && !info.Mode().IsRegular() {
		return false
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".tuner-")
	if err != nil {
		return false
	}
	f.Close()
	return os.Remove(f.Name()) == nil
}
