"""The command of a script that declares an experiment with networks: runs, table and figure."""

import argparse
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..base.files import write_whole
from .style import style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..deep.experiment import Experiment, Results


def run_script(
    file: str | Path,
    about: str | None,
    declare: Callable[[int], "Experiment"],
    summary: Callable[["Results"], dict[str, Any]],
    draw: Callable[["Results", dict[str, Any]], "Figure"],
) -> None:
    """Parse the command line, make the missing runs, and write the table and the figure.

    Args:
        file: the script. Runs are stored in a folder of its name, the table and the figure beside it as .json and .pdf.
        about: what `--help` prints.
        declare: function of the number of seeds that returns the Experiment.
        summary: function of the Results that returns the table, as JSON data.
        draw: function of the Results and the table that returns the figure.
    """
    asked = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--jobs", type=int, default=1, help="number of processes")
    asked.add_argument("--seeds", type=int, default=10, help="number of seeds")
    given = asked.parse_args()
    place = Path(file).with_suffix("")
    results = declare(given.seeds).run(place, jobs=given.jobs)
    table = summary(results)
    write_whole(place.with_suffix(".json"), json.dumps(table, indent=1) + "\n")
    with style("page"):
        content = io.BytesIO()
        draw(results, table).savefig(content, format="pdf", metadata={"CreationDate": None})
    write_whole(place.with_suffix(".pdf"), content.getvalue())
