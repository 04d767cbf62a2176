"""Atomic file writes."""

import os
from pathlib import Path
from uuid import uuid4


def write_whole(path, content: bytes | str) -> Path:
    """Write content to a file atomically.

    The content is written to a new file in the same folder, flushed to disk and renamed: readers of `path` see the old
    file or the new one, even if two processes write or one of them dies.

    Raises: OSError if the folder is not writable; no partial file remains.
    """
    target = Path(os.path.realpath(path))
    fresh = target.with_name(f".{uuid4().hex}.part")
    try:
        with open(fresh, "xb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(fresh, target)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise
    return Path(path)
