"""Tasks in processes of their own, one at a time, on one thread each.

`python -m mdpkit.bench REQUEST ANSWER` reads a task from one JSON file and writes its result to the other, so that what
packages print does not mix with it. A process a task keeps first calls and peak memory apart.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from ..base.errors import MdpkitError

ONE_THREAD = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")


class TaskFailed(MdpkitError, RuntimeError):
    """A task ended without a result; the message is the last line of its errors."""


def run(task: str, /, environment: dict[str, str] | None = None, **arguments: Any) -> Any:
    """Run a function of `tasks.TASKS` in a new process, and return its result.

    Args:
        task: its name.
        environment: variables of the process beside the caller's.
        arguments: of the function, as JSON.

    Raises: TaskFailed if the process fails.
    """
    with tempfile.TemporaryDirectory() as folder:
        request, answer = Path(folder) / "request.json", Path(folder) / "answer.json"
        request.write_text(json.dumps({"task": task, "arguments": arguments}))
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-m", "mdpkit.bench", str(request), str(answer)],
            env={**os.environ, **_path(), **ONE_THREAD, **(environment or {})},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
        )
        if done.returncode or not answer.exists():
            raise TaskFailed((done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1])
        return json.loads(answer.read_text())


def _path():
    """The path on which the new process finds this package."""
    known = os.environ.get("PYTHONPATH")
    here = str(Path(__file__).parents[2])
    return {"PYTHONPATH": f"{here}{os.pathsep}{known}" if known else here}
