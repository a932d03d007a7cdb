package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"strings"
)

// A peer is a process of its own that answers questions, both in JSON.
type peer struct {
	cmd    *exec.Cmd
	in     io.WriteCloser
	to     *json.Encoder
	from   *json.Decoder
	stderr bytes.Buffer
}

func startPeer(cmd *exec.Cmd) (*peer, error) {
	p := &peer{cmd: cmd}
	cmd.Stderr = &p.stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.in, p.to, p.from = in, json.NewEncoder(in), json.NewDecoder(out)
	return p, cmd.Start()
}

func (p *peer) ask(question, answer any) error {
	if err := p.to.Encode(question); err != nil {
		return p.ended(err)
	}
	return p.read(answer)
}

// read reads an answer, or what comes unasked.
func (p *peer) read(answer any) error {
	if err := p.from.Decode(answer); err != nil {
		return p.ended(err)
	}
	return nil
}

// ended returns why there is no answer: the last that the process said, or how it ended.
func (p *peer) ended(err error) error {
	p.in.Close()
	exit := p.cmd.Wait()
	if lines := strings.Split(strings.TrimSpace(p.stderr.String()), "\n"); lines[0] != "" {
		return errors.New(lines[len(lines)-1])
	}
	return cmp.Or(exit, err)
}

func (p *peer) close() {
	p.in.Close()
	_ = p.cmd.Wait() // how it ends doesn't matter any more
}
