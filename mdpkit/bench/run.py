"""A whole run of the benchmark."""

import os
import tempfile
from collections.abc import Callable, Iterable
from typing import Any

from ..base.errors import InvalidModel
from .children import TaskFailed, run
from .compare import PATIENCE
from .instances import INSTANCES
from .origin import commit, machine, seeds
from .peers import PEERS
from .themes import FOLDER, themes

SOLVERS = "solvers"
"""The theme of the instances of this package."""

MEMORY = {"S": 1_000_000, "A": 4, "branching": 5}
"""The garnet on which peak memory is measured."""

QUICK_PATIENCE = 0.5
"""`PATIENCE` of a quick run."""

EXTRA = 'pip install "mdpkit[bench]"'


def choose_themes(asked: Iterable[str]) -> list[str]:
    """The themes to run: those asked for, else all.

    Args:
        asked: names.

    Raises: InvalidModel listing the themes if one is unknown, and saying that other themes need a checkout.
    """
    known = [SOLVERS, *themes()]
    for name in asked:
        if name not in known:
            where = "" if len(known) > 1 else f"; those of {FOLDER} need a checkout"
            raise InvalidModel(
                f"no theme of the benchmark is called {name!r}; expected one of {', '.join(known)}{where}"
            )
    return list(asked) or known


def choose_peers(asked: Iterable[str]) -> list[str]:
    """Names of the peers of these packages, else of all that are installed.

    Args:
        asked: names of packages.

    Raises: InvalidModel if a package is unknown, or is not installed, naming the extra.
    """
    packages = sorted({peer.package for peer in PEERS})
    for name in asked:
        if name not in packages:
            raise InvalidModel(f"no peer is called {name!r}; expected one of {', '.join(packages)}")
        if all(peer.version is None for peer in PEERS if peer.package == name):
            raise InvalidModel(f"{name} is not installed; {EXTRA} installs every peer")
    return [peer.name for peer in PEERS if peer.package in (list(asked) or packages)]


def benchmark(
    *,
    quick: bool = False,
    chosen: Iterable[str] = (),
    packages: Iterable[str] = (),
    instances: Iterable[str] = (),
    memory: bool = False,
    repeats: int | None = None,
    progress: Callable[[str], None] = lambda words: None,
) -> dict[str, Any]:
    """Run the benchmark, one task after the other.

    Args:
        quick: small instances, and the themes' quick rows.
        chosen: themes; by default all.
        packages: peers; by default all that are installed.
        instances: names of instances; by default all.
        memory: measure peak memory too.
        repeats: number of timed calls of each side and seed; by default 7, or 3 if quick.
        progress: called with the name of each task.

    Returns: JSON with `rows`, `themes`, `memory`, `first` (seconds with an empty and with a filled cache), `machine`,
        `load` (the largest while it ran), `commit`, `seeds`, `missing` packages, and `checkout`, whether themes other
        than solvers were found. A row that failed has `error`.
    Raises: InvalidModel for unknown themes, peers or instances, or missing peers; TaskFailed if a first call or the
        measurement of memory fails.
    """
    names, peers = choose_themes(chosen), choose_peers(packages)
    if memory:
        choose_peers(["quantecon"])
    for name in instances:
        if name not in INSTANCES:
            raise InvalidModel(f"no instance is called {name!r}; expected one of {'; '.join(INSTANCES)}")
    origin = commit()
    found = {
        "machine": machine(),
        "commit": origin,
        "seeds": seeds(origin),
        "missing": sorted({peer.package for peer in PEERS if peer.version is None}),
        "rows": [],
        "themes": {},
        "first": None,
        "memory": None,
        "load": 0.0,
        "checkout": bool(themes()),
    }
    if SOLVERS in names:
        wanted = list(instances) or [name for name, each in INSTANCES.items() if each.quick or not quick]
        calls, patience = (3, QUICK_PATIENCE) if quick else (7, PATIENCE)
        given = dict(seeds=found["seeds"], peers=peers, repeats=repeats or calls, quick=quick, patience=patience)
        found["first"] = first_calls(wanted[0], found["seeds"][0])
        for name in wanted:
            progress(name)
            found["rows"].append(_try(name, "compare_one", instance=name, **given))
            found["load"] = max(found["load"], load())
    for name in names:
        if name != SOLVERS:
            progress(name)
            rows = _try(name, "theme", quick=quick, name=name)
            found["themes"][name] = rows if isinstance(rows, list) else [rows]
            found["load"] = max(found["load"], load())
    if memory:
        progress("peak memory")
        found["memory"] = peaks(found["seeds"][0])
    return found


def _try(title, task, /, **arguments):
    try:
        return run(task, **arguments)
    except TaskFailed as error:
        return {"name": title, "error": str(error)}


def load() -> float:
    """The load average of the last minute, 0 where the system has none."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0


def first_calls(instance: str, seed: int) -> tuple[float, float]:
    """CPU seconds of mdpkit's first call in a process, with an empty cache of kernels and with the filled one.

    Args:
        instance: name of the model.
        seed: of the model.
    """
    with tempfile.TemporaryDirectory() as folder:
        given = dict(environment={"MDPKIT_CACHE": folder}, instance=instance, seed=seed)
        return run("first_call", **given), run("first_call", **given)


def peaks(seed: int, sides: Iterable[str] = ("mdpkit", "quantecon MPI"), **sizes: int) -> dict[str, Any]:
    """Peak memory of a process that loads the arrays of a garnet and solves it, for each side.

    Args:
        seed: of the garnet.
        sides: "mdpkit", or names of peers.
        sizes: S, A and branching; by default `MEMORY`.

    Returns: side -> `peak` in bytes and `seconds`; and `entries`, the number of probabilities.
    """
    with tempfile.TemporaryDirectory() as folder:
        entries = run("draw_garnet", folder=folder, seed=seed, **(sizes or MEMORY))
        return {side: run("peak", folder=folder, side=side) for side in sides} | {"entries": entries}
