"""Measures servers in rounds: throughput, and processor time."""

import os
import pathlib

from . import plain, rounds
from .load import Load, serving
from .markdown import BEFORE, OURS, table
from .notes import Notes, progress

HERE = pathlib.Path(__file__).resolve().parent.parent
PIPELINED, CONNECT = "pipelined 16", "new connection each"
LOADS = {
    "16": ["-c16"],
    "64": ["-c64"],
    "256": ["-c256"],
    PIPELINED: ["-c64", "-s", str(HERE / "pipelined.lua")],
    CONNECT: ["-c64", "-H", "Connection: close"],
}
LIMITS = ["raw_epoll", "raw_thread"]
THREADS = f"-t{min(2, os.cpu_count() or 1)}"


class Servers:
    """The figures of each round: requests per second under each load, and the microseconds of
    processor time per request at 256 connections."""

    def __init__(self, commands):
        self.commands = commands
        self.rates = {name: {load: [] for load in LOADS} for name in commands}
        self.cpu = {name: [] for name in commands}
        self.notes = Notes()

    def measure(self, count, seconds):
        with serving(self.commands, plain.check, self.notes) as processes:
            closing = {name: self.closing(name, one.port) for name, one in processes.items()}
            pipelining = {name: plain.pipelines(one.port) for name, one in processes.items()}
            for name in processes:
                if not pipelining[name]:
                    self.notes.add(name, "loses pipelined requests, so they are not measured")
            for turn in range(count):
                for load in LOADS:
                    progress(f"round {turn + 1} of {count}, {load}")
                    for name in rounds.turns(processes, turn):
                        rate = None
                        is_lost = load == PIPELINED and not pipelining[name]
                        if not is_lost and (load != CONNECT or closing[name] != "never"):
                            has_read_errors = load == CONNECT and closing[name] == "silent"
                            rate = self.loaded(
                                name, processes[name], load, seconds, has_read_errors
                            )
                        self.rates[name][load].append(rate)

    def closing(self, name, port):
        way = plain.closing(port)
        if way == "never":
            self.notes.add(
                name, "ignores `Connection: close`, so new connections are not measured"
            )
        elif way == "silent":
            self.notes.add(
                name,
                "closes on `Connection: close` but does not send it, "
                "which wrk counts as an error before it reconnects",
            )
        return way

    def loaded(self, name, process, load, seconds, has_read_errors):
        """Returns the requests per second under a load, in which read errors may be expected."""
        before = process.cpu()
        spent = None
        try:
            result = Load(process.port, [THREADS, *LOADS[load]], seconds).result()
            if result.requests:
                spent = (process.cpu() - before) / result.requests * 1e6
            if result.errors and not has_read_errors:
                self.notes.add(name, f"at {load}, in at least one round: {result.errors}")
            return result.rate
        except plain.Wrong as wrong:
            self.notes.add(name, f"at {load}: {wrong}")
            return None
        finally:
            if load == "256":
                self.cpu[name].append(spent)

    def rate(self, name, load):
        return rounds.median(self.rates[name][load])

    def ratio(self, name, to, load):
        rates = [self.rates.get(one, {}).get(load) for one in (name, to)]
        return rounds.ratio(*rates)

    def cpu_ratio(self, name, to):
        return rounds.ratio(self.cpu.get(name), self.cpu.get(to))

    def print(self):
        names = list(self.commands)
        print("\n### Servers: requests per second\n")
        rates = [
            [name, *(self.rate(name, load) for load in LOADS)]
            for name in names
            if name in [*LIMITS, OURS, BEFORE]
        ]
        table(["", *LOADS], rates, lambda rate: f"{rate:,.0f}")
        for to in [*LIMITS, "hyper", BEFORE]:
            if to in names:
                print(f"\n### Servers: requests per second, ratio to `{to}`\n")
                ratios = [[name, *(self.ratio(name, to, load) for load in LOADS)] for name in names]
                table(
                    ["", *LOADS],
                    ratios,
                    lambda ratio: f"{ratio:.2f}" if ratio >= 0.095 else f"{ratio:.3f}",
                )
        print("\n### Servers: processor time per request at 256 connections\n")
        rows = [
            [
                name,
                rounds.median(self.cpu[name]),
                *(self.cpu_ratio(name, to) for to in ("raw_epoll", "hyper")),
            ]
            for name in names
        ]
        table(["", "us", "ratio to raw_epoll", "ratio to hyper"], rows, lambda cost: f"{cost:.2f}")
        self.notes.print()
