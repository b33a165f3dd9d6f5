"""Measures servers: throughput in rounds, processor time, system calls, memory."""

import contextlib
import os
import re
import resource
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

from . import plain
from .markdown import table
from .processes import Process, until

LOADS = {
    "16": ["-c16"],
    "64": ["-c64"],
    "256": ["-c256"],
    "pipelined 16": ["-c64", "-s", "PIPELINED"],
    "new connection each": ["-c64", "-H", "Connection: close"],
}
CONNECT = "new connection each"
LIMITS = ["raw_epoll", "raw_thread"]
OURS = "bareline"
IDLE = [256, 5000]
TRACED_CONNECTIONS, TRACED_TURNS = 16, 200


def progress(text):
    print(f"bench-net: {text}", file=sys.stderr, flush=True)


class Servers:
    """The figures of the servers: `None` for a failed measurement, and a note with the reason."""

    def __init__(self, commands, here):
        self.commands, self.here = commands, here
        self.rates = {name: {load: [] for load in LOADS} for name in commands}
        self.cpu = {name: [] for name in commands}
        self.calls, self.memory = {}, {name: {} for name in commands}
        self.notes = []

    def note(self, name, text):
        line = f"{name}: {text}"
        if line not in self.notes:
            progress(line)
            self.notes.append(line)

    def measure(self, rounds, seconds):
        self.throughput(rounds, seconds)
        for name in list(self.commands):
            self.calls[name] = self.traced(name)
            for count in IDLE:
                self.memory[name][count] = self.idle(name, count)

    def throughput(self, rounds, seconds):
        with contextlib.ExitStack() as running:
            processes, closing = {}, {}
            for name, command in list(self.commands.items()):
                process = running.enter_context(Process(command))
                try:
                    plain.check(process.port)
                    closing[name] = plain.closing(process.port)
                except (plain.Wrong, OSError) as wrong:
                    self.note(name, f"not measured, since it fails the first check: {wrong}")
                    del self.commands[name]
                    continue
                processes[name] = process
            for name, way in closing.items():
                if way == "never":
                    self.note(
                        name,
                        "ignores `Connection: close`, so new connections are not measured",
                    )
                elif way == "silent":
                    self.note(
                        name,
                        "closes on `Connection: close` but does not send it, "
                        "which wrk counts as an error before it reconnects",
                    )
            names = list(processes)
            for turn in range(rounds):
                for load in LOADS:
                    progress(f"round {turn + 1} of {rounds}, {load}")
                    at = turn % len(names)
                    for name in names[at:] + names[:at]:
                        way = closing[name] if load == CONNECT else "announced"
                        rate = (
                            None
                            if way == "never"
                            else self.loaded(name, processes[name], load, seconds, way == "silent")
                        )
                        self.rates[name][load].append(rate)

    def loaded(self, name, process, load, seconds, has_read_errors):
        """Returns the requests per second under a load, in which read errors may be expected."""
        options = [
            option.replace("PIPELINED", str(self.here / "pipelined.lua")) for option in LOADS[load]
        ]
        threads = f"-t{min(2, os.cpu_count() or 1)}"
        command = [
            "wrk",
            threads,
            f"-d{seconds}s",
            "--timeout",
            "2s",
            *options,
            f"http://127.0.0.1:{process.port}/",
        ]
        before = process.cpu()
        try:
            out = subprocess.run(
                command, capture_output=True, text=True, timeout=seconds + 30, check=True
            ).stdout
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
            self.note(name, f"wrk fails at {load}: {type(error).__name__}")
            return None
        spent = process.cpu() - before
        errors = re.search(r"Socket errors:.*|Non-2xx.*", out)
        if errors and not has_read_errors:
            self.note(name, f"at {load}, in at least one round: {errors[0]}")
        requests = int(re.search(r"(\d+) requests in", out)[1])
        if load == "256" and requests:
            self.cpu[name].append(spent / requests * 1e6)
        return float(re.search(r"Requests/sec:\s+([\d.]+)", out)[1]) or None

    def traced(self, name):
        """Returns the system calls per request, on connections that are all busy."""
        if not shutil.which("strace"):
            self.note("system calls", "not measured, since strace is not installed")
            return None
        progress(f"{name}, system calls")
        with Process(self.commands[name]) as process, tempfile.NamedTemporaryFile("r") as out:
            plain.check(process.port)
            with plain.Connections(process.port, TRACED_CONNECTIONS) as connections:
                options = [option for pid in process.pids() for option in ("-p", str(pid))]
                command = ["strace", "-f", "-q", "-c", "-U", "calls,name", "-o", out.name, *options]
                tracer = subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                )
                try:
                    until(lambda: tracer.poll() is not None or process.is_traced(), "strace")
                    for _ in range(TRACED_TURNS):
                        connections.ask()
                except (OSError, plain.Wrong) as error:
                    self.note(name, f"not traced: {error}")
                    return None
                finally:
                    tracer.send_signal(signal.SIGINT)
                    tracer.wait(30)
            total = re.search(r"(\d+) total", out.read())
            if not total:
                self.note(name, "strace printed no total")
                return None
            return int(total[1]) / (TRACED_CONNECTIONS * TRACED_TURNS)

    def idle(self, name, count):
        """Returns the megabytes in memory with `count` idle connections, each after one response,
        of a server that has done nothing else."""
        if resource.getrlimit(resource.RLIMIT_NOFILE)[0] < count + 100:
            self.note("memory", f"the limit of open files does not allow for {count:,} connections")
            return None
        progress(f"{name}, {count:,} idle connections")
        try:
            with Process(self.commands[name]) as process:
                plain.check(process.port)
                with plain.Connections(process.port, count):
                    time.sleep(0.2)
                    return process.resident()
        except (OSError, plain.Wrong) as error:
            self.note(name, f"{count:,} idle connections: {error}")
            return None

    def rate(self, name, load):
        rates = [rate for rate in self.rates[name][load] if rate]
        return statistics.median(rates) if rates else None

    def ratio(self, name, to, load):
        """Returns the median of the ratios of each round."""
        pairs = zip(self.rates[name][load], self.rates[to][load])
        ratios = [rate / reference for rate, reference in pairs if rate and reference]
        return statistics.median(ratios) if ratios else None

    def cpu_a_request(self, name):
        return statistics.median(self.cpu[name]) if self.cpu[name] else None

    def print(self):
        names = list(self.commands)
        print("\n### Servers: requests per second\n")
        rates = [
            [name, *(self.rate(name, load) for load in LOADS)]
            for name in names
            if name in [*LIMITS, OURS]
        ]
        table(["", *LOADS], rates, lambda rate: f"{rate:,.0f}")
        for limit in LIMITS:
            if limit in names:
                print(f"\n### Servers: requests per second, ratio to `{limit}`\n")
                ratios = [
                    [name, *(self.ratio(name, limit, load) for load in LOADS)] for name in names
                ]
                table(
                    ["", *LOADS],
                    ratios,
                    lambda ratio: f"{ratio:.2f}" if ratio >= 0.095 else f"{ratio:.3f}",
                )
        print("\n### Servers: cost of a request and of a connection\n")
        headings = [
            "",
            "us of processor time per request",
            "system calls per request",
            *(f"MB with {count:,} idle" for count in IDLE),
        ]
        costs = [
            [
                name,
                self.cpu_a_request(name),
                self.calls[name],
                *(self.memory[name][count] for count in IDLE),
            ]
            for name in names
        ]
        table(headings, costs, lambda cost: f"{cost:.1f}")
        self.print_notes()

    def print_notes(self):
        if self.notes:
            print()
        for line in self.notes:
            print(f"- {line}")
