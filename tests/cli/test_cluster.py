"""Sweeps on a Dask cluster: the verdicts of a serial run, whatever dies in the middle."""

import json
import signal
import sys
import time

import numpy as np
import pytest
from hypothesis import settings
from tools.processes import HANG

pytest.importorskip("distributed")

from tools.dask_cluster import DaskCluster

from mdpkit.base import cluster as engine
from mdpkit.base.errors import InvalidClaim, MissingPackage, WorkerLost
from mdpkit.base.parallel import each_result
from mdpkit.hunt import hunt
from mdpkit.verify import verify

MOMENTS = 100 if settings.get_current_profile_name() == "nightly" else 2
"""At how many moments a sweep is killed."""
LEAVES_ITS_PLACE = "(Path(os.environ['SEEN']) / f'{os.getpid()}-{time.monotonic_ns()}').write_text(__file__)"


@pytest.fixture
def cluster(tmp_path_factory):
    started = []

    def start(**options):
        started.append(DaskCluster(tmp_path_factory.mktemp("cluster"), **options))
        return started[-1]

    yield start
    for each in started:
        each.close()


@pytest.fixture
def seen(tmp_path):
    folder = tmp_path / "seen"
    folder.mkdir()
    return folder


def finished(process, code=0):
    out, err = process.communicate(timeout=HANG)
    assert process.returncode == code, err
    return out, err


def test_a_users_file_travels_with_its_modules_and_its_problem(start, tiny, cluster, tmp_path, seen, results):
    (tmp_path / "between").mkdir()
    (tmp_path / "between" / "__init__.py").write_text("from .inner import LIMIT")
    (tmp_path / "between" / "inner.py").write_text("LIMIT = 3")
    own = tiny("own", extra="from between import LIMIT", limit="LIMIT", first=LEAVES_ITS_PLACE, more=2)
    command = ["verify", own, "performance_difference_lemma", "--profile", "glance", "--json"]
    alone, _ = finished(start(*command, SEEN=str(seen)))
    for file in seen.iterdir():
        file.unlink()
    used = cluster()
    used.worker(SEEN=seen)
    used.worker()
    together, _ = finished(start(*command, "--scheduler", used.address))
    assert results(together) == results(alone)
    places = {file.read_text() for file in seen.iterdir()}
    assert places
    assert all(place.endswith("own.py") and place != own for place in places), "each worker read its own copy"


def test_errors_name_the_users_own_file(start, tiny, cluster, results):
    used = cluster()
    used.worker()
    command = ["verify", tiny("raises", first="{}['lost']"), "--json"]
    alone, _ = finished(start(*command), code=1)
    there, _ = finished(start(*command, "--scheduler", used.address), code=1)
    assert results(there) == results(alone)
    assert "raises.py" in results(there)["claims"][0]["error"]


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP], ids=["killed", "never answers"])
def test_the_tasks_of_a_lost_worker_run_again(start, tiny, cluster, seen, results, how):
    used = cluster(lost_after="3s")
    first = used.worker(SEEN=seen, SLOW="0.1")
    command = ["verify", tiny("holds", first=LEAVES_ITS_PLACE, more=9), "--json", "--scheduler", used.address]
    process = start(*command, SEEN=str(seen))
    end = time.monotonic() + HANG
    while not list(seen.iterdir()):
        assert time.monotonic() < end
        time.sleep(0.01)
    first.send_signal(how)
    used.worker()
    there, said = finished(process)
    assert results(there) == results(finished(start(*command[:-2], SEEN=str(seen)))[0])
    tasks = [line for line in said.splitlines() if line.startswith("[")]
    assert len(tasks) == len(set(tasks)) == 11, "each task counts once"


def test_a_scheduler_that_dies_ends_the_run_and_loses_nothing(start, tiny, cluster, results):
    used = cluster()
    used.worker(SLOW="0.2")
    command = ["verify", tiny("holds", more=4), "--json"]
    process = start(*command, "--scheduler", used.address)
    for line in process.stderr:
        if line.startswith("[2/"):
            break
    used.scheduler.kill()
    _, said = finished(process, code=3)
    assert "was lost" in said
    assert "finished tasks are kept, and the same command resumes" in said
    resumed, said = finished(start(*command))
    assert "resumed: " in said
    assert results(resumed) == results(finished(start(*command))[0])


def test_a_scheduler_that_never_answers_ends_the_run(cluster, monkeypatch):
    used = cluster()
    used.worker()
    monkeypatch.setattr(engine, "ANSWER", 2)
    naps = each_result(time.sleep, {str(k): (0.2 * k,) for k in range(9)}, scheduler=used.address)
    next(naps)
    used.scheduler.send_signal(signal.SIGSTOP)
    with pytest.raises(WorkerLost, match="has not answered for 2 seconds; finished tasks are kept"):
        list(naps)


