"""Run a notebook in a fresh kernel; a cell that raises makes this script fail with its traceback."""

import sys
from pathlib import Path


def execute(path):
    import jupytext
    from nbclient import NotebookClient

    NotebookClient(
        jupytext.read(path), timeout=None, kernel_name="python3", resources={"metadata": {"path": str(path.parent)}}
    ).execute()


if __name__ == "__main__":
    execute(Path(sys.argv[1]))
