"""Tables, in Markdown."""

OURS = "bareline"


def table(headings, rows, written):
    """A line for each row, whose first cell is a name; `-` for what could not be measured."""
    print("| " + " | ".join(headings) + " |")
    print("|---|" + "---:|" * (len(headings) - 1))
    for name, *cells in rows:
        name = f"**{name}**" if name == OURS else name
        print(
            "| "
            + " | ".join([name, *("-" if cell is None else written(cell) for cell in cells)])
            + " |"
        )