def test_a_sweep_killed_at_any_moment_resumes_to_the_same_result(start, tiny, cluster, cache, results):
    used = cluster()
    used.worker(SLOW="0.05")
    command = ["verify", tiny("holds", more=20), "--json"]
    alone, _ = finished(start(*command))
    rng = np.random.default_rng(0)
    for moment in range(1, MOMENTS + 1):
        process = start(*command, "--scheduler", used.address)
        after = 1 + moment * 17 // (MOMENTS + 1)
        for line in process.stderr:
            if line.startswith(f"[{after}/"):
                break
        time.sleep(rng.uniform(0, 0.1))
        process.kill()
        _, rest = process.communicate()
        done = [after, *(int(line[1:].partition("/")[0]) for line in rest.splitlines() if line.startswith("["))]
        kept = [json.loads(file.read_text())["task"] for file in cache.glob("runs/*/*.json")]
        assert len(kept) == len(set(kept))
        if done[-1] < 22:  # a run that has finished removes its folder, which may be half done
            assert len(kept) >= done[-1]
        again, said = finished(start(*command, "--scheduler", used.address))
        assert (f"resumed: {len(kept)} of 22" in said) == bool(kept)
        assert results(again) == results(alone)


def test_errors_on_a_worker_alone_end_their_claim_and_base_exceptions_the_run(start, tiny, cluster, tmp_path, results):
    used = cluster()
    used.worker()
    (tmp_path / "data.txt").write_text("3")
    reads = tiny("reads", extra="LIMIT = int((Path(__file__).parent / 'data.txt').read_text())", limit="LIMIT")
    out, _ = finished(start("verify", reads, tiny("holds"), "--json", "--scheduler", used.address), code=1)
    failed, held = results(out)["claims"]
    assert (failed["outcome"], held["outcome"]) == ("BROKEN", "CERTIFIED")
    assert f"{tmp_path}/reads.py cannot be imported" in failed["error"]
    assert "on a worker, which has the claim's file and its modules" in failed["error"]
    odd = tiny("odd", extra="class Odd(BaseException): pass", first="raise Odd('so')")
    _, said = finished(start("verify", odd, "--scheduler", used.address), code=3)
    assert "a task raised Odd, not a subclass of Exception: so" in said


def test_other_software_is_refused_with_both_versions(cluster, monkeypatch):
    used = cluster()
    used.worker()
    here = engine.software()
    monkeypatch.setattr(engine, "software", lambda: {**here, "numpy": "0.9"})
    with pytest.raises(WorkerLost, match=rf"other software: numpy is {here['numpy']} there and 0\.9 here"):
        verify("performance_difference_lemma", "glance", scheduler=used.address)


def test_a_worker_with_several_threads_is_refused(cluster):
    used = cluster()
    used.worker(threads=2)
    with pytest.raises(WorkerLost, match=r"has 2 threads; expected 1: dask worker --nthreads 1"):
        verify("performance_difference_lemma", "glance", scheduler=used.address)


def test_silence_is_reported_with_what_to_do(cluster, monkeypatch):
    used, said = cluster(), []
    monkeypatch.setattr(engine, "SILENCE", 1)

    def start_one(words):
        said.append(words)
        if len(said) == 1:
            used.worker()

    results = each_result(time.sleep, {"a nap": (4,)}, scheduler=used.address, notice=start_one)
    assert list(results) == [("a nap", None)]
    assert said[0] == f"no worker is connected to {used.address}; start some: dask worker {used.address} --nthreads 1"
    assert "runs a nap. A worker without heartbeat is dropped" in said[-1]


def test_hunts_are_those_of_a_serial_run(cluster):
    used = cluster()
    used.worker()
    budget = {"seconds": 2, "counted": True, "grid": {"H": [1, 2]}}
    alone = hunt("regret_gap_is_bounded_by_recoverability", **budget)
    there = hunt("regret_gap_is_bounded_by_recoverability", **budget, scheduler=used.address)
    assert [row.fixed for row in there.records] == [{"H": 1}, {"H": 2}]
    assert [(row.verdict, row.exact) for row in there.records] == [(row.verdict, row.exact) for row in alone.records]


def test_what_cannot_be_used_is_refused(mdpkit, monkeypatch):
    monkeypatch.setattr(engine, "ANSWER", 1)
    done = mdpkit("verify", "performance_difference_lemma", "--scheduler", "tcp://127.0.0.1:1")
    assert done.exit_code == 3
    assert "no scheduler answers at 'tcp://127.0.0.1:1'; expected an address such as" in done.stderr
    for address in ("nonsense", 7):
        with pytest.raises(WorkerLost, match=f"no scheduler answers at {address!r}; expected an address such as"):
            verify("performance_difference_lemma", scheduler=address)
    both = mdpkit("verify", "performance_difference_lemma", "--scheduler", "tcp://127.0.0.1:1", "--workers", 2)
    assert both.exit_code == 3
    assert "expected one of them" in both.stderr
    from mdpkit.claims import get

    with pytest.raises(InvalidClaim, match="given as an object, which cannot travel"):
        verify(get("performance_difference_lemma"), scheduler="tcp://127.0.0.1:1")


def test_without_dask_the_message_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(MissingPackage, match=r"pip install 'mdpkit\[dask\]'"):
        verify("performance_difference_lemma", scheduler="tcp://127.0.0.1:1")
