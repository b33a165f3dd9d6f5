"""Measures what a request and an idle connection cost a server: system calls, memory."""

import os
import pathlib
import re
import resource
import select
import shutil
import signal
import subprocess
import tempfile
import time

from . import plain
from .markdown import table
from .notes import Notes, progress
from .processes import Process, until

CONNECTIONS, TURNS = 16, 200


class Costs:
    """The figures of each server: `None` for a failed measurement, and a note with the reason."""

    def __init__(self, commands, idle):
        self.commands, self.counts = commands, idle
        self.calls, self.memory = {}, {name: {} for name in commands}
        self.notes = Notes()

    def measure(self, *_):
        if not shutil.which("perf"):
            self.notes.add("system calls", "not measured, since perf is not installed")
        for name in self.commands:
            if shutil.which("perf"):
                progress(f"{name}, system calls")
                self.calls[name] = self.tried(name, "system calls", self.counted)
            for count in self.counts:
                what = f"{count:,} idle connections"
                if resource.getrlimit(resource.RLIMIT_NOFILE)[0] < count + 100:
                    self.notes.add(what, "the limit of open files does not allow for them")
                    continue
                progress(f"{name}, {what}")
                idle = lambda process, count=count: self.idle(process, count)
                self.memory[name][count] = self.tried(name, what, idle)

    def tried(self, name, what, measure):
        """Returns a figure of a server that has done nothing else."""
        try:
            with Process(self.commands[name]) as process:
                plain.check(process.port)
                return measure(process)
        except (OSError, plain.Wrong) as error:
            self.notes.add(name, f"{what}: {error}")
            return None

    def counted(self, process):
        """Returns the system calls per request, on connections that are all busy."""
        with (
            tempfile.TemporaryDirectory() as folder,
            plain.Connections(process.port, CONNECTIONS) as connections,
        ):
            folder = pathlib.Path(folder)
            told, answered, out = folder / "told", folder / "answered", folder / "out"
            os.mkfifo(told)
            os.mkfifo(answered)
            pids = ",".join(str(pid) for pid in process.pids())
            command = ["perf", "stat", "-x", ",", "-e", "raw_syscalls:sys_enter", "-p", pids]
            control = ["-D", "-1", "--control", f"fifo:{told},{answered}", "-o", str(out)]
            counter = subprocess.Popen([*command, *control], stderr=subprocess.DEVNULL)
            # Opened for both directions, since a FIFO without a peer would block for ever.
            with open(told, "r+b", 0) as tell, open(answered, "r+b", 0) as answer:
                try:
                    tell.write(b"enable\n")
                    until(lambda: counter.poll() is not None or has_octets(answer), "perf")
                    for _ in range(TURNS):
                        connections.ask()
                finally:
                    counter.send_signal(signal.SIGINT)
                    counter.wait(30)
            total = re.search(r"^(\d+),.*raw_syscalls", out.read_text(), re.MULTILINE)
            if not total:
                raise plain.Wrong("perf printed no total")
            return int(total[1]) / (CONNECTIONS * TURNS)

    def idle(self, process, count):
        """Returns the megabytes in memory with `count` idle connections, each after one response.
        All of them have to be open still."""
        with plain.Connections(process.port, count) as connections:
            time.sleep(0.2)
            resident = process.resident()
            connections.ask()
            return resident

    def print(self):
        print("\n### Servers: cost of a request and of a connection\n")
        headings = [
            "",
            "system calls per request",
            *(f"MB with {count:,} idle" for count in self.counts),
        ]
        rows = [
            [name, self.calls.get(name), *(self.memory[name].get(count) for count in self.counts)]
            for name in self.commands
        ]
        table(headings, rows, lambda cost: f"{cost:.1f}")
        self.notes.print()


def has_octets(file):
    return bool(select.select([file], [], [], 0)[0])
