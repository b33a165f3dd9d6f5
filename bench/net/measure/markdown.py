"""Tables, in Markdown."""

OURS = "bareline"
BEFORE = "bareline before"


def table(headings, rows, written):
    """Prints a table. The first cell of a row is a name; `None` is printed as `-`."""
    print("| " + " | ".join(headings) + " |")
    print("|---|" + "---:|" * (len(headings) - 1))
    for name, *cells in rows:
        name = f"**{name}**" if name == OURS else name
        print(
            "| "
            + " | ".join([name, *("-" if cell is None else written(cell) for cell in cells)])
            + " |"
        )
