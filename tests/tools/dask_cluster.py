"""A Dask cluster of processes, started by the commands of a user."""

import os
import subprocess
import sys

from tools.processes import end, waited_for


class DaskCluster:
    """A scheduler and its workers, each a process in a session of its own, which tests may kill."""

    def __init__(self, folder, lost_after="300s"):
        self.folder, self.file = folder, folder / "scheduler.json"
        self.environment = {**os.environ, "DASK_DISTRIBUTED__SCHEDULER__WORKER_TTL": lost_after, "OMP_NUM_THREADS": "1"}
        self.processes = []
        self.scheduler = self._start("scheduler", "--port", "0", "--no-dashboard", "--scheduler-file", self.file)
        waited_for(self.file, self.scheduler)

    @property
    def address(self):
        from json import loads

        return loads(self.file.read_text())["address"]

    def worker(self, threads=1, **environment):
        """Start one worker."""
        self.environment |= {name: str(value) for name, value in environment.items()}
        options = ("--nthreads", threads, "--no-nanny", "--no-dashboard", "--local-directory", self.folder)
        return self._start("worker", self.address, *options)

    def _start(self, *words):
        command = [sys.executable, "-m", "dask", *map(str, words)]
        with open(self.folder / "log.txt", "a") as log:
            process = subprocess.Popen(
                command, cwd=self.folder, env=self.environment, stdout=log, stderr=log, start_new_session=True
            )
        self.processes.append(process)
        return process

    def close(self):
        for process in reversed(self.processes):
            end(process)
