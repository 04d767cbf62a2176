"""Independent tasks in this process, in several, or on a Dask cluster."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures.process import BrokenProcessPool
from typing import Any

from .errors import WorkerLost


def each_result(
    function: Callable,
    calls: Mapping[str, tuple],
    *,
    workers: int = 1,
    scheduler: Any = None,
    notice: Callable[[str], Any] = lambda words: None,
) -> Iterator[tuple[str, Any]]:
    """Results of independent calls, as (name, result) in the order of completion.

    Args:
        function: a function of a module. calls: name of each task -> its arguments.
        workers: processes on this machine; with one, all calls run in this process, in their order.
        scheduler: a Dask cluster in place of processes: the address of its scheduler, or a `distributed.Client`.
        notice: called with a sentence when the cluster falls silent.

    Raises: WorkerLost if a process of this machine dies, or the cluster is lost; errors of the function itself.

    >>> sorted(each_result(divmod, {"first": (7, 2), "second": (9, 4)}))
    [('first', (3, 1)), ('second', (2, 1))]
    """
    if not calls:
        return
    if scheduler is not None:
        from .cluster import on_cluster

        yield from on_cluster(scheduler, function, calls, notice)
    elif min(workers, len(calls)) <= 1:
        for name, arguments in calls.items():
            yield name, function(*arguments)
    else:
        yield from _in_processes(function, calls, workers)


def _in_processes(function, calls, workers):
    from joblib import Parallel, delayed

    pool = Parallel(
        min(workers, len(calls)),
        "loky",
        return_as="generator_unordered",
        batch_size=1,
        initializer=_as_worker,
        initargs=(os.getpid(),),
    )
    try:
        yield from pool(delayed(_named)(name, function, arguments) for name, arguments in calls.items())
    except BrokenProcessPool as error:
        raise WorkerLost(
            f"a worker process died; finished tasks are kept; a run with one worker identifies the claim: {error}"
        ) from error


def _named(name, function, arguments):
    return name, function(*arguments)


def _as_worker(parent):
    """Initialise a worker: the parent handles Ctrl-C, and a worker whose parent was killed exits."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def watch():
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
