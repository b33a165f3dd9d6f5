"""Measures clients (the time for GETs) and UDP peers (the rate of responses), in rounds."""

import contextlib
import socket
import subprocess

from . import plain, rounds
from .markdown import table
from .notes import Notes, progress
from .processes import Process, until

GETS = {"keep-alive": 2000, "connect": 500}
TITLES = {"keep-alive": "GETs on one connection", "connect": "GETs on a new connection each"}
UNDER_WAY = [1, 64]


class Clients:
    """The microseconds for a GET in each round."""

    def __init__(self, commands, server):
        self.commands, self.server = commands, server
        self.times = {way: {} for way in GETS}
        self.notes = Notes()

    def measure(self, count, *_):
        with Process(self.server) as server:
            plain.check(server.port)
            for turn in range(2 * count):
                progress(f"clients, round {turn + 1} of {2 * count}")
                for way, gets in GETS.items():
                    names = [name for name in self.commands if name not in self.failed(way)]
                    for name in rounds.turns(names, turn):
                        self.run(name, way, server.port, gets)

    def failed(self, way):
        return [name for name, times in self.times[way].items() if times is None]

    def run(self, name, way, port, gets):
        values = {"WAY": way, "SERVER": f"127.0.0.1:{port}", "COUNT": str(gets)}
        command = [values.get(word, word) for word in self.commands[name]]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
            self.times[way].setdefault(name, []).append(int(done.stdout) / gets / 1000)
        except (subprocess.SubprocessError, ValueError) as error:
            unknown = (
                isinstance(error, subprocess.CalledProcessError)
                and "unknown name" in error.stderr
            )
            reason = "closes each connection" if unknown else f"fails in {TITLES[way]}: {error}"
            self.notes.add(name, reason)
            self.times[way][name] = None

    def ratio(self, name, way):
        """Returns the median of each round's ratio to the raw client's time."""
        return rounds.ratio(self.times[way].get(name), self.times[way].get("raw"))

    def print(self):
        for way, title in TITLES.items():
            print(f"\n### Clients: {title}\n")
            rows = []
            for name in self.commands:
                times = self.times[way].get(name)
                figures = (
                    [
                        f"{min(times):.1f}",
                        f"{rounds.median(times):.1f}",
                        f"{self.ratio(name, way):.2f}",
                    ]
                    if times
                    else [None] * 3
                )
                rows.append([name, *figures])
            table(["", "us, minimum", "us, median", "ratio to raw"], rows, str)
        self.notes.print()


class Datagrams:
    """The responses per second in each round."""

    def __init__(self, commands, load):
        self.commands, self.load = commands, load
        self.rates = {name: {count: [] for count in UNDER_WAY} for name in commands}

    def measure(self, count, *_):
        with contextlib.ExitStack() as running:
            processes = {}
            for name, command in self.commands.items():
                processes[name] = running.enter_context(Process(command, socket.SOCK_DGRAM))
                until(lambda port=processes[name].port: answers(port), f"no response from {name}")
            for turn in range(2 * count):
                progress(f"UDP, round {turn + 1} of {2 * count}")
                for under_way in UNDER_WAY:
                    for name in rounds.turns(processes, turn):
                        command = [
                            *self.load,
                            f"127.0.0.1:{processes[name].port}",
                            str(under_way),
                            "400",
                        ]
                        done = subprocess.run(
                            command, capture_output=True, text=True, timeout=30, check=True
                        )
                        self.rates[name][under_way].append(float(done.stdout))

    def ratio(self, name, count):
        return rounds.ratio(self.rates[name][count], self.rates["std"][count])

    def print(self):
        print("\n### UDP: responses per second\n")
        rows = []
        for name, rates in self.rates.items():
            figures = [
                [f"{rounds.median(rates[count]):,.0f}", f"{self.ratio(name, count):.2f}"]
                for count in UNDER_WAY
            ]
            rows.append([name, *figures[0], *figures[1]])
        table(
            ["", "one by one", "ratio to std", "64 in flight", "ratio to std"],
            rows,
            str,
        )


def answers(port):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(0.2)
        client.connect(("127.0.0.1", port))
        try:
            client.send(b"udp request")
            return client.recv(64) == b"udp server"
        except OSError:
            return False
