"""Measures what a request and an idle connection cost a server: system calls, memory."""

import re
import resource
import shutil
import signal
import subprocess
import tempfile
import time

from . import plain
from .markdown import table
from .notes import Notes, progress
from .processes import Process, until

TRACED_CONNECTIONS, TRACED_TURNS = 16, 200


class Costs:
    """The figures of each server: `None` for a failed measurement, and a note with the reason."""

    def __init__(self, commands, idle):
        self.commands, self.counts = commands, idle
        self.calls, self.memory = {}, {name: {} for name in commands}
        self.notes = Notes()

    def measure(self, *_):
        if not shutil.which("strace"):
            self.notes.add("system calls", "not measured, since strace is not installed")
        for name in self.commands:
            if shutil.which("strace"):
                progress(f"{name}, system calls")
                self.calls[name] = self.tried(name, "system calls", self.traced)
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

    def traced(self, process):
        """Returns the system calls per request, on connections that are all busy."""
        with (
            tempfile.NamedTemporaryFile("r") as out,
            plain.Connections(process.port, TRACED_CONNECTIONS) as connections,
        ):
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
            finally:
                tracer.send_signal(signal.SIGINT)
                tracer.wait(30)
            total = re.search(r"(\d+) total", out.read())
            if not total:
                raise plain.Wrong("strace printed no total")
            return int(total[1]) / (TRACED_CONNECTIONS * TRACED_TURNS)

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
