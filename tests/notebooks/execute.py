"""Run a notebook in a fresh kernel; a cell that raises makes this script fail with its traceback.

Claims are verified on fewer draws than usual; the README's first command and the claims' tests use the usual number.
"""

import sys
from pathlib import Path

FEWER_DRAWS = """
from functools import partial
import mdpkit
from mdpkit.verify.profile import Profile
mdpkit.verify = partial(mdpkit.verify, profile=Profile("short", chunks=1, draws=60, evaluations=500, differential=5))
"""


def execute(path):
    import jupytext
    from nbclient import NotebookClient
    from nbformat.v4 import new_code_cell

    notebook = jupytext.read(path)
    notebook.cells.insert(0, new_code_cell(FEWER_DRAWS))
    NotebookClient(
        notebook, timeout=None, kernel_name="python3", resources={"metadata": {"path": str(path.parent)}}
    ).execute()


if __name__ == "__main__":
    execute(Path(sys.argv[1]))
