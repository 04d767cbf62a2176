"""Independent tasks on a Dask cluster: tasks have names, those of a lost worker run again, silence is reported.

Tasks are submitted to `distributed` itself rather than through joblib's backend for Dask, which does not name them and
waits for ever if the scheduler dies.
"""

import queue
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any
from uuid import uuid4

from .errors import MdpkitError, MissingPackage, WorkerLost
from .versions import software

SILENCE = 60
"""Seconds without a finished task after which `notice` hears what runs where."""
ANSWER = 20
"""Seconds within which the scheduler must answer, or the cluster counts as lost."""
BEAT = 1
"""Seconds between two looks at the state of the cluster."""
KEPT = "finished tasks are kept, and the same command resumes where it stopped, with this cluster or without"


def on_cluster(
    scheduler: Any, function: Callable, calls: Mapping[str, tuple], notice: Callable[[str], Any]
) -> Iterator[tuple[str, Any]]:
    """Results of independent calls on a Dask cluster, as (name, result) in the order of completion.

    Args:
        scheduler: address of the scheduler, such as "tcp://10.0.0.1:8786", or a `distributed.Client`.
        function: a function of a module of mdpkit. calls: name of each task -> its arguments, which should be small.
        notice: called with a sentence when no task has finished for SILENCE seconds.

    The scheduler runs the tasks of a worker that dies, or that sends no heartbeat for the time of its setting
    `distributed.scheduler.worker-ttl` (five minutes by default), on other workers.

    Raises: WorkerLost if there is no cluster at the address, if it is lost, or if a worker has several threads or other
        software than this process; MissingPackage without Dask; errors of the function itself.
    """
    with _client(scheduler) as client:
        run, waiting = uuid4().hex[:8], dict(calls)
        ended: queue.Queue = queue.Queue()
        futures = {}
        for name, arguments in calls.items():
            future = client.submit(_run, function, arguments, software(), key=f"{name}-{run}", pure=False)
            futures[name] = future
            future.add_done_callback(lambda _, name=name: ended.put(name))
        try:
            heard = time.monotonic()
            while waiting:
                try:
                    name = ended.get(timeout=BEAT)
                    found = _result(client, futures[name], name)
                except TimeoutError:  # it ended, and then its worker fell silent with the result
                    ended.put(name)
                except queue.Empty:
                    _expect_an_answer(client)
                else:
                    heard = time.monotonic()
                    del futures[name], waiting[name]
                    yield name, found
                if time.monotonic() - heard > SILENCE:
                    heard = time.monotonic()
                    notice(_what_runs(client, run))
        finally:
            with suppress(Exception):
                client.cancel(list(futures.values()), force=True)


def _run(function, arguments, expected):
    """A task, in a worker."""
    from distributed import get_worker

    worker, own = get_worker(), software()
    if worker.state.nthreads != 1:
        raise WorkerLost(
            f"the worker {worker.address} has {worker.state.nthreads} threads; expected 1: dask worker --nthreads 1"
        )
    other = [what for what in expected if own.get(what) != expected[what]]
    if other:
        apart = "; ".join(f"{what} is {own.get(what)} there and {expected[what]} here" for what in other)
        raise WorkerLost(f"the worker {worker.address} has other software: {apart}; expected the same on both")
    try:
        return function(*arguments)
    except Exception:
        raise
    except BaseException as error:  # it would stop the client's event loop, and the client would wait for ever
        raise WorkerLost(f"a task raised {type(error).__name__}, not a subclass of Exception: {error}") from None


@contextmanager
def _client(scheduler):
    try:
        from distributed import Client
        from distributed.comm import get_address_host_port, parse_address
    except ModuleNotFoundError as error:
        raise MissingPackage("a scheduler needs Dask, which is not installed: pip install 'mdpkit[dask]'") from error
    if isinstance(scheduler, Client):
        if scheduler.status != "running":
            raise WorkerLost(f"the client is {scheduler.status}; expected one that is connected to its scheduler")
        yield scheduler
        return
    try:
        if parse_address(scheduler)[0] in ("tcp", "tls"):
            get_address_host_port(scheduler)  # else a client without a port would be waited for at its end
        client = Client(scheduler, timeout=ANSWER, set_as_default=False)
    except (OSError, TimeoutError, TypeError, ValueError) as error:
        raise WorkerLost(
            f"no scheduler answers at {scheduler!r}; expected an address such as tcp://10.0.0.1:8786, "
            f"as printed by `dask scheduler` or in the attribute scheduler_address of a LocalCluster: {error}"
        ) from error
    try:
        yield client
    finally:
        with suppress(Exception):
            client.close(timeout=ANSWER)


def _result(client, future, name):
    """The result of a task that has ended.

    Raises: TimeoutError if the worker that holds it does not answer.
    """
    from distributed import KilledWorker

    if future.cancelled():
        raise WorkerLost(f"the connection to the scheduler {_address(client)} was lost: it has ended; {KEPT}")
    try:
        return future.result(timeout=BEAT)
    except KilledWorker as error:
        raise WorkerLost(f"{name}: every worker that began it died; finished tasks are kept: {error}") from error
    except (RuntimeError, ImportError, AttributeError) as error:
        if isinstance(error, MdpkitError) or not ("deserializ" in str(error) or getattr(error, "name", "") == "mdpkit"):
            raise
        raise WorkerLost(
            f"{name} cannot be read on the cluster; expected this version of mdpkit on its scheduler and workers: {error}"
        ) from error


def _expect_an_answer(client):
    lost = f"the scheduler {_address(client)}"
    if client.status not in ("running", "connecting"):
        raise WorkerLost(f"the connection to {lost} was lost: it has ended; {KEPT}")
    try:
        client.sync(client.scheduler.identity, callback_timeout=ANSWER)
    except (OSError, TimeoutError, AttributeError) as error:
        raise WorkerLost(f"{lost} has not answered for {ANSWER} seconds; {KEPT}") from error


def _address(client):
    return getattr(client.scheduler, "address", "of the cluster")


def _what_runs(client, run):
    """A sentence: which tasks run on which workers, when these were last heard of, and what can be done."""
    workers = client.scheduler_info(n_workers=-1)["workers"]
    if not workers:
        return f"no worker is connected to {_address(client)}; start some: dask worker {_address(client)} --nthreads 1"
    now, parts = time.time(), []
    for address, keys in client.processing().items():
        own = [str(key).removesuffix(f"-{run}") for key in keys if str(key).endswith(run)]
        if own and address in workers:
            heard = max(0, now - workers[address]["last_seen"])
            parts.append(f"{address} (last heard {heard:.0f} s ago) runs {', '.join(own[:3])}")
    what = "; ".join(parts[:5]) or "none of them is with a worker"
    return (
        f"no task finished for {SILENCE} s: {what}. A worker without heartbeat is dropped after the scheduler's "
        f"`worker-ttl`, and its tasks run elsewhere; to stop, press Ctrl-C: {KEPT}"
    )
