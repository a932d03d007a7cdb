package vec

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"testing"

	"github.com/noise-reuse/nres/internal/tiers"
	"github.com/noise-reuse/nres/vec/scalar"
)

// If a digest changes, the change is wrong, not the digest.
var golden = map[string]string{
	"Add float32":      "cb032714f2a0c04dbfdc1025750db679151e2a193f7855e3f8c29bb0fa672e81",
	"Add float64":      "1058b92431d34b03f1ee3a72c3d42fba37f36c777d7eee953f9ef0101d5562c9",
	"Axpy float32":     "35511f0be67598edb8d1fcb4dea98cd74c1ec4da0146af70aaf9e7d758a70961",
	"Axpy float64":     "7775f5d66388344053fe8744538b17fed265561bf18376f9a1f3eef7c9d89a75",
	"AxpyRows float32": "91f93b6d686fc916ef261fd40e518845e6d7febe3ad5c494d78ec279e44d4ba0",
	"AxpyRows float64": "af6ed824c173aa5c834b0751287d49bc943aae492a4033556d35a20b74622cc9",
	"Cos float32":      "ebae18966baeb18e6da8911436a40757f688b5ac03ab5e7adccf912136590d99",
	"Cos float64":      "fba15d00ae4ee269ba15808a1e5bd311f14b4e9a6cb9cb5878b4c8e888022582",
	"Dot float32":      "391bca49b86cd0c4fd6fd27cc9a3f3e3f0107ff67bc4cb32fa7caef60775282d",
	"Dot float64":      "bc76d6b7ecd08b1080ba3feecef0749e8386c2021a44dee9f5c901b33271d5d7",
	"Exp float32":      "eef8cdf8fbe9318435d64a397c9a2655bdeb312e86a7298a6d8cbd8500bea612",
	"Exp float64":      "a0bbb30f7385943ad1e6be1049622a72d9dc106efd6c73ef92833f229087a802",
	"Log float32":      "12cecb4da9d4ec2810b77675e46a3603b97ec685aeabde06472489f24ea536fa",
	"Log float64":      "f094d45eea1f8e826253de3f8b6cab41d6f011fc7c9052b030739e15ae205c14",
	"Mul float32":      "36fdea0f702148175bf8d38eca7be18271a69f306b405c31072c3fcd0b5fa174",
	"Mul float64":      "893347612ab47fdece10ffd65999c3f23593706a5751a1c171d21fd7d0a6e1ae",
	"MulAdd float32":   "ffc602e410e6caf2d43eebf82b6d1f604a350fc5749f1a50550073bd0c006bfe",
	"MulAdd float64":   "63ef1f29b77a908d93c4b730f995d21746acf777876506865d6fc119074514f7",
	"Scale float32":    "3bdad3436bad7e0ae5a41e67e235d6712ea21529746828340789df24f72fd47d",
	"Scale float64":    "79f01cdc8aae41b3cdc3e3881be5ff2c855dc45e99a5a55e432751558c68cce1",
	"Sin float32":      "a69f21a6a8931224de759f98940157a714a22bd5175810c4907f0849b83070e6",
	"Sin float64":      "5b4833e4a254d1c451f9106ec3ea0129502343be98e48f02dec5c414652a353e",
	"Sqrt float32":     "aada68f81c9d7636dc2390251e9c6876ffc175db30d63b17b8d2aee79ef89f13",
	"Sqrt float64":     "872029055e95dd16a5f31daf9a8b8c3ed4268927768d4d1820d6d43d7f0b5367",
	"Sub float32":      "a03c089ba77a2fd2376837eff492b205cf81f1fe2568af6f9d22e64f752fe411",
	"Sub float64":      "13ba0fa588d754c28b3145019f4551493507fe68af88a390338cb95017c1d86d",
	"Sum float32":      "7d93e5816dcf33fd278dfb6bb0273ca85398899ca7ec9e0d9e0065dd7befa228",
	"Sum float64":      "a650a597c9cdacb6cfde9f4a98cb6e48d1131f1087116d0e03e3f463ccb368e2",
	"SumSq float32":    "b9b639ecd7393494c054a3057ac23580c7d9e7978188d6c8ed0bcb4b7d43c4b8",
	"SumSq float64":    "b826100067c43468f21c043cbfdb1e733a8cd8bcd313c4af5f31fa1feb4bb713",
	"Tanh float32":     "c5a738e16ad168f147260f16eed72bdd4be58bbc36c6d79ae705ebc31c6e4bcd",
	"Tanh float64":     "b1f5d7ceefed933efc98ae15aea439f160048b27f6dd569b16c71e64882534e5",
}

