"""What is said about a run: its progress, and what could not be measured."""

import sys


def progress(text):
    print(f"bench-net: {text}", file=sys.stderr, flush=True)


class Notes:
    def __init__(self):
        self.lines = []

    def add(self, name, text):
        line = f"{name}: {text}"
        if line not in self.lines:
            progress(line)
            self.lines.append(line)

    def print(self):
        if self.lines:
            print()
        for line in self.lines:
            print(f"- {line}")
