"""Measures large bodies in rounds: the time for a response and for an upload of 100 MB."""

import re
import subprocess

from . import plain, rounds
from .load import serving
from .markdown import table
from .notes import Notes, progress

MEGABYTES, COUNT = 100, 5
WAYS = {"download": "response", "upload": "upload"}


class Bulk:
    """Megabytes per second in each round, to one client."""

    def __init__(self, commands, client):
        self.commands, self.client, self.notes = commands, client, Notes()
        self.rates = {name: {way: [] for way in WAYS} for name in commands}

    def measure(self, count, *_):
        with serving(self.commands, self.check, self.notes) as processes:
            for turn in range(count):
                progress(f"large bodies, round {turn + 1} of {count}")
                for way in WAYS:
                    for name in rounds.turns(processes, turn):
                        rate = None
                        try:
                            rate = self.run(way, processes[name].port, COUNT)
                        except plain.Wrong as wrong:
                            self.notes.add(name, str(wrong))
                        self.rates[name][way].append(rate)

    def check(self, port):
        plain.listening(port).close()
        for way in WAYS:
            self.run(way, port, 1)

    def run(self, way, port, count):
        """Returns megabytes per second. The client checks status and length."""
        command = [*self.client, way, f"127.0.0.1:{port}", str(count)]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
            return MEGABYTES * count / (int(done.stdout) / 1e9)
        except subprocess.CalledProcessError as error:
            reason = re.search(r"the server responds: (.*)", error.stderr)
            raise plain.Wrong(f"{way}: {reason[1] if reason else error}") from None
        except (subprocess.TimeoutExpired, ValueError) as error:
            raise plain.Wrong(f"{way}: {error}") from None

    def ratio(self, name, to, way):
        return rounds.ratio(*(self.rates.get(one, {}).get(way) for one in (name, to)))

    def print(self):
        print(f"\n### Servers: MB per second of a body of {MEGABYTES} MB\n")
        headings, rows = [""], []
        for title in WAYS.values():
            headings += [title, "ratio to raw_bulk", "ratio to hyper"]
        for name, rates in self.rates.items():
            row = [name]
            for way in WAYS:
                rate = rounds.median(rates[way])
                row.append(None if rate is None else f"{rate:,.0f}")
                for to in ("raw_bulk", "hyper"):
                    ratio = self.ratio(name, to, way)
                    row.append(None if ratio is None else f"{ratio:.2f}")
            rows.append(row)
        table(headings, rows, str)
        self.notes.print()
