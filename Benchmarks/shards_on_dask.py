"""Calibrates a model in shards on a Dask cluster, while a worker is killed, and merges the parts.

    python Benchmarks/shards_on_dask.py LAPIDARY MODEL DATA STATISTICS.json [--shards 16] [--workers 3]
        [--kill] [--check]

Needs Dask (`pip install "dask[distributed]"`). Each shard is one task, which runs `lapidary calibrate
--shard i/n` and hands the bytes of its part to the scheduler; Dask runs the tasks of a worker that dies
again on another one. `--kill` kills a worker once the first part is there. `--check` measures everything
in one run, too, and requires the same bytes from the parts, merged in three orders.
"""

import argparse
import os
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import time

from dask.distributed import Client, LocalCluster, as_completed


def measure(lapidary, model, data, shard, count, pause):
    """The statistics of one part of the data, as bytes."""
    time.sleep(pause)
    with tempfile.TemporaryDirectory() as folder:
        part = pathlib.Path(folder, "part.json")
        subprocess.run(
            [lapidary, "calibrate", model, "--calibration", data, "--shard", f"{shard}/{count}",
             "-o", part, "--quiet"], check=True)
        return part.read_bytes()


def merge(lapidary, parts, output):
    """Merges parts in the order given."""
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for number, part in enumerate(parts):
            paths.append(pathlib.Path(folder, f"part{number}.json"))
            paths[-1].write_bytes(part)
        subprocess.run(
            [lapidary, "merge-statistics", *paths, "-o", output, "--force", "--quiet"], check=True)
    return pathlib.Path(output).read_bytes()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    for name in ("lapidary", "model", "data", "statistics"):
        parser.add_argument(name)
    parser.add_argument("--shards", type=int, default=16)
    parser.add_argument("--workers", type=int, default=3)
    parser.add_argument("--kill", action="store_true", help="kill a worker on the way")
    parser.add_argument("--check", action="store_true", help="compare with one run")
    options = parser.parse_args()
    paths = [str(pathlib.Path(path).resolve())
             for path in (options.lapidary, options.model, options.data)]
    numbers = range(1, options.shards + 1)
    with LocalCluster(n_workers=options.workers, threads_per_worker=1, processes=True,
                      dashboard_address=None) as cluster, Client(cluster) as client:
        # A pause makes sure that the worker that is killed has a task in hand.
        tasks = client.map(
            lambda number: measure(*paths, number, options.shards, 0.5 if options.kill else 0),
            numbers, key=[f"shard-{number}" for number in numbers], retries=3)
        for done, _ in enumerate(as_completed(tasks), 1):
            if done == 1 and options.kill:
                worker = client.run(os.getpid)
                victim = sorted(worker.values())[0]
                os.kill(victim, signal.SIGKILL)
                print(f"killed worker {victim}", file=sys.stderr)
        parts = client.gather(tasks)
    whole = merge(options.lapidary, parts, options.statistics)
    print(f"{len(parts)} parts merged to {len(whole)} bytes")
    if not options.check:
        return
    orders = [parts[::-1], random.Random(1).sample(parts, len(parts)),
              random.Random(2).sample(parts, len(parts))]
    with tempfile.TemporaryDirectory() as folder:
        output = pathlib.Path(folder, "statistics.json")
        same = all(merge(options.lapidary, order, output) == whole for order in orders)
        subprocess.run(
            [options.lapidary, "calibrate", options.model, "--calibration", options.data, "-o",
             output, "--force", "--quiet"], check=True)
        alone = output.read_bytes()
    print(f"three other orders: {'the same bytes' if same else 'OTHER BYTES'}; "
          f"one run: {'the same bytes' if alone == whole else 'OTHER BYTES'}")
    if not same or alone != whole:
        sys.exit(1)


if __name__ == "__main__":
    main()
