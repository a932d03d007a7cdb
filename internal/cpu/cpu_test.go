package cpu

import (
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestLimit(t *testing.T) {
	all := []Tier{Generic, AVX2, AVX512}
	for name, want := range map[string]Tier{
		"": AVX512, "generic": Generic, "avx2": AVX2, "avx512": AVX512,
		"neon": AVX512, "AVX2": AVX512, "sse": AVX512, "avx2 ": AVX512,
	} {
		assert.Equal(t, want, limit(all, name), name)
	}
	assert.Equal(t, AVX2, limit(all[:2], "avx512"), "what the machine has not is ignored, too")
}

// TestRequired fails if a test run that is named for a tier doesn't run it. The
// variable isn't in the key of the test cache: such runs need -count=1.
func TestRequired(t *testing.T) {
	if want := os.Getenv("NRES_TEST_REQUIRE"); want != "" {
		assert.Equal(t, want, Active().String(), "the tier that NRES_TEST_REQUIRE names did not run")
	}
}

func TestAvailable(t *testing.T) {
	ts := Available()
	assert.Equal(t, Generic, ts[0])
	assert.Equal(t, Active(), ts[len(ts)-1])
}
