#!/usr/bin/env python3
"""One NRES gradient of the Lorenz system (Li et al., NeurIPS 2023, algorithm 2 and
section 5.1), float32, in numpy or JAX, the 2N particles side by side. ./lorenz runs it.

    lorenz_bench.py numpy|jax|jax-loop    answers a JSON object for each line read

numpy and jax are called once a gradient; jax-loop makes LOOP of them in one call of a
jitted function. The first line has the observed series, T numbers, and is answered with
versions; one after it asks for one of

    {"time": seconds}              ns a gradient
    {"window": {s, theta, t0}}     losses and states after a window, and its gradient
    {"mean": [batches, size]}      means of batches of gradients from the peer's own noise
"""

import json
import os
import platform
import sys
import time

for threads in "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS":
    os.environ.setdefault(threads, "1")  # of numpy; JAX has its own
try:
    import numpy as np
except ImportError as e:
    sys.exit(f"{sys.argv[0]}: {e}; go run ./lorenz installs what it needs in .venv")

N, W, T = 200, 100, 2000  # antithetic pairs, window, horizon; W divides T
D, SIGMA, DT = 2, np.float32(0.04), np.float32(0.005)
START = np.array([1.2, 1.3, 1.6], np.float32)
THETA = np.array([3.7, 3.116], np.float32)  # (ln r, ln a) that the paper's runs start from
B = np.float32(8 / 3)
LOOP = 100

# Where workers begin. They do so from the state of step 0, which isn't that of their
# phase, and are right from their first reset on, after at most T/W windows.
PHASES = np.arange(N) * W % T


