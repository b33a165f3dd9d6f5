"""Measures servers, clients and UDP peers, and prints Markdown. `run` builds the peers and calls
this program."""

import argparse
import shutil

from . import versions
from .aims import AIMS, print_aims
from .blocking import Blocking, Mixed
from .bulk import Bulk
from .clients import Clients, Datagrams
from .costs import Costs
from .markdown import BEFORE, OURS
from .package import Package
from .servers import HERE, Servers

ROOT = HERE.parent.parent
BUILDS = ["--package bareline-net", "--example tcp_server"]
# Servers whose handlers block, and servers of large bodies.
BLOCKING = [OURS, BEFORE, "khttp_pool"]
BULK = ["raw_bulk", OURS, BEFORE, "hyper"]
PARTS = list(AIMS)
# Only `--only` measures these.
LONG = ["blocking", "mixed"]


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--peer", required=True, help="the program with the Rust peers")
    options.add_argument("--go", help="the program with the Go peer, if Go is installed")
    options.add_argument(
        "--before", metavar="PEER", help=f"an earlier build of the peers, measured as `{BEFORE}`"
    )
    usual = [part for part in PARTS if part not in LONG]
    options.add_argument(
        "--only",
        nargs="+",
        choices=PARTS,
        default=usual,
        metavar="PART",
        help=f"measure these parts of {', '.join(PARTS)}; all but {' and '.join(LONG)} by default",
    )
    options.add_argument(
        "--servers", nargs="+", metavar="NAME", help="measure these servers; all by default"
    )
    options.add_argument(
        "--idle",
        nargs="+",
        type=int,
        default=[256, 5000],
        metavar="COUNT",
        help="numbers of idle connections; 256 and 5000 by default",
    )
    options.add_argument("--rounds", type=int, default=12)
    options.add_argument("--seconds", type=int, default=1, help="for each load")
    options.add_argument(
        "--builds", action=argparse.BooleanOptionalAction, default=True, help="time the builds too"
    )
    given = options.parse_args()
    peer, go = [given.peer], [given.go]

    servers = {name: [*peer, "serve", name, "PORT"] for name in ["raw_epoll", "raw_thread", OURS]}
    if given.before:
        servers[BEFORE] = [given.before, "serve", OURS, "PORT"]
    rust = ["hyper", "khttp_pool", "khttp_epoll", "may_minihttp", "tiny_http", "rouille"]
    servers |= {name: [*peer, "serve", name, "PORT"] for name in rust}
    clients = {
        name: [*peer, "WAY", name, "SERVER", "COUNT"]
        for name in ["raw", OURS, "ureq", "minreq", "attohttpc"]
    }
    datagrams = {name: [*peer, "udp", name, "PORT"] for name in ["std", OURS]}
    if given.go:
        servers["Go net/http"] = [*go, "serve", "PORT"]
        clients["Go net/http"] = [*go, "WAY", "SERVER", "COUNT"]
        datagrams["Go net"] = [*go, "udp", "PORT"]
    if shutil.which("nginx"):
        servers["nginx"] = ["nginx", str(HERE / "nginx.conf")]
    asked = servers["raw_epoll"]
    bulk = {"raw_bulk": [*peer, "serve", "raw_bulk", "PORT"], **servers}
    bulk["hyper"] = [*peer, "serve", "hyper_bulk", "PORT"]
    if unknown := set(given.servers or []) - set(bulk):
        options.error(f"unknown servers: {', '.join(sorted(unknown))}")

    def chosen(commands, names):
        asked_for = given.servers or commands
        return {name: commands[name] for name in names if name in commands and name in asked_for}

    parts = {
        "servers": lambda: Servers(chosen(servers, servers)),
        "costs": lambda: Costs(chosen(servers, servers), given.idle),
        "bulk": lambda: Bulk(chosen(bulk, BULK), peer),
        "blocking": lambda: Blocking(chosen(servers, BLOCKING)),
        "mixed": lambda: Mixed(chosen(servers, BLOCKING)),
        "clients": lambda: Clients(clients, asked),
        "udp": lambda: Datagrams(datagrams, [*peer, "udp-load"]),
        "package": lambda: Package(ROOT, HERE, BUILDS if given.builds else []),
    }
    measured = {name: part() for name, part in parts.items() if name in given.only}
    if "servers" in measured and not given.servers:
        for name in {"Go net/http", "nginx"} - set(servers):
            measured["servers"].notes.add(name, "not installed, not measured")
    for part in measured.values():
        part.measure(given.rounds, given.seconds)

    print(
        (HERE / "method.md")
        .read_text()
        .replace("VERSIONS", versions.line(HERE / "Cargo.lock"))
        .rstrip()
    )
    for part in measured.values():
        part.print()
    print_aims(measured)
    print((HERE / "reasons.md").read_text().rstrip())


if __name__ == "__main__":
    main()
