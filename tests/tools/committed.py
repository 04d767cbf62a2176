"""Committed results against fresh ones: exact ones to the last digit, others within the tolerance that they state."""

import re


def differences(found, committed, tolerance=0, at="") -> list[str]:
    """Where two results of JSON data differ: "place: found, committed".

    Args: tolerance: by how much numbers may differ that are no counts; above 0 the numbers in words and the ratios, which
        follow from the sides, may be any.
    """
    if isinstance(found, dict) and isinstance(committed, dict) and set(found) == set(committed):
        derived = {"ratio", "tightest", "widest"} if tolerance else set()
        return [line for name in set(found) - derived for line in differences(found[name], committed[name], tolerance, f"{at}.{name}")]
    if isinstance(found, list) and isinstance(committed, list) and len(found) == len(committed):
        pairs = enumerate(zip(found, committed, strict=True))
        return [line for k, (a, b) in pairs for line in differences(a, b, tolerance, f"{at}[{k}]")]
    if tolerance and isinstance(found, float) and isinstance(committed, float):
        same = abs(found - committed) <= tolerance
    elif tolerance and isinstance(found, str) and isinstance(committed, str):
        same = NUMBER.sub("", found) == NUMBER.sub("", committed)
    else:
        same = found == committed
    return [] if same else [f"{at}: {found!r}, {committed!r}"]


NUMBER = re.compile(r"-?\d+(\.\d+)?(e[+-]?\d+)?")


def tolerance_of(result) -> float:
    """Of an exact result 0; else the widest interval that a side was known by, within which another processor's numbers lie."""
    return 0 if result.evidence == "exact" else result.widest
