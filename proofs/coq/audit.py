"""Write Audit.v, which prints the statement and the assumptions of every theorem in theorems.json."""

import json
from pathlib import Path

HERE = Path(__file__).parent


def main():
    theorems = list(json.loads((HERE / "theorems.json").read_text(encoding="utf-8")))
    modules = dict.fromkeys(name.partition(".")[0] for name in theorems)
    lines = [
        "(* Written by audit.py from theorems.json. *)",
        "From mathcomp Require Import all_ssreflect all_algebra.",
        "Import GRing.Theory Num.Theory.",
        "Local Open Scope ring_scope.",
        f"From MDPKit Require Import {' '.join(modules)}.",
    ]
    for name in theorems:
        lines += [f"Check {name}.", f"Print Assumptions {name}."]
    (HERE / "Audit.v").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
