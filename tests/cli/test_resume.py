"""Runs by several processes, killed runs, and what is left of them."""

import os
import signal
import time
from contextlib import suppress
from dataclasses import replace

import psutil
import pytest
from tools.processes import HANG

from mdpkit.base.errors import InvalidModel
from mdpkit.verify.profile import PROFILES
from mdpkit.verify.run.resume import Run, RunFolder
from mdpkit.verify.run.sweep import ABANDONED


def folders(cache):
    return sorted((cache / "runs").iterdir()) if (cache / "runs").exists() else []


def stopped(process, how, after=2):
    """Stop a process by a signal once it has reported some tasks; its return code and what it still said."""
    for line in process.stderr:
        if line.startswith(f"[{after}/"):
            break
    how(process)
    out, err = process.communicate(timeout=HANG)
    assert out == ""
    return process.returncode, err


def kill(process):
    process.send_signal(signal.SIGKILL)


def interrupt(process):
    os.killpg(process.pid, signal.SIGINT)


def finished(process):
    out, err = process.communicate(timeout=HANG)
    assert process.returncode == 0, err
    return out, err


def test_the_result_does_not_depend_on_the_number_of_workers(start, mdpkit, tiny, tmp_path, cache, results):
    assert mdpkit("new", "return_is_bounded").exit_code == 0
    command = ["verify", tmp_path / "return_is_bounded.py", tiny("holds", more=2), "--json"]
    alone, _ = finished(start(*command))
    together, _ = finished(start(*command, "--workers", 2))
    assert results(alone) == results(together)
    assert folders(cache) == []


@pytest.mark.parametrize(("how", "workers", "code"), [(kill, 1, -9), (interrupt, 1, 130), (interrupt, 2, 130)])
def test_a_stopped_run_resumes_to_the_same_result(start, tiny, cache, results, how, workers, code):
    command = ["verify", tiny("holds", more=3), tiny("holds_too"), "--json", "--workers", workers]
    returned, said = stopped(start(*command, SLOW="0.2"), how)
    assert returned == code, said
    assert ("the same command resumes" in said) == (code == 130)
    assert len(folders(cache)) == 1
    resumed, said = finished(start(*command))
    told = next(line for line in said.splitlines() if line.startswith("resumed: "))
    done = int(told.split()[1])
    assert told == f"resumed: {done} of 7 tasks were already done"
    assert 2 <= done < 7
    assert folders(cache) == []
    fresh, said = finished(start(*command))
    assert "resumed" not in said
    assert results(resumed) == results(fresh)


def test_workers_of_a_killed_run_end(start, tiny, tmp_path):
    seen = tmp_path / "workers"
    seen.mkdir()
    command = [
        "verify",
        tiny("holds", first="(Path(os.environ['SEEN']) / str(os.getpid())).touch()", more=9),
        "--workers",
        2,
    ]
    stopped(start(*command, SLOW="0.1", SEEN=str(seen)), kill)
    workers = [int(file.name) for file in seen.iterdir()]
    assert workers
    begun = time.monotonic()
    while any(map(runs, workers)):
        assert time.monotonic() - begun < IDLE / 2
        time.sleep(0.05)


IDLE = 300
"""Seconds after which a pool's workers that get no task end by themselves."""


def runs(pid):
    with suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    return False


def test_truncated_and_foreign_task_files_are_done_again(start, tiny, cache, results):
    command = ["verify", tiny("holds", more=4), "--json"]
    stopped(start(*command, SLOW="0.2"), kill, after=3)
    [folder] = folders(cache)
    first, second, third, *_ = sorted(folder.glob("*.json"))
    first.write_text(first.read_text()[:-20])
    second.write_text(third.read_text())
    third.write_text(third.read_text().replace('"instances": 3', '"instances": 4'))
    again, said = finished(start(*command))
    assert said.count("is ignored and its task repeated") == 3
    for file, why in (
        (first, "not complete JSON"),
        (second, "different run or task"),
        (third, "does not match its digest"),
    ):
        assert any(str(file) in line and why in line for line in said.splitlines())
    assert results(again) == results(finished(start(*command))[0])


def test_a_changed_claim_is_not_resumed(start, tiny, cache, results):
    command = ["verify", tiny("holds", more=1), "--json"]
    stopped(start(*command, SLOW="0.2"), kill)
    tiny("holds", more=1, numbers="(1, 2)")
    out, said = finished(start(*command))
    assert "resumed" not in said
    assert results(out)["claims"][0]["instances"] == 4
    tiny("holds", more=1)
    assert "resumed: 2 of 3" in finished(start(*command))[1]
    assert folders(cache) == []


