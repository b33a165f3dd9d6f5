"""Measures servers whose handlers block, in rounds: throughput, and what other connections notice.
"""

import time

from . import plain, rounds
from .load import Load, serving
from .markdown import BEFORE, table
from .notes import Notes, progress
from .servers import THREADS

# Microseconds that each handler blocks, and numbers of connections.
PAUSES, CONNECTIONS = [200, 1000, 5000, 50_000], [16, 64, 256]
# Connections whose handlers block, the microseconds, and connections whose handlers do not.
MIXES = [(1, 20_000, 63), (64, 50_000, 16)]
WARM_UP = 0.3  # seconds before the measurement beside handlers that block


def milliseconds(microseconds):
    return f"{microseconds / 1000:g} ms"


class Blocking:
    """Requests per second in each round, where every handler blocks."""

    def __init__(self, commands):
        self.commands, self.notes = commands, Notes()
        self.rates = {
            name: {(pause, count): [] for pause in PAUSES for count in CONNECTIONS}
            for name in commands
        }

    def measure(self, count, seconds):
        with serving(self.commands, plain.check_pause, self.notes) as processes:
            for turn in range(count):
                for pause in PAUSES:
                    progress(f"round {turn + 1} of {count}, blocks {milliseconds(pause)}")
                    for connections in CONNECTIONS:
                        for name in rounds.turns(processes, turn):
                            rate = self.loaded(
                                name, processes[name].port, pause, connections, seconds
                            )
                            self.rates[name][pause, connections].append(rate)

    def loaded(self, name, port, pause, connections, seconds):
        where = f"blocks {milliseconds(pause)}, {connections} connections"
        try:
            options = [THREADS, f"-c{connections}"]
            result = Load(port, options, seconds, f"/sleep/{pause}").result()
        except plain.Wrong as wrong:
            self.notes.add(name, f"{where}: {wrong}")
            return None
        if result.errors:
            self.notes.add(name, f"{where}, in at least one round: {result.errors}")
        return result.rate

    def ratio(self, name, to, pause, connections):
        rates = [self.rates.get(one, {}).get((pause, connections)) for one in (name, to)]
        return rounds.ratio(*rates)

    def print(self):
        for pause in PAUSES:
            blocks = f"each handler blocks {milliseconds(pause)}"
            print(f"\n### Servers: requests per second, {blocks}\n")
            headings = ["", *map(str, CONNECTIONS)]
            if BEFORE in self.commands:
                headings += [f"{count}, ratio to before" for count in CONNECTIONS]
            rows = []
            for name, rates in self.rates.items():
                row = [name]
                for count in CONNECTIONS:
                    rate = rounds.median(rates[pause, count])
                    row.append(None if rate is None else f"{rate:,.0f}")
                if BEFORE in self.commands:
                    for count in CONNECTIONS:
                        ratio = self.ratio(name, BEFORE, pause, count)
                        row.append(None if ratio is None else f"{ratio:.2f}")
                rows.append(row)
            table(headings, rows, str)
        self.notes.print()


class Mixed:
    """Connections whose handlers do not block, alone and beside some whose handlers block."""

    def __init__(self, commands):
        self.commands, self.notes = commands, Notes()
        figures = ["alone", "beside", "latency alone", "latency beside", "blocking"]
        self.figures = {
            name: {mix: {figure: [] for figure in figures} for mix in MIXES} for name in commands
        }

    def measure(self, count, seconds):
        with serving(self.commands, plain.check_pause, self.notes) as processes:
            for turn in range(count):
                for mix in MIXES:
                    blocking, pause, others = mix
                    progress(
                        f"round {turn + 1} of {count}, {blocking} block {milliseconds(pause)} "
                        f"beside {others}"
                    )
                    for name in rounds.turns(processes, turn):
                        self.loaded(name, processes[name].port, mix, seconds)

    def loaded(self, name, port, mix, seconds):
        blocking, pause, others = mix
        free = lambda: Load(port, ["-t1", f"-c{others}"], seconds)
        results = {}
        try:
            results["alone"] = free().result()
            # Ends after the others.
            blocked = Load(port, ["-t1", f"-c{blocking}"], seconds + 1, f"/sleep/{pause}")
            try:
                time.sleep(WARM_UP)
                results["beside"] = free().result()
            finally:
                results["blocking"] = blocked.result()
        except plain.Wrong as wrong:
            self.notes.add(name, f"{blocking} block beside {others}: {wrong}")
        figures = self.figures[name][mix]
        for what in ("alone", "beside", "blocking"):
            result = results.get(what)
            figures[what].append(result and result.rate)
            if what != "blocking":
                figures[f"latency {what}"].append(result and result.latency)
            if result and result.errors:
                where = f"{blocking} block beside {others}, {what}"
                self.notes.add(name, f"{where}, in at least one round: {result.errors}")

    def ratio(self, name, mix, figure=""):
        """Returns the ratio of the throughput, or of the `latency `, to that of the same
        connections alone."""
        figures = self.figures.get(name, {}).get(mix, {})
        return rounds.ratio(figures.get(f"{figure}beside"), figures.get(f"{figure}alone"))

    def print(self):
        for mix in MIXES:
            blocking, pause, others = mix
            print(
                f"\n### Servers: {others} connections beside {blocking} whose handlers block "
                f"{milliseconds(pause)}\n"
            )
            headings = [
                "",
                "requests per second, alone",
                "beside",
                "ratio",
                "99th percentile in ms, alone",
                "beside",
                "ratio",
                f"requests per second that block, of {blocking * 1_000_000 // pause:,}",
            ]
            rows = []
            for name, figures in self.figures.items():
                middle = {what: rounds.median(of) for what, of in figures[mix].items()}
                cells = [
                    (middle["alone"], ",.0f"),
                    (middle["beside"], ",.0f"),
                    (self.ratio(name, mix), ".2f"),
                    (middle["latency alone"], ".2f"),
                    (middle["latency beside"], ".2f"),
                    (self.ratio(name, mix, "latency "), ".2f"),
                    (middle["blocking"], ",.0f"),
                ]
                written = (None if one is None else f"{one:{how}}" for one, how in cells)
                rows.append([name, *written])
            table(headings, rows, str)
        self.notes.print()
