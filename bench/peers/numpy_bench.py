#!/usr/bin/env python3
"""Times numpy at what nres does: normals, and the update of evolution strategies
that take their noise from a table, g += w * table[i:i+d].

    numpy_bench.py [--rounds N]    N rounds, medians, one JSON object
    numpy_bench.py --serve         a round, and a JSON object, for each line read
"""

import argparse
import json
import os
import platform
import statistics
import sys
import time

for threads in "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS":
    os.environ[threads] = "1"
try:
    import numpy as np
except ImportError as e:
    sys.exit(f"{sys.argv[0]}: {e}; python3 -m pip install -r requirements.txt, or go run ./run, which does so in .venv")

NORMALS = 16 * 1024
D = 3_274_634  # parameters of the policy in the papers that use the table
TABLE = 250_000_000  # theirs: 1 GB
BLOCK = 16 * 1024


def updates(table_size):
    """The update in two forms, without allocation: over the whole vector, and in
    blocks that stay in the cache between the product and the sum."""
    rng = np.random.Generator(np.random.PCG64(1))
    table = np.empty(table_size, dtype=np.float32)
    table[:] = np.resize(rng.standard_normal(1 << 20, dtype=np.float32), table_size)
    g = np.zeros(D, dtype=np.float32)
    tmp = np.empty(D, dtype=np.float32)
    starts = rng.integers(0, table_size - D, size=1024)
    w = np.float32(0.01)
    calls = iter(range(sys.maxsize))

    def whole():
        i = starts[next(calls) % len(starts)]
        np.multiply(table[i:i + D], w, out=tmp)
        np.add(g, tmp, out=g)

    def blocks():
        i = starts[next(calls) % len(starts)]
        row = table[i:i + D]
        for a in range(0, D, BLOCK):
            b = min(a + BLOCK, D)
            t = tmp[:b - a]
            np.multiply(row[a:b], w, out=t)
            np.add(g[a:b], t, out=g[a:b])

    return {"table/whole": (whole, D), "table/blocks": (blocks, D)}


def normals():
    benchmarks = {}
    for name, bits in ("philox", np.random.Philox(1)), ("pcg64", np.random.PCG64(1)):
        rng = np.random.Generator(bits)
        out = np.empty(NORMALS, dtype=np.float32)
        benchmarks["normals/" + name] = (
            lambda rng=rng, out=out: rng.standard_normal(dtype=np.float32, out=out), NORMALS)
    return benchmarks


def measure(call, elements, seconds):
    """Nanoseconds an element, over about so many seconds, at least one call."""
    call()
    calls, took = 0, 0
    began = time.perf_counter_ns()
    while took < seconds * 1e9:
        call()
        calls += 1
        took = time.perf_counter_ns() - began
    return took / calls / elements


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--serve", action="store_true")
    parser.add_argument("--seconds", type=float, default=0.1, help="for one figure")
    parser.add_argument("--table", type=int, default=TABLE, help="elements of the noise table")
    args = parser.parse_args()
    if args.table <= D or args.rounds < 1:
        parser.error(f"the table must have more than {D} elements, and there must be a round")

    benchmarks = normals() | updates(args.table)

    def report(rounds):
        all_ns = {name: [] for name in benchmarks}
        for _ in range(rounds):
            for name, (call, elements) in benchmarks.items():
                all_ns[name].append(measure(call, elements, args.seconds))
        print(json.dumps({
            "numpy": np.__version__, "python": platform.python_version(), "d": D, "table": args.table,
            "ns_per_element": {name: statistics.median(ns) for name, ns in all_ns.items()},
            "rounds": rounds,
        }), flush=True)

    if args.serve:
        for _ in sys.stdin:
            report(1)
    else:
        report(args.rounds)


if __name__ == "__main__":
    main()
