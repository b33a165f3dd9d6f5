"""The load of wrk on a server, and the servers that take it."""

import contextlib
import re
import subprocess

from . import plain
from .processes import Process

MILLISECONDS = {"us": 1e-3, "ms": 1, "s": 1e3, "m": 6e4}


@contextlib.contextmanager
def serving(commands, check, notes):
    """Starts the servers, and yields the process of each one that passes the check of its port."""
    with contextlib.ExitStack() as running:
        processes = {}
        for name, command in commands.items():
            process = running.enter_context(Process(command))
            try:
                check(process.port)
                processes[name] = process
            except (plain.Wrong, OSError) as wrong:
                notes.add(name, f"not measured, since it fails the first check: {wrong}")
        yield processes


class Load:
    """A run of wrk, which begins at once."""

    def __init__(self, port, options, seconds, path="/"):
        self.seconds = seconds
        command = ["wrk", f"-d{seconds}s", "--timeout", "2s", "--latency", *options]
        self.process = subprocess.Popen(
            [*command, f"http://127.0.0.1:{port}{path}"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def result(self):
        """Waits for the end of the run."""
        try:
            out, _ = self.process.communicate(timeout=self.seconds + 30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise plain.Wrong("wrk does not end") from None
        if self.process.returncode != 0:
            raise plain.Wrong(f"wrk fails with {self.process.returncode}")
        return Result(out)


class Result:
    """The output of wrk: the number of requests, requests per second, the 99th percentile of the
    latency in milliseconds, and the line about errors, if any."""

    def __init__(self, out):
        self.requests = int(re.search(r"(\d+) requests in", out)[1])
        self.rate = float(re.search(r"Requests/sec:\s+([\d.]+)", out)[1])
        latency, unit = re.search(r"99%\s+([\d.]+)(us|ms|s|m)\b", out).groups()
        self.latency = float(latency) * MILLISECONDS[unit] if self.requests else None
        errors = re.search(r"Socket errors:.*|Non-2xx.*", out)
        self.errors = errors and errors[0]
