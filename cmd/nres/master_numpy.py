"""The master's update of evolution strategies with a shared table of noise, as numpy
does it best: for each job read, a line of JSON, the seconds it took."""

import json
import sys
import threading
import time

import numpy as np

BLOCK = 1 << 16  # parameters whose sum stays in the cache while the pairs go by

d, size = int(sys.argv[1]), int(sys.argv[2])
rng = np.random.default_rng(1)
table = np.empty(size, dtype=np.float32)
table[:] = np.resize(rng.standard_normal(1 << 20, dtype=np.float32), size)
g = np.zeros(d, dtype=np.float32)


def rows(first, last, starts, weights):
    """One pair after the other."""
    tmp = np.empty(last - first, dtype=np.float32)
    out = g[first:last]
    for i, w in zip(starts, weights):
        np.multiply(table[i + first:i + last], w, out=tmp)
        np.add(out, tmp, out=out)


def blocks(first, last, starts, weights):
    """One block of parameters after the other."""
    for a in range(first, last, BLOCK):
        rows(a, min(a + BLOCK, last), starts, weights)


def shared(threads, total, work):
    """work(first, last) of total on so many threads."""
    cuts = [total * k // threads for k in range(threads + 1)]
    crew = [threading.Thread(target=work, args=cut) for cut in zip(cuts[1:], cuts[2:])]
    for t in crew:
        t.start()
    work(cuts[0], cuts[1])
    for t in crew:
        t.join()


print(json.dumps({"numpy": np.__version__}), flush=True)
for line in sys.stdin:
    job = json.loads(line)
    pairs, bucket = job["Pairs"], job["Bucket"]
    starts = rng.integers(0, size - d, size=pairs)
    weights = rng.standard_normal(pairs).astype(np.float32)
    began = time.perf_counter()
    g[:] = 0
    if bucket:
        each = -(-d // bucket)
        # A thread has whole buckets, and the pairs that perturb them.
        shared(job["Threads"], each, lambda first, last: [
            rows(k * bucket, min((k + 1) * bucket, d), starts[k::each], weights[k::each])
            for k in range(first, last)])
    else:
        form = {"rows": rows, "blocks": blocks}[job["Form"]]
        shared(job["Threads"], d, lambda first, last: form(first, last, starts, weights))
    print(json.dumps({"seconds": time.perf_counter() - began}), flush=True)
