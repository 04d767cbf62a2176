"""What CONTRIBUTING.md names exists: files, public names, commands and their options."""

import re
import shlex
from functools import reduce
from pathlib import Path

import pytest
from typer.main import get_command

import mdpkit
from mdpkit.cli import app

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
QUOTED = sorted(set(re.findall(r"`([^`\n]+)`", PAGE.replace("```", ""))))
LINES = [line for block in re.findall(r"```bash\n(.*?)```", PAGE, re.DOTALL) for line in block.splitlines()]
PATHS = sorted({word for words in (*QUOTED, *LINES) for word in words.split() if re.fullmatch(r"[\w.]+/[\w./]+", word)})
COMMANDS = sorted({words for words in (*QUOTED, *LINES) if words.startswith("mdpkit ")})


@pytest.mark.parametrize("path", [path for path in PATHS if not re.search(r"\b(ID|THEME|_name)\b", path)])
def test_a_path_exists(path):
    assert (ROOT / path).exists() or (ROOT / "mdpkit" / path).exists()


@pytest.mark.parametrize(
    "name", [words for words in QUOTED if re.fullmatch(r"mdpkit(\.\w+)+", words) and words != "mdpkit.name"]
)
def test_a_public_name_exists(name):
    assert reduce(getattr, name.split(".")[1:], mdpkit) is not None


@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_is_understood(line):
    _, name, *words = shlex.split(line)
    get_command(app).commands[name].make_context(name, words)


def test_something_was_found_of_each_kind():
    assert len(PATHS) > 30
    assert len(COMMANDS) > 4
