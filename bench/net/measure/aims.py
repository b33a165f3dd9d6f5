"""The targets of bareline, and where its peers are faster."""

import itertools

from . import rounds
from .blocking import CONNECTIONS, MIXES, PAUSES, milliseconds
from .bulk import WAYS
from .clients import TITLES, UNDER_WAY
from .markdown import BEFORE, OURS
from .servers import CONNECT, LIMITS, LOADS, PIPELINED

# The least ratio of requests per second to raw_epoll, and to hyper.
RATES = {"16": (0.92, 1.05), "64": (0.95, 1.05), "256": (0.95, 1.15)}
RATES |= {PIPELINED: (0.92, 1.5), CONNECT: (0.95, 1.1)}
# The least ratio of requests per second beside handlers that block to the rate alone.
BESIDE = dict(zip(MIXES, (0.85, 0.6)))
# The most megabytes with so many idle connections.
IDLE = {5000: 10, 50_000: 60}


def servers(part):
    for load, (epoll, hyper) in RATES.items():
        name = load if load in (PIPELINED, CONNECT) else f"{load} connections"
        yield f"{name}, ratio to raw_epoll", part.ratio(OURS, "raw_epoll", load), ">=", epoll
        yield f"{name}, ratio to hyper", part.ratio(OURS, "hyper", load), ">=", hyper
    what = "processor time per request, ratio to"
    yield f"{what} raw_epoll", part.cpu_ratio(OURS, "raw_epoll"), "<=", 1.1
    yield f"{what} hyper", part.cpu_ratio(OURS, "hyper"), "<=", 0.8


def costs(part):
    yield "system calls per request", part.calls.get(OURS), "<=", 2
    for count, aim in IDLE.items():
        if count in part.counts:
            memory = part.memory.get(OURS, {}).get(count)
            yield f"MB with {count:,} idle connections", memory, "<=", aim


def blocking(part):
    for pause in PAUSES:
        for count in CONNECTIONS:
            what = f"handlers block {milliseconds(pause)}, {count} connections, ratio to before"
            aim = 0.97 if pause >= 1000 else 0.85
            yield what, part.ratio(OURS, BEFORE, pause, count), ">=", aim


def mixed(part):
    for mix, aim in BESIDE.items():
        count, pause, others = mix
        what = f"{others} beside {count} that block {milliseconds(pause)}"
        yield f"{what}, ratio to alone", part.ratio(OURS, mix), ">=", aim
        latency = part.ratio(OURS, mix, "latency ")
        yield f"{what}, 99th percentile, ratio to alone", latency, "<=", 3


def bulk(part):
    for way, title in WAYS.items():
        what = f"{title} of 100 MB, ratio to"
        yield f"{what} raw_bulk", part.ratio(OURS, "raw_bulk", way), ">=", 0.9
        yield f"{what} hyper", part.ratio(OURS, "hyper", way), ">=", 1.0


def clients(part):
    kept, new = (part.ratio(OURS, way) for way in TITLES)
    yield "client on one connection, ratio to the raw client's time", kept, "<=", 1.2
    yield "client on a new connection each, ratio to the raw client's time", new, "<=", 1.05


def datagrams(part):
    for count, how in zip(UNDER_WAY, ("one by one", "64 in flight")):
        yield f"UDP, {how}, ratio to std", part.ratio(OURS, count), ">=", 0.95


def package(part):
    yield "packages of core and net", part.packages[0][1], "<=", 12
    for what, seconds in part.builds:
        if "tcp_server" in what:
            yield "seconds to build `tcp_server`", seconds, "<=", 10


# The targets of each part.
AIMS = {
    "servers": servers,
    "costs": costs,
    "bulk": bulk,
    "blocking": blocking,
    "mixed": mixed,
    "clients": clients,
    "udp": datagrams,
    "package": package,
}


def faster_servers(part):
    for name in part.commands:
        if name in (*LIMITS, OURS):
            continue
        ratios = {load: part.ratio(name, OURS, load) for load in LOADS}
        better = [
            f"{load} {ratio:.2f}" for load, ratio in ratios.items() if ratio and ratio >= 1.005
        ]
        if better:
            yield f"{name}, requests per second: {', '.join(better)}"
        yield from smaller(name, "processor time per request", part.cpu_ratio(name, OURS))


def smaller_costs(part):
    for name in part.commands:
        if name in (*LIMITS, OURS):
            continue
        costs = {"system calls per request": [part.calls.get(one) for one in (name, OURS)]}
        for count in part.counts:
            memory = [part.memory.get(one, {}).get(count) for one in (name, OURS)]
            costs[f"memory with {count:,} idle connections"] = memory
        for what, (theirs, ours) in costs.items():
            yield from smaller(name, what, rounds.ratio([theirs], [ours]))


def smaller(name, what, ratio):
    if ratio and ratio < 0.995:
        yield f"{name}, {what}: {ratio:.2f} of bareline's"


def faster_blocking(part):
    for name in part.commands:
        for pause in PAUSES:
            ratios = {count: part.ratio(name, OURS, pause, count) for count in CONNECTIONS}
            better = [
                f"{count} {ratio:.2f}"
                for count, ratio in ratios.items()
                if name != OURS and ratio and ratio >= 1.005
            ]
            if better:
                yield f"{name}, handlers block {milliseconds(pause)}: {', '.join(better)}"


def faster_bulk(part):
    for name in part.commands:
        for way, title in WAYS.items():
            ratio = part.ratio(name, OURS, way)
            if name not in ("raw_bulk", OURS) and ratio and ratio >= 1.005:
                yield f"{name}, {title} of 100 MB: {ratio:.2f}"


def faster_clients(part):
    for way, title in TITLES.items():
        for name in part.commands:
            ratio = rounds.ratio(part.times[way].get(name), part.times[way].get(OURS))
            if name not in ("raw", OURS) and ratio and ratio < 0.995:
                yield f"{name}, {title}: {ratio:.2f} of bareline's time"


FASTER = {
    "servers": faster_servers,
    "costs": smaller_costs,
    "blocking": faster_blocking,
    "bulk": faster_bulk,
    "clients": faster_clients,
}


def print_aims(parts):
    """Prints the targets of these parts by name, and what peers do better."""
    print("\n### Targets\n")
    print("| | measured | target | reached |")
    print("|---|---:|---:|---|")
    for part, aims in AIMS.items():
        for what, figure, relation, aim in aims(parts[part]) if part in parts else []:
            if figure is None:
                print(f"| {what} | - | {relation} {aim:g} | - |")
                continue
            written = f"{figure:.2f}" if isinstance(figure, float) else str(figure)
            # Compares the rounded figure, as printed.
            is_reached = float(written) >= aim if relation == ">=" else float(written) <= aim
            print(f"| {what} | {written} | {relation} {aim:g} | {'yes' if is_reached else 'no'} |")
    print("\n### Faster or smaller than bareline\n")
    found = [better(parts[part]) for part, better in FASTER.items() if part in parts]
    for line in list(itertools.chain(*found)) or ["none"]:
        print(f"- {line}")
