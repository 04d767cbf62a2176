"""A JupyterLab of its own: a free port, a token, no settings of whoever runs it, gone when it is left."""

import json
import os
import secrets
import subprocess
import sys
import time
from contextlib import contextmanager
from urllib.request import urlopen

from tools.processes import HANG

FOLDERS = (
    "JUPYTER_CONFIG_DIR",
    "JUPYTER_DATA_DIR",
    "JUPYTER_RUNTIME_DIR",
    "JUPYTERLAB_SETTINGS_DIR",
    "JUPYTERLAB_WORKSPACES_DIR",
)


@contextmanager
def jupyterlab(folder, home):
    """A running server.

    Args: folder: what it shows. home: an empty folder for all that it keeps.
    Yields: function of a page's path that returns its address.
    """
    token = secrets.token_hex(16)
    surroundings = {
        **os.environ,
        **{name: str(home / name.lower()) for name in FOLDERS},
        "IPYTHONDIR": str(home / "ipython"),
    }
    options = [
        f"--ServerApp.root_dir={folder}",
        f"--IdentityProvider.token={token}",
        "--ServerApp.port=0",
        "--no-browser",
        "--allow-root",
    ]
    options.append("--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate")
    with open(home / "log", "w+", encoding="utf-8") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "jupyterlab", *options],
            cwd=folder,
            env=surroundings,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            url = _started(server, home / "jupyter_runtime_dir" / f"jpserver-{server.pid}.json", token, log)
            yield lambda path: f"{url}{path}?token={token}"
        finally:
            _stop(server)


def _started(server, told, token, log):
    """The address of a server that answers."""
    end = time.monotonic() + HANG
    while server.poll() is None and time.monotonic() < end:
        try:
            url = json.loads(told.read_text(encoding="utf-8"))["url"]
            with urlopen(f"{url}api/status?token={token}", timeout=HANG):
                return url
        except (OSError, ValueError):  # there is no file yet, or half of one, or nobody listens yet
            time.sleep(0.05)
    log.seek(0)
    raise AssertionError(f"JupyterLab did not start: {log.read()}")


def _stop(server):
    """Asked first, so that it ends its kernels; then killed, and they end when they see that it is gone."""
    server.terminate()
    try:
        server.wait(HANG)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()
