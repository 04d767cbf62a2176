"""Tiny claims in files, and the command line run beside them."""

import json
import os
import signal
import subprocess
import sys

import pytest
from tools.processes import end
from typer.testing import CliRunner

from mdpkit.base.compiling import user_cache
from mdpkit.cli import app

TINY = '''"""A number is at most {limit}."""

import os
import sys
import time
from pathlib import Path
from types import SimpleNamespace as Models

from mdpkit import Assumption, Bound, Claim, Control, Equal, Part, measure

{extra}


def check(m):
    time.sleep(float(os.environ.get("SLOW", 0)))
    {first}
    return Bound(m.x, {limit})


def tightened(m):
    return Bound(m.x, {tightened})


def numbers():
    return [Models(x=x) for x in {numbers}]


CLAIM = Claim(
    "{name}",
    check,
    numbers,
    controls=(Control("a smaller limit", witness=lambda: Models(x=1), tightens=tightened),),
    also=tuple(Part(f"again, {{k}}", numbers, check) for k in range({more})),
)
'''


@pytest.fixture
def tiny(tmp_path):
    """Write a claim that a list of numbers is at most a limit, with one control."""

    def write(name, numbers="(1, 2, 3)", limit=3, tightened=0, first="", extra="", more=0):
        path = tmp_path / f"{name}.py"
        path.write_text(TINY.format(**locals()), encoding="utf-8")
        return str(path)

    return write


@pytest.fixture
def cache(tmp_path_factory):
    """A cache of its own for runs; compiled kernels are those of everybody."""
    folder, kernels = tmp_path_factory.mktemp("cache"), user_cache() / "kernels"
    kernels.mkdir(parents=True, exist_ok=True)
    (folder / "kernels").symlink_to(kernels)
    return folder


@pytest.fixture
def mdpkit(cache, tmp_path, monkeypatch):
    """Run a command in this process."""
    monkeypatch.setenv("MDPKIT_CACHE", str(cache))
    monkeypatch.setenv("HYPOTHESIS_STORAGE_DIRECTORY", str(cache / "hypothesis"))
    monkeypatch.chdir(tmp_path)
    return lambda *words: CliRunner().invoke(app, [str(word) for word in words])


@pytest.fixture
def start(cache, tmp_path):
    """Start a command as a process of its own, in a session of its own; none of them outlives the test."""
    started = []

    def run(*words, **environment):
        process = subprocess.Popen(
            [sys.executable, "-m", "mdpkit", *map(str, words)],
            cwd=tmp_path,
            env={**os.environ, "MDPKIT_CACHE": str(cache), **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            # a runner in the background ignores SIGINT, and so would its children
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
            encoding="utf-8",
            start_new_session=True,
        )
        started.append(process)
        return process

    yield run
    for process in started:
        end(process)


@pytest.fixture
def results():
    """The parsed JSON of a result without its seconds."""

    def parse(text):
        def refuse(word):
            raise AssertionError(f"{word} is no JSON")

        data = json.loads(text, parse_constant=refuse)
        for claim in data["claims"]:
            assert claim.pop("seconds") >= 0
        return data

    return parse
