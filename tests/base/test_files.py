"""A file is written whole or not at all."""

import os
import subprocess
import sys

import pytest

from mdpkit.base.files import write_whole


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_failure_in_the_middle_leaves_the_old_file(step, tmp_path, monkeypatch):
    path = tmp_path / "x.json"
    write_whole(path, "old")

    def full(*args):
        raise OSError("no space left")

    monkeypatch.setattr(os, step, full)
    with pytest.raises(OSError, match="no space left"):
        write_whole(path, "new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "link.json").symlink_to(tmp_path / "x.json")
    write_whole(tmp_path / "link.json", b"new")
    assert (tmp_path / "link.json").is_symlink()
    assert (tmp_path / "x.json").read_bytes() == b"new"


def test_a_new_file_has_the_rights_of_any_other(tmp_path):
    write_whole(tmp_path / "x.json", "")
    (tmp_path / "y.json").touch()
    assert (tmp_path / "x.json").stat().st_mode == (tmp_path / "y.json").stat().st_mode


WRITER = """
import sys
from mdpkit.base.files import write_whole
for _ in range(60):
    write_whole(sys.argv[1], sys.argv[2] * 4000)
"""


def test_two_writers_leave_one_whole_file(tmp_path):
    path = tmp_path / "x.json"
    write_whole(path, "0" * 4000)
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, path, number]) for number in "12"]
    seen = set()
    while any(writer.poll() is None for writer in writers):
        seen.add(path.read_text())
    assert [writer.returncode for writer in writers] == [0, 0]
    assert path.read_text() in {number * 4000 for number in "12"}
    assert seen <= {number * 4000 for number in "012"}
    assert list(tmp_path.iterdir()) == [path]
