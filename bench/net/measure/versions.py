"""The versions of the peers, from the lockfile and from the programs."""

import os
import re
import shutil
import subprocess

CRATES = ["hyper", "tokio", "khttp", "may_minihttp", "tiny_http", "rouille"]
CRATES += ["ureq", "minreq", "attohttpc"]
PROGRAMS = {"Go": ["go", "version"], "nginx": ["nginx", "-v"], "wrk": ["wrk", "-v"]}


def line(lockfile):
    """Returns a line with all versions, the kernel and the number of cores."""
    found = re.findall(r'name = "(.*)"\nversion = "(.*)"', lockfile.read_text())
    found = [(name, version) for name, version in found if name in CRATES]
    for name, command in PROGRAMS.items():
        if shutil.which(command[0]):
            done = subprocess.run(
                command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=30
            )
            found.append((name, re.search(r"\d+(\.\d+)+", done.stdout)[0]))
    peers = ", ".join(f"{name} {version}" for name, version in found)
    return f"{peers}; Linux {os.uname().release.split('-')[0]}, {os.cpu_count()} logical cores"
