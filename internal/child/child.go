// Package child runs programs that answer questions, both in JSON.
package child

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"strings"
)

// A Child is such a program, under way.
type Child struct {
	cmd    *exec.Cmd
	in     io.WriteCloser
	to     *json.Encoder
	from   *json.Decoder
	stderr bytes.Buffer
}

// Start starts cmd. Unless cmd says where its standard error goes, the last line of that is
// the error of a program that ends.
func Start(cmd *exec.Cmd) (*Child, error) {
	c := &Child{cmd: cmd}
	if cmd.Stderr == nil {
		cmd.Stderr = &c.stderr
	}
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	c.in, c.to, c.from = in, json.NewEncoder(in), json.NewDecoder(out)
	return c, cmd.Start()
}

// Ask sends a question, a line, and waits for the answer.
func (c *Child) Ask(question, answer any) error {
	if err := c.to.Encode(question); err != nil {
		return c.ended(err)
	}
	return c.Read(answer)
}

// Read reads an answer, or what comes unasked.
func (c *Child) Read(answer any) error {
	if err := c.from.Decode(answer); err != nil {
		return c.ended(err)
	}
	return nil
}

// ended returns why there is no answer: the last that the program said, or how it ended.
func (c *Child) ended(err error) error {
	c.in.Close()
	exit := c.cmd.Wait()
	if lines := strings.Split(strings.TrimSpace(c.stderr.String()), "\n"); lines[0] != "" {
		return errors.New(lines[len(lines)-1])
	}
	if exit != nil {
		return exit
	}
	return err
}

// Stop ends the program, which ends with its input, and waits for it.
func (c *Child) Stop() {
	c.in.Close()
	_ = c.cmd.Wait() // how it ends doesn't matter any more
}