def test_a_changed_module_beside_a_claim_is_not_resumed(start, tiny, tmp_path, results):
    """Also where another claim's file loads the same module, and where it is loaded by way of another one."""
    helper = tmp_path / "helper.py"
    helper.write_text("LIMIT = 3")
    (tmp_path / "between.py").write_text("from helper import LIMIT")
    first = tiny("first", extra="from between import LIMIT", limit="LIMIT", more=3)
    command = ["verify", first, tiny("second", extra="import helper", limit="helper.LIMIT"), "--json", "--workers", 2]
    stopped(start(*command, SLOW="0.2"), interrupt)
    helper.write_text("LIMIT = 2")
    changed = start(*command)
    out, said = changed.communicate(timeout=HANG)
    assert changed.returncode == 1
    assert "resumed" not in said
    assert [claim["outcome"] for claim in results(out)["claims"]] == ["REFUTED", "REFUTED"]
    helper.write_text("LIMIT = 3")
    out, said = finished(start(*command))
    assert "resumed: " in said
    assert [claim["outcome"] for claim in results(out)["claims"]] == ["CERTIFIED", "CERTIFIED"]


def aged(folder, days):
    """As if nothing had happened in it for so long."""
    then = time.time() - 24 * 3600 * days
    for path in (*folder.iterdir(), folder):
        os.utime(path, (then, then))


def test_a_run_sweeps_what_was_abandoned_and_nothing_else(start, mdpkit, tiny, cache):
    """The folder of another process that stands still as long is kept until that process is gone."""
    path, holds = tiny("slow", more=3), tiny("holds")
    live = start("verify", path, SLOW="0.2")
    for line in live.stderr:
        if line.startswith("[2/"):
            break
    live.send_signal(signal.SIGSTOP)
    [folder] = folders(cache)
    aged(folder, 2 * ABANDONED)
    assert "removed" not in mdpkit("verify", holds).stderr
    assert folders(cache) == [folder]
    live.send_signal(signal.SIGKILL)
    live.communicate(timeout=HANG)
    aged(folder, ABANDONED - 1)
    assert "removed" not in mdpkit("verify", holds).stderr
    aged(folder, ABANDONED + 1)
    os.utime(next(folder.iterdir()))
    assert "removed" not in mdpkit("verify", holds).stderr
    assert folders(cache) == [folder]
    aged(folder, ABANDONED + 1)
    done = mdpkit("verify", holds)
    assert (done.exit_code, done.stderr.splitlines()[0]) == (0, "removed: 1 interrupted run not resumed for 14 days")
    assert folders(cache) == []


def test_an_old_run_that_is_taken_up_again_is_no_longer_old(start, mdpkit, tiny, cache):
    """Even where it is interrupted before another of its tasks is done."""
    command = ["verify", tiny("slow", more=3)]
    stopped(start(*command, SLOW="0.2"), kill)
    [folder] = folders(cache)
    aged(folder, 2 * ABANDONED)
    with RunFolder(folder.name).opened(notice=pytest.fail):
        pass
    assert "removed" not in mdpkit("verify", tiny("holds")).stderr
    assert "resumed: " in finished(start(*command))[1]


def test_workers_refuse_sources_that_change_under_them(start, tiny):
    growing = "with open(__file__, 'a') as _file: _file.write('#')"
    process = start("verify", tiny("grows", extra=growing), "--workers", 2)
    out, err = process.communicate(timeout=HANG)
    assert process.returncode == 3
    assert "a source changed" in err
    assert out == ""


def test_the_key_names_all_that_decides_the_result(tiny, tmp_path):
    path, problem = tiny("holds"), tmp_path / "problem.json"
    problem.write_text("{}")
    runs = [
        Run((path,), PROFILES["quick"], 0),
        Run((path,), PROFILES["quick"], 1),
        Run((path,), PROFILES["full"], 0),
        Run((path, "performance_difference_lemma"), PROFILES["quick"], 0),
        Run((path,), PROFILES["quick"], 0, str(problem)),
    ]
    keys = {run.key() for run in runs}
    assert len(keys) == 5
    assert runs[0].key() in keys
    problem.write_text("[]")
    assert runs[-1].key() not in keys
    tiny("holds", limit=4)
    assert runs[0].key() not in keys
    helper = tmp_path / "helper.py"
    helper.write_text("LIMIT = 3")
    with_helper = replace(runs[0], modules=(str(helper),))
    before = with_helper.key()
    assert before != runs[0].key()
    helper.write_text("LIMIT = 2")
    assert with_helper.key() != before
    problem.unlink()
    with pytest.raises(InvalidModel, match=r"problem\.json cannot be read"):
        runs[-1].key()


def test_a_folder_that_is_gone_is_not_made_again(cache, monkeypatch):
    monkeypatch.setenv("MDPKIT_CACHE", str(cache))
    folder = RunFolder("0123456789abcdef")
    folder.write(0, "controls", {"seconds": 0.5})
    assert not folder.path.exists()
    with folder.opened(notice=pytest.fail):
        assert folder.read(0, "controls") is None
        folder.write(0, "controls", {"seconds": 0.5, "ratio": float("inf")})
        assert folder.read(0, "controls") == {"seconds": 0.5, "ratio": float("inf")}
        assert [file.name for file in folder.path.iterdir()] == ["0-controls.json"]
        folder.remove()
    assert not folder.path.exists()
