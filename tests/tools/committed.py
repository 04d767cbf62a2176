"""Committed results against fresh ones: exact ones to the last digit, others within the tolerance that they state."""

import re


def differences(found, committed, tolerance=0, at="") -> list[str]:
    """Where two results of JSON data differ: "place: found, committed".

    Args: tolerance: by how much numbers other than counts may differ. Above 0 the numbers in words are not compared,
        and quotients of numbers may differ by ten times as much, relative to their size.
    """
    if isinstance(found, dict) and isinstance(committed, dict) and set(found) == set(committed):
        return [line for name in found for line in differences(found[name], committed[name], tolerance, f"{at}.{name}")]
    if isinstance(found, list) and isinstance(committed, list) and len(found) == len(committed):
        pairs = enumerate(zip(found, committed, strict=True))
        return [line for k, (a, b) in pairs for line in differences(a, b, tolerance, f"{at}[{k}]")]
    if tolerance and isinstance(found, float) and isinstance(committed, float):
        quotient = at.rpartition(".")[2] in ("ratio", "tightest")
        same = abs(found - committed) <= tolerance * (10 * (1 + abs(committed)) if quotient else 1)
    elif tolerance and isinstance(found, str) and isinstance(committed, str):
        same = NUMBER.sub("", found) == NUMBER.sub("", committed)
    else:
        same = found == committed
    return [] if same else [f"{at}: {found!r}, {committed!r}"]


NUMBER = re.compile(r"-?\d+(\.\d+)?(e[+-]?\d+)?")


def tolerance_of(result, claim) -> float:
    """0 for an exact result, else the resolution that the claim states."""
    return 0 if result.evidence == "exact" else float(claim.resolution)
