"""Progress callbacks: a progress bar, TensorBoard."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from os import PathLike


@contextmanager
def progress_bar() -> Iterator[Callable[..., None]]:
    """A `progress` callback that draws a bar on standard error if that is a terminal, and is silent otherwise.

    >>> with progress_bar() as progress:
    ...     progress(1, 2, loss=0.5)
    """
    if not sys.stderr.isatty():
        yield lambda done, total, **numbers: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}", markup=False)
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)

        def move(done, total, **numbers):
            words = ", ".join(f"{name} {value:.4g}" for name, value in numbers.items())
            bar.update(task, completed=done, total=total, description=words)

        yield move


@contextmanager
def tensorboard(folder: str | PathLike[str]) -> Iterator[Callable[..., None]]:
    """A `progress` callback that writes its numbers to a folder for TensorBoard.

    Raises: ModuleNotFoundError if the package tensorboard is missing.
    """
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "mdpkit.deep.tensorboard needs the package tensorboard: pip install tensorboard", name=error.name
        ) from error
    with SummaryWriter(folder) as writer:

        def write(done, total, **numbers):
            for name, value in numbers.items():
                writer.add_scalar(name, value, done)

        yield write
