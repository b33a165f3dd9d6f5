"""Measures the cost of a dependency on bareline: packages, and the time to compile them."""

import os
import subprocess
import tempfile
import time

from .markdown import table
from .notes import progress

PEERS = ["tiny_http", "rouille", "may_minihttp", "khttp", "hyper", "ureq", "minreq", "attohttpc"]


def packages(name, directory):
    """Returns the number of packages in a dependency tree, the root included."""
    command = [
        "cargo",
        "tree",
        "--locked",
        "--quiet",
        "-p",
        name,
        "-e",
        "normal",
        "--prefix",
        "none",
        "--no-dedupe",
        "-f",
        "{p}",
    ]
    out = subprocess.run(
        command, cwd=directory, capture_output=True, text=True, timeout=120, check=True
    ).stdout
    return len({line.split(" (")[0] for line in out.splitlines() if line})


def seconds(arguments, root):
    """Returns the seconds of a clean release build, after fetching the packages."""
    progress(f"clean cargo build {' '.join(arguments)}")
    with tempfile.TemporaryDirectory(prefix="bareline-bench-") as target:
        command = ["cargo", "build", "--quiet", "--locked", "--release", *arguments]
        environment = {**os.environ, "CARGO_TARGET_DIR": target}
        subprocess.run(["cargo", "fetch", "--quiet", "--locked"], cwd=root, timeout=600, check=True)
        start = time.monotonic()
        subprocess.run(
            command, cwd=root, env=environment, timeout=1200, check=True, stdout=subprocess.DEVNULL
        )
        return time.monotonic() - start


class Package:
    def __init__(self, root, here, builds):
        self.root, self.here, self.arguments = root, here, builds

    def measure(self, *_):
        counts = [["bareline", packages("bareline-net", self.root)]]
        self.packages = counts + [[name, packages(name, self.here)] for name in PEERS]
        self.builds = [
            [f"`cargo build --release {arguments}`", seconds(arguments.split(), self.root)]
            for arguments in self.arguments
        ]

    def print(self):
        print("\n### Packages to compile, the package itself included\n")
        table(["", "packages"], self.packages, str)
        if self.builds:
            print("\n### Seconds for a clean build\n")
            table(["", "s"], self.builds, lambda figure: f"{figure:.0f}")
