"""Measures servers, clients and UDP peers, and prints Markdown. `run` builds the peers and calls
this program."""

import argparse
import pathlib
import shutil

from . import versions
from .aims import Aims
from .clients import Clients, Datagrams
from .package import Package
from .servers import OURS, Servers

HERE = pathlib.Path(__file__).resolve().parent.parent
ROOT = HERE.parent.parent
BUILDS = ["--package bareline-net", "--example tcp_server"]


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--peer", required=True, help="the program with the Rust peers")
    options.add_argument("--go", help="the program with the Go peer, if Go is installed")
    options.add_argument("--rounds", type=int, default=12)
    options.add_argument("--seconds", type=int, default=1, help="for each load")
    options.add_argument(
        "--builds", action=argparse.BooleanOptionalAction, default=True, help="time the builds too"
    )
    given = options.parse_args()
    peer, go = [given.peer], [given.go]

    rust = ["raw_epoll", "raw_thread", OURS, "hyper", "may_minihttp", "tiny_http", "rouille"]
    servers = {name: [*peer, "serve", name, "PORT"] for name in rust}
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

    # Measurements without turns come first, so that nothing else runs during the turns.
    package = Package()
    package.measure(ROOT, HERE, BUILDS if given.builds else [])
    measured = Servers(servers, HERE)
    for name, is_there in (("Go", given.go), ("nginx", "nginx" in servers)):
        if not is_there:
            measured.note(name, "not installed, not measured")
    measured.measure(given.rounds, given.seconds)
    asked = Clients(clients, servers["raw_epoll"])
    asked.measure(2 * given.rounds)
    echoed = Datagrams(datagrams, [*peer, "udp-load"])
    echoed.measure(2 * given.rounds)

    print(
        (HERE / "method.md")
        .read_text()
        .replace("VERSIONS", versions.line(HERE / "Cargo.lock"))
        .rstrip()
    )
    for part in (measured, asked, echoed, package):
        part.print()
    Aims(measured, asked, echoed, package).print()
    print((HERE / "reasons.md").read_text().rstrip())


if __name__ == "__main__":
    main()
