"""Files are written whole or not at all."""

import os
from pathlib import Path
from uuid import uuid4


def write_whole(path, content: bytes | str) -> Path:
    """Put content into a file.

    It goes to a new file in the same folder, is flushed to disk and then takes the name: whoever reads `path` sees the
    old file or the new one, also when two processes write or one of them dies.

    Raises: OSError where the folder cannot be written to; nothing is left behind.
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
