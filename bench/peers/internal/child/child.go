// Package child runs programs that are timed beside each other, in turns: each answers
// a line of JSON for each line that it reads.
package child

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
)

// A Child is such a program, under way.
type Child struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

// Start starts cmd.
func Start(cmd *exec.Cmd) (*Child, error) {
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	return &Child{cmd, in, bufio.NewReader(out)}, cmd.Start()
}

// Ask sends a question and waits for the answer.
func (c *Child) Ask(question, answer any) error {
	line, err := json.Marshal(question)
	if err != nil {
		return err
	}
	if _, err := c.in.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("%v: %w", c.cmd.Args, err)
	}
	return c.Read(answer)
}

// Read reads a line that comes unasked.
func (c *Child) Read(answer any) error {
	line, err := c.out.ReadBytes('\n')
	if err != nil {
		return fmt.Errorf("%v: %w", c.cmd.Args, err)
	}
	return json.Unmarshal(line, answer)
}

// Stop ends the program and waits for it.
func (c *Child) Stop() {
	c.in.Close()
	_ = c.cmd.Wait()
}

// Python returns the interpreter of the virtual environment .venv, which it makes if
// there is none with what requirements.txt asks for.
func Python(ctx context.Context) (string, error) {
	bin := filepath.Join(".venv", "bin", "python")
	if runtime.GOOS == "windows" {
		bin = filepath.Join(".venv", "Scripts", "python.exe")
	}
	want, err := os.ReadFile("requirements.txt")
	if err != nil {
		return "", err
	}
	installed := filepath.Join(".venv", "requirements.txt")
	if has, err := os.ReadFile(installed); err == nil && bytes.Equal(has, want) {
		return bin, nil
	}
	if err := Loud(ctx, ".", "python3", "-m", "venv", ".venv"); err != nil {
		return "", fmt.Errorf("cannot make a virtual environment (python3, python3-venv of Debian or Ubuntu): %w", err)
	}
	if err := Loud(ctx, ".", bin, "-m", "pip", "install", "--quiet", "-r", "requirements.txt"); err != nil {
		return "", err
	}
	return bin, os.WriteFile(installed, want, 0o666)
}

// Loud runs a program whose output people should see.
func Loud(ctx context.Context, dir, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	return cmd.Run()
}
