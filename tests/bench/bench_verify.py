"""CPU seconds that `verify` takes a claim, beside those of another commit.

    python tests/bench/bench_verify.py [--against COMMIT] [--profile PROFILE] [CLAIM ...]

Each claim is verified in a process that has verified it once before, so that its kernels are compiled. With --against
the same is done in a checkout of that commit, the two alternating, for the claims that both have; the last line holds
the means of both and the ratio of their CPU seconds.
"""

import os
import subprocess
import sys
import tempfile
from argparse import ArgumentParser
from pathlib import Path

import mdpkit

HERE = Path(__file__).parents[2]
TIMED = """
import sys, time
import mdpkit
claim, profile = sys.argv[1:]
if claim not in mdpkit.claims.ids():
    raise SystemExit("missing")
mdpkit.verify(claim, profile)
start = time.process_time()
verdict = mdpkit.verify(claim, profile, seed=1)
print(time.process_time() - start, verdict.outcome.name, verdict.tightest)
"""


def timed(root, claim, profile, cache):
    """(CPU seconds, outcome, tightest ratio) in a checkout, or None if the claim is not there."""
    done = subprocess.run(
        [sys.executable, "-c", TIMED, claim, profile],
        cwd=root,
        env=environment(root, cache),
        capture_output=True,
        text=True,
    )
    if done.returncode:
        return None
    seconds, outcome, tightest = done.stdout.split()
    return float(seconds), outcome, tightest


def environment(root, cache):
    return {**os.environ, "PYTHONPATH": str(root), "MDPKIT_CACHE": cache}


def main(words):
    options = ArgumentParser()
    options.add_argument("claims", nargs="*")
    options.add_argument("--against")
    options.add_argument("--profile", default="quick")
    given = options.parse_args(words)
    sums, counted = [0.0, 0.0], 0
    with tempfile.TemporaryDirectory() as folder:
        other = Path(folder) / "other"
        if given.against:
            subprocess.run(["git", "worktree", "add", "--detach", str(other), given.against], cwd=HERE, check=True)
        try:
            for claim in given.claims or mdpkit.claims.ids():
                roots = (HERE, other) if given.against else (HERE,)
                rows = [timed(root, claim, given.profile, str(Path(folder) / root.name)) for root in roots]
                if None in rows:
                    continue
                counted += 1
                for k, row in enumerate(rows):
                    sums[k] += row[0]
                print(f"{claim[:58]:58} " + "   ".join(f"{s:7.2f} s {o:10} {t}" for s, o, t in rows), flush=True)
        finally:
            if given.against:
                subprocess.run(["git", "worktree", "remove", "--force", str(other)], cwd=HERE, check=True)
    print(f"{counted} claims, {sums[0] / counted:.2f} CPU s each", end="")
    print(f", before {sums[1] / counted:.2f}: {sums[1] / sums[0]:.1f} times as many" if given.against else "")


if __name__ == "__main__":
    main(sys.argv[1:])
