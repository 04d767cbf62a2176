"""Run one task of the benchmark: `python -m mdpkit.bench REQUEST ANSWER`."""

import json
import sys
from pathlib import Path

from .tasks import TASKS

if __name__ == "__main__":
    request, answer = map(Path, sys.argv[1:])
    asked = json.loads(request.read_text())
    answer.write_text(json.dumps(TASKS[asked["task"]](**asked["arguments"])))
