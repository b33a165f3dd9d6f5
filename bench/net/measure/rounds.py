"""Rounds: the contenders take turns, and a figure of a round may be missing, as `None`."""

import statistics


def turns(names, turn):
    """Returns the names in the order of this round: each round begins with another one."""
    names = list(names)
    at = turn % len(names) if names else 0
    return names[at:] + names[:at]


def median(figures):
    found = [figure for figure in figures or [] if figure is not None]
    return statistics.median(found) if found else None


def ratio(figures, references):
    """Returns the median of the ratios of each round."""
    pairs = zip(figures or [], references or [])
    return median(one / other for one, other in pairs if one is not None and other)
