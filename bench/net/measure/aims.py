"""The targets of bareline, and where its peers are faster."""

from .clients import TITLES, UNDER_WAY
from .servers import IDLE, LIMITS, LOADS, OURS

COSTS = {
    "processor time per request": lambda servers, name: servers.cpu_a_request(name),
    "system calls per request": lambda servers, name: servers.calls.get(name),
    **{
        f"memory with {count:,} idle connections": (
            lambda servers, name, count=count: servers.memory[name].get(count)
        )
        for count in IDLE
    },
}


class Aims:
    def __init__(self, servers, clients, datagrams, package):
        self.servers, self.clients = servers, clients
        self.datagrams, self.package = datagrams, package

    def all(self):
        """Yields each target: its name, the figure, the relation and the limit."""
        ratio = lambda to, load: (
            self.servers.ratio(OURS, to, load) if to in self.servers.commands else None
        )
        for load in ("16", "64", "256"):
            yield f"{load} connections, ratio to raw_thread", ratio("raw_thread", load), ">=", 0.97
        yield "64 connections, ratio to tiny_http", ratio("tiny_http", "64"), ">=", 1.6
        yield "pipelined, ratio to hyper", ratio("hyper", "pipelined 16"), ">=", 1.2
        new = ratio("raw_epoll", "new connection each")
        yield "new connections, ratio to raw_epoll", new, ">=", 0.9
        yield "system calls per request", self.servers.calls.get(OURS), "<=", 2
        kept, new = (self.clients.ratio(OURS, way) for way in ("keep-alive", "connect"))
        yield "client on one connection, ratio to the raw client's time", kept, "<=", 1.2
        yield "client on a new connection each, ratio to the raw client's time", new, "<=", 1.1
        for count, how in zip(UNDER_WAY, ("one by one", "64 in flight")):
            yield f"UDP, {how}, ratio to std", self.datagrams.ratio(OURS, count), ">=", 0.95
        yield "packages of core and net", self.package.packages[0][1], "<=", 12
        for what, seconds in self.package.builds:
            if "tcp_server" in what:
                yield "seconds to build `tcp_server`", seconds, "<=", 10

    def print(self):
        print("\n### Targets\n")
        print("| | measured | target | reached |")
        print("|---|---:|---:|---|")
        for what, figure, relation, aim in self.all():
            if figure is None:
                print(f"| {what} | - | {relation} {aim:g} | - |")
                continue
            written = f"{figure:.2f}" if isinstance(figure, float) else str(figure)
            # Compares the rounded figure, as printed.
            is_reached = float(written) >= aim if relation == ">=" else float(written) <= aim
            print(f"| {what} | {written} | {relation} {aim:g} | {'yes' if is_reached else 'no'} |")
        print("\n### Faster or smaller than bareline\n")
        lines = list(self.faster())
        for line in lines or ["none"]:
            print(f"- {line}")

    def faster(self):
        """Yields a line for each figure in which a peer, not a limit, is better."""
        for name in self.servers.commands:
            if name in (*LIMITS, OURS):
                continue
            ratios = {load: self.servers.ratio(name, OURS, load) for load in LOADS}
            better = [
                f"{load} {ratio:.2f}" for load, ratio in ratios.items() if ratio and ratio >= 1.005
            ]
            if better:
                yield f"{name}, requests per second: {', '.join(better)}"
            for what, cost in COSTS.items():
                theirs, ours = cost(self.servers, name), cost(self.servers, OURS)
                if theirs and ours and theirs / ours < 0.995:
                    yield f"{name}, {what}: {theirs / ours:.2f} of bareline's"
        for way, title in TITLES.items():
            ours = self.clients.ratio(OURS, way)
            for name in self.clients.commands:
                theirs = self.clients.ratio(name, way)
                if name not in ("raw", OURS) and ours and theirs and theirs / ours < 0.995:
                    yield f"{name}, {title}: {theirs / ours:.2f} of bareline's time"
