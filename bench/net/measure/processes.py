"""Processes to measure: each has its own port, and is observed through /proc."""

import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time

TICKS = os.sysconf("SC_CLK_TCK")
DEADLINE = 10  # seconds for a server to listen, to respond, or to exit


def free_port(kind=socket.SOCK_STREAM):
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Process:
    """A server with all its processes; a context manager that ends them."""

    def __init__(self, command, kind=socket.SOCK_STREAM):
        self.port = free_port(kind)
        self.directory = tempfile.mkdtemp(prefix="bareline-bench-")
        arguments = [argument.replace("PORT", str(self.port)) for argument in command]
        if arguments[0] == "nginx":
            arguments = self._nginx(pathlib.Path(arguments[1]))
        self.process = subprocess.Popen(
            arguments,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def _nginx(self, template):
        configuration = pathlib.Path(self.directory, "nginx.conf")
        text = (
            template.read_text()
            .replace("DIRECTORY", self.directory)
            .replace("PORT", str(self.port))
        )
        configuration.write_text(text)
        os.chmod(self.directory, 0o755)
        return ["nginx", "-p", self.directory, "-e", "stderr", "-c", str(configuration)]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(DEADLINE)
            except subprocess.TimeoutExpired:
                for pid in self.pids():
                    os.kill(pid, signal.SIGKILL)
                self.process.wait()
        shutil.rmtree(self.directory, ignore_errors=True)

    def pids(self):
        """Returns the ids of the process and its descendants."""
        found = [self.process.pid]
        for pid in found:
            # All peers start child processes from the first thread.
            found.extend(
                map(int, pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
            )
        return found

    def cpu(self):
        """Returns user and system time in seconds, ended threads included."""
        ticks = 0
        for pid in self.pids():
            fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
        return ticks / TICKS

    def resident(self):
        """Returns the resident memory in megabytes."""
        texts = [pathlib.Path(f"/proc/{pid}/status").read_text() for pid in self.pids()]
        return sum(int(re.search(r"VmRSS:\s+(\d+)", text)[1]) for text in texts) / 1024


def until(condition, what):
    """Waits for a condition; raises TimeoutError(what) after DEADLINE seconds."""
    end = time.monotonic() + DEADLINE
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(what)
        time.sleep(0.01)