func TestGolden(t *testing.T) { tiers.Run(t, setTier, testGolden) }

func testGolden(t *testing.T) {
	got := map[string]string{}
	digests[float32](got, "float32", 110)
	digests[float64](got, "float64", 760)
	for name, sum := range got {
		if golden[name] != sum {
			t.Errorf("%q: %q,", name, sum)
		}
	}
	if len(got) != len(golden) {
		t.Errorf("%d digests, want %d", len(got), len(golden))
	}
}

func digests[F Float](out map[string]string, suffix string, expLimit float64) {
	const n = 1 << 14
	each := func(f func(F) F) func(dst, x []F) {
		return func(dst, x []F) {
			for i := range x {
				dst[i] = f(x[i])
			}
		}
	}
	for _, c := range []struct {
		name  string
		limit float64
		f     func(dst, x []F)
	}{
		{"Exp", expLimit, Exp[F]},
		{"Tanh", 12, Tanh[F]},
		{"Log", 1000, each(scalar.Log[F])},
		{"Sin", 1000, each(scalar.Sin[F])},
		{"Cos", 1000, each(scalar.Cos[F])},
		{"Sqrt", 1000, Sqrt[F]},
	} {
		var s splitmix
		x := append(uniform[F](&s, n, c.limit), uniform[F](&s, n, 1)...)
		x = append(x, pattern[F](&s, n)...)
		c.f(x, x)
		out[c.name+" "+suffix] = digest(x)
	}

	for _, c := range []struct {
		name string
		f    func(x, y, z []F)
	}{
		{"Add", func(x, y, _ []F) { Add(x, x, y) }},
		{"Sub", func(x, y, _ []F) { Sub(x, x, y) }},
		{"Mul", func(x, y, _ []F) { Mul(x, x, y) }},
		{"MulAdd", func(x, y, z []F) { MulAdd(x, x, y, z) }},
		{"Axpy", func(x, y, _ []F) { Axpy(x, 0.7, y) }},
		{"Scale", func(x, _, _ []F) { Scale(x, 0.7, x) }},
	} {
		var s splitmix
		var v [3][]F
		for i := range v {
			v[i] = append(uniform[F](&s, n, 1), pattern[F](&s, n)...)
		}
		c.f(v[0], v[1], v[2])
		out[c.name+" "+suffix] = digest(v[0])
	}

	var s splitmix
	x, a, y := uniform[F](&s, n, 1), uniform[F](&s, n, 1), uniform[F](&s, n, 1)
	for k := 0; k < 70; k++ {
		at := make([]int, 3*k)
		for i := range at {
			at[i] = i * 37 * k % (n - 5*k)
		}
		AxpyRows(y[211*k:][:5*k], a[k:4*k], x, at)
	}
	out["AxpyRows "+suffix] = digest(y)

	s = 0
	var dots, sums, squares []F
	for k := 0; k < 300; k++ {
		a, b := uniform[F](&s, 5*k, 1), uniform[F](&s, 5*k, 1)
		dots = append(dots, Dot(a, b))
		sums = append(sums, Sum(a))
		squares = append(squares, SumSq(b))
	}
	out["Dot "+suffix], out["Sum "+suffix], out["SumSq "+suffix] = digest(dots), digest(sums), digest(squares)
}

// digest is the SHA-256 of the little-endian bytes of x, with one NaN.
func digest[F Float](x []F) string {
	h := sha256.New()
	var b [8]byte
	for _, v := range x {
		binary.LittleEndian.PutUint64(b[:], toBits(v))
		if _, ok := any(v).(float32); ok {
			h.Write(b[:4])
		} else {
			h.Write(b[:])
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}
