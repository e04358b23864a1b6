"""What `lapidary bench --format json` says, for onnxruntime's default session.

usage: onnxruntime_latency.py MODEL RUNS THREADS [INPUTS.npz]
"""

from __future__ import annotations

import json
import statistics
import sys
import time

import numpy
import onnxruntime


def feeds(session: onnxruntime.InferenceSession) -> dict[str, numpy.ndarray]:
    if len(sys.argv) > 4:
        return dict(numpy.load(sys.argv[4]))
    generator = numpy.random.default_rng(0)
    lengths = {i.name: [d if isinstance(d, int) else 1 for d in i.shape] for i in session.get_inputs()}
    return {name: generator.random(shape, numpy.float32) for name, shape in lengths.items()}


def memory() -> int:
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))


def main() -> None:
    path, runs, threads = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    before = memory()
    start = time.perf_counter()
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    plan = time.perf_counter() - start
    inputs = feeds(session)
    # As long as `lapidary bench` warms up.
    start, warm_ups = time.perf_counter(), 0
    while warm_ups < 4 or time.perf_counter() - start < 0.3:
        session.run(None, inputs)
        warm_ups += 1
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        session.run(None, inputs)
        times.append(1e3 * (time.perf_counter() - start))
    result = {
        "plan_ms": 1e3 * plan,
        "median_ms": statistics.median(times),
        "peak_bytes": memory(),
        "process_bytes": before,
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
