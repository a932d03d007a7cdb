package nres_test

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// outside skips a test that needs the whole repository, of which a module has a part.
func outside(t *testing.T) {
	if _, err := os.Stat("go.work"); err != nil {
		t.Skip("this is not the repository")
	}
}

// TestREADME: its Go is that of examples, line by line, which are compiled and run.
func TestREADME(t *testing.T) {
	outside(t)
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	var examples []byte
	for _, dir := range []string{".", "estimator", "tasks"} {
		file, err := os.ReadFile(filepath.Join(dir, "example_test.go"))
		require.NoError(t, err)
		examples = append(examples, file...)
	}
	blocks := regexp.MustCompile("(?s)```go\n(.*?)```").FindAllSubmatch(readme, -1)
	require.NotEmpty(t, blocks)
	for _, block := range blocks {
		indented := "\t" + strings.ReplaceAll(strings.TrimRight(string(block[1]), "\n"), "\n", "\n\t") + "\n"
		assert.True(t, bytes.Contains(examples, []byte(indented)), "in no example:\n%s", indented)
	}
}

// TestLinks: what the pages link to in the repository is there, files and headings.
func TestLinks(t *testing.T) {
	outside(t)
	pages, err := filepath.Glob("docs/*.md")
	require.NoError(t, err)
	code := regexp.MustCompile("(?s)```.*?```")
	link := regexp.MustCompile(`\]\(([^)#:]*)(#[^)]*)?\)`)
	for _, page := range append(pages, "README.md", "CONTRIBUTING.md", "CHANGELOG.md", "examples/tuner/README.md") {
		text, err := os.ReadFile(page)
		require.NoError(t, err)
		for _, m := range link.FindAllStringSubmatch(code.ReplaceAllString(string(text), ""), -1) {
			target := page
			if m[1] != "" {
				target = filepath.Join(filepath.Dir(page), m[1])
			}
			if !assert.FileExists(t, target, "%s: %s", page, m[0]) || m[2] == "" {
				continue
			}
			text, err := os.ReadFile(target)
			require.NoError(t, err)
			assert.Contains(t, anchors(string(text)), m[2], "%s: %s", page, m[0])
		}
	}
}

// anchors returns those that GitHub gives to the headings of a page.
func anchors(page string) (all []string) {
	drop := regexp.MustCompile(`[^\pL\pN _-]`)
	for _, heading := range regexp.MustCompile(`(?m)^#+ (.*)$`).FindAllStringSubmatch(page, -1) {
		name := drop.ReplaceAllString(strings.ToLower(heading[1]), "")
		all = append(all, "#"+strings.ReplaceAll(name, " ", "-"))
	}
	return all
}