class Numpy:
    """Arrays are (2, N), plus and minus; every step writes to arrays made before."""

    def __init__(self, seed, observed):
        self.rng = np.random.Generator(np.random.PCG64(seed))
        self.state = np.empty((3, 2, N), np.float32)
        self.state[:] = START[:, None, None]
        self.eps = self.rng.standard_normal((D, N), np.float32)
        self.t0 = PHASES.copy()
        self.theta = np.empty((D, 2, N), np.float32)
        self.z = np.empty((W, 2, N), np.float32)
        self.tmp = np.empty((3, 2, N), np.float32)
        self.windows = observed.reshape(T // W, W)
        self.run(T // W)

    def perturb(self):
        off = SIGMA * self.eps
        np.add(THETA[:, None], off, out=self.theta[:, 0])
        np.subtract(THETA[:, None], off, out=self.theta[:, 1])

    def window(self):
        """Unrolls W steps under self.theta, and returns the sums of squared errors."""
        r, adt = np.exp(self.theta)
        adt *= DT
        x, y, z = self.state
        xdt, dx, dz = self.tmp
        decay_y, decay_z = np.float32(1) - DT, np.float32(1) - B * DT
        multiply, add, subtract = np.multiply, np.add, np.subtract
        for after in self.z:
            multiply(x, DT, out=xdt)
            subtract(y, x, out=dx)
            multiply(dx, adt, out=dx)
            add(x, dx, out=x)
            multiply(xdt, y, out=dz)
            multiply(y, decay_y, out=y)
            subtract(r, z, out=dx)
            multiply(dx, xdt, out=dx)
            add(y, dx, out=y)
            multiply(z, decay_z, out=after)
            add(after, dz, out=after)
            z = after
        self.state[2] = z
        error = self.z  # z of all steps, which turns into their errors
        error -= self.windows[self.t0 // W].T[:, None, :]
        return np.einsum("wsn,wsn->sn", error, error)

    def combine(self, loss):
        return self.eps @ (loss[0] - loss[1]) / (2 * SIGMA * W * N)

    def gradient(self):
        self.perturb()
        grad = self.combine(self.window())
        self.t0 += W
        ended = np.flatnonzero(self.t0 == T)
        self.t0[ended] = 0
        self.state[:, :, ended] = START[:, None, None]
        self.eps[:, ended] = self.rng.standard_normal((D, len(ended)), np.float32)
        return grad

    def run(self, n):
        """n gradients, (n, D)."""
        return [self.gradient() for _ in range(n)]

    def given(self, state, theta, t0):
        """One window from elsewhere."""
        twin = Numpy(0, self.windows)
        twin.state, twin.theta, twin.t0 = state, theta, t0
        twin.eps = (theta[:, 0] - theta[:, 1]) / (2 * SIGMA)
        loss = twin.window()
        return loss, twin.state, twin.combine(loss)

    def about(self):
        return {"versions": {"numpy": np.__version__}}


class JAX:
    """The same as a pure function of the state, jitted whole, its noise included. The
    loop over steps has the form of FORMS, with so many steps unrolled, that is the
    fastest on this machine; loop makes LOOP gradients in a call."""

    FORMS = [("scan", 10), ("fori", 5), ("fori", 10), ("gather", 5)]

    def __init__(self, seed, observed, loop):
        import jax

        self.jax, self.seed, self.observed, self.loop = jax, seed, observed, loop
        best = None
        for form in self.FORMS:
            self.build(*form)
            self.run(2 * LOOP)
            took = min(measure(self, 0.01) for _ in range(10))
            if best is None or took < best[0]:
                best = took, form
        self.form = best[1]
        self.build(*self.form)
        self.run(T // W)

    def build(self, form, unroll):
        jax, jnp, lax = self.jax, self.jax.numpy, self.jax.lax
        observed, start = jnp.asarray(self.observed), jnp.asarray(START)[:, None, None]

        def window(state, theta, t0):
            r, a = jnp.exp(theta)

            def step(carry, z_observed):
                x, y, z, loss = carry
                x, y, z = x + a * (y - x) * DT, y + (x * (r - z) - y) * DT, z + (x * y - B * z) * DT
                return (x, y, z, loss + (z - z_observed) ** 2), None

            carry = *state, jnp.zeros_like(r)
            windows = observed.reshape(T // W, W)[t0 // W].T
            if form == "scan":
                carry, _ = lax.scan(step, carry, windows, unroll=unroll)
            elif form == "fori":
                carry = lax.fori_loop(0, W, lambda i, c: step(c, windows[i])[0], carry, unroll=unroll)
            else:
                carry = lax.fori_loop(0, W, lambda i, c: step(c, observed[t0 + i])[0], carry, unroll=unroll)
            return carry[3], jnp.stack(carry[:3])

        def combine(loss, eps):
            return eps @ (loss[0] - loss[1]) / (2 * SIGMA * W * N)

        def gradient(worker, theta):
            state, eps, t0, key = worker
            off = SIGMA * eps
            loss, state = window(state, jnp.stack([theta + off, theta - off], axis=1), t0)
            t0 += W
            ended = t0 == T
            key, fresh = jax.random.split(key)
            worker = (jnp.where(ended, start, state), jnp.where(ended, jax.random.normal(fresh, eps.shape), eps),
                      jnp.where(ended, 0, t0), key)
            return worker, combine(loss, eps)

        def given(state, theta, t0):
            loss, state = window(state, theta, t0)
            return loss, state, combine(loss, (theta[:, 0] - theta[:, 1]) / (2 * SIGMA))

        def loop(worker, theta):
            return lax.scan(lambda w, _: gradient(w, theta), worker, length=LOOP)

        self.given = jax.jit(given)
        self.step = jax.jit(loop if self.loop else gradient, donate_argnums=0)
        key, fresh = jax.random.split(jax.random.key(self.seed))
        self.worker = (jnp.broadcast_to(start, (3, 2, N)).copy(), jax.random.normal(fresh, (D, N)), jnp.asarray(PHASES), key)
        self.theta = jnp.asarray(THETA)[:, None]

    def run(self, n):
        """n gradients, (n, D); of a loop, a multiple of LOOP."""
        grads = []
        for _ in range(-(-n // LOOP) if self.loop else n):
            self.worker, grad = self.step(self.worker, self.theta)
            grads.append(grad)
        self.jax.block_until_ready(grads)
        return np.reshape(grads, (-1, D)) if self.loop else grads

    def about(self):
        import jaxlib

        return {"versions": {"jax": self.jax.__version__, "jaxlib": jaxlib.__version__, "numpy": np.__version__},
                "form": "%s, %d steps unrolled" % self.form}


def measure(peer, seconds):
    """Nanoseconds a gradient, over about so many seconds."""
    calls, took = 0, 0
    began = time.perf_counter_ns()
    while took < seconds * 1e9:
        peer.run(LOOP)
        calls += LOOP
        took = time.perf_counter_ns() - began
    return took / calls


def main():
    if len(sys.argv) != 2 or sys.argv[1] not in ("numpy", "jax", "jax-loop"):
        sys.exit(__doc__)
    observed = np.array(json.loads(sys.stdin.readline()), np.float32)
    peer = Numpy(1, observed) if sys.argv[1] == "numpy" else JAX(1, observed, sys.argv[1] == "jax-loop")
    about = peer.about()
    about["versions"]["python"] = platform.python_version()
    print(json.dumps(about), flush=True)
    for line in sys.stdin:
        ask = json.loads(line)
        if "time" in ask:
            answer = {"ns": measure(peer, ask["time"])}
        elif "window" in ask:
            w = ask["window"]
            loss, state, grad = peer.given(np.array(w["s"], np.float32), np.array(w["theta"], np.float32), np.array(w["t0"]))
            answer = {"loss": np.asarray(loss).tolist(), "end": np.asarray(state).tolist(), "grad": np.asarray(grad).tolist()}
        else:
            batches, size = ask["mean"]
            answer = {"means": [np.mean(peer.run(size), axis=0, dtype=np.float64).tolist() for _ in range(batches)]}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
