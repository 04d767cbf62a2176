"""How seconds and memory grow with a model, with the processes that solve it, and with a sweep.

    python tests/bench/bench_scale.py [FOLDER] [--most NONZEROS]

Writes scale.csv and scale.pdf to the folder (tests/bench/experiments by default); 1e7 non-zeros by default, about ten
minutes and 1 GB of disk; 1e8 take an hour and 10 GB. Seconds are wall-clock time of a machine that should do nothing
else. Peak memory is that of the largest process. Needs PETSc and Dask.

Models: garnets with 4 actions and 5 successors at discount .99, written to a folder in parts; and the epidemic of
madupite's examples, a population in which the number of healthy people is the state, five measures of hygiene and four
of distance are the actions, and the next number of infected people is binomial (Gargiani et al., 2024).
"""

import csv
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from scipy.stats import binom

from mdpkit.report.style import PAGE, style_context
from mdpkit.solve.petsc import ModelFolder, Writer

ACTIONS, SUCCESSORS, GAMMA = 4, 5, 0.99
PART = 50_000
"""Number of states that are drawn at once."""
COLUMNS = ("panel", "x", "side", "y")
CLAIMS = (4, 8, 16, 32)


def write_garnet(path, S, seed=0):
    """Rows of five successors, one in each fifth of the states, with weights 1 to 99."""
    rng, fifth = np.random.default_rng(seed), S // SUCCESSORS
    with Writer(path, ACTIONS, GAMMA) as writer:
        for first in range(0, S, PART):
            rows = (min(first + PART, S) - first) * ACTIONS
            successors = rng.integers(0, fifth, (rows, SUCCESSORS)) + fifth * np.arange(SUCCESSORS)
            weights = rng.integers(1, 100, (rows, SUCCESSORS))
            laws = weights / weights.sum(axis=1, keepdims=True)
            writer.append(
                np.full(rows, SUCCESSORS), successors.ravel(), laws.ravel(), rng.random((rows // ACTIONS, ACTIONS))
            )
    return ModelFolder.open(path)


CONTAGION, CONTACTS = (0.25, 0.125, 0.08, 0.05, 0.03), (20, 16, 10, 1)
EXPENSE, COMFORT = ((0, 1, 5, 6, 9), (0, 1, 10, 30)), ((1, 0.7, 0.5, 0.4, 0.05), (1, 0.9, 0.5, 0.1))
"""Of each measure of hygiene and of distance: chance of infection by a contact, contacts a day, expense, comfort."""


def write_epidemic(path, people, gamma=0.99):
    """State: number of healthy people; rewards are the costs of the example, negated."""
    i, j = (each.ravel() for each in np.meshgrid(range(5), range(4), indexing="ij"))
    chance, contacts = np.array(CONTAGION)[i], np.array(CONTACTS)[j]
    expense, comfort = (
        np.array(EXPENSE[0])[i] + np.array(EXPENSE[1])[j],
        np.array(COMFORT[0])[i] * np.array(COMFORT[1])[j],
    )
    with Writer(path, 20, gamma) as writer:
        for s in range(people + 1):
            infected = 1 - np.exp(-(1 - s / people) * chance * contacts)
            reward = -(2 * expense - 10 * comfort + 0.5 * (people - s) ** 1.1)
            lengths, columns, entries = [], [], []
            for p in infected:
                low, high = (int(end) for end in binom.interval(1 - 1e-13, s, p)) if p > 0 and s else (0, 0)
                law = binom.pmf(np.arange(low, high + 1), s, p)
                lengths.append(len(law))
                columns.append(people - np.arange(high, low - 1, -1))
                entries.append(law[::-1] / law.sum())
            writer.append(lengths, np.concatenate(columns), np.concatenate(entries), reward[None])
    return ModelFolder.open(path)


# each in a process of its own, which inherits no peak of memory
WRITE = """
import json, sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[1])
import bench_scale
start = time.perf_counter()
model = getattr(bench_scale, sys.argv[2])(Path(sys.argv[3]), int(sys.argv[4]))
print(json.dumps([time.perf_counter() - start, model.transitions]))
"""
IN_MEMORY = """
import json, resource, sys, time
import numpy as np
from scipy.sparse import csr_array
from mdpkit import MDP, Discounted, solve
from mdpkit.solve.petsc import ModelFolder
folder = ModelFolder.open(sys.argv[1])
start = time.perf_counter()
data, indices, indptr, r = (np.load(f"{sys.argv[1]}/{name}.npy") for name in ("data", "indices", "indptr", "r"))
problem = MDP(csr_array((data, indices.astype(np.int32), indptr), (folder.S * folder.A, folder.S)), r, horizon=Discounted(folder.gamma))
del data, indices, indptr
answer = solve(problem, tol=1e-6)
print(json.dumps([time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, float(answer.value.mid.mean())]))
"""
ON_PETSC = """
import json, resource, sys, time
from mdpkit.solve.petsc import InexactPolicyIteration
start = time.perf_counter()
plan = InexactPolicyIteration(ranks=int(sys.argv[2])).plan(sys.argv[1], 1e-6)
seconds = time.perf_counter() - start
assert plan.status.name == "SOLVED", plan.status
peak = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)) / 1024
print(json.dumps([seconds, peak, float(plan.value.mid.mean())]))
"""
SWEEP = """
import json, sys, time
from distributed import LocalCluster
from mdpkit.claims import ids
from mdpkit.verify.run.session import verify_all
if __name__ == "__main__":
    workers, claims = int(sys.argv[1]), int(sys.argv[2])
    with LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address=None) as cluster:
        verify_all(ids()[:2], "glance", seed=1, scheduler=cluster.scheduler_address)  # imports and compiled kernels
        start = time.perf_counter()
        verify_all(ids("imitation")[:claims], "glance", scheduler=cluster.scheduler_address)
        print(json.dumps(time.perf_counter() - start))
"""


def child(program, *words):
    """The JSON that a program of its own prints last."""
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder, "program.py")
        script.write_text(program)
        done = subprocess.run([sys.executable, script, *map(str, words)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    return json.loads(done.stdout.splitlines()[-1])


def measure(most):
    def tell(panel, x, side, y):
        print(panel, x, side, f"{y:.4g}", flush=True)
        return {"panel": panel, "x": f"{x:g}", "side": side, "y": f"{y:.4g}"}

    for claims in CLAIMS:
        for workers in (1, 2):
            yield tell("sweep", claims, f"{workers} worker{'s' * (workers > 1)}", child(SWEEP, workers, claims))
    sizes = [size for size in (1e5, 1e6, 1e7, 1e8) if size <= most]
    models = [("garnet", write_garnet, int(size / ACTIONS / SUCCESSORS)) for size in sizes]
    models += [("epidemic", write_epidemic, people) for people in (300, 1000, 3000)]
    for name, write, size in models:
        with tempfile.TemporaryDirectory() as folder:
            path, means = Path(folder, "model"), []
            seconds, entries = child(WRITE, Path(__file__).parent, write.__name__, path, size)
            yield tell(f"{name}, seconds", entries, "write the folder", seconds)
            sides = [
                ("mdpkit, in memory", IN_MEMORY, ()),
                *((f"PETSc, {n} process{'es' * (n > 1)}", ON_PETSC, (n,)) for n in (1, 2)),
            ]
            for side, program, words in sides:
                seconds, peak, mean = child(program, path, *words)
                means.append(mean)
                yield tell(f"{name}, seconds", entries, side, seconds)
                yield tell(f"{name}, MiB", entries, side, peak)
            assert np.ptp(means) <= 1e-6 + 1e-9 * abs(means[0]), means


LABELS = {
    "sweep": ("claims verified", "seconds"),
    "garnet": ("non-zero probabilities", ""),
    "epidemic": ("non-zero probabilities", ""),
}


def draw(rows):
    from matplotlib.figure import Figure

    panels = list(dict.fromkeys(row["panel"] for row in rows))
    figure = Figure(figsize=(PAGE, 4.4), layout="constrained")
    axes = figure.subplots(2, 3).ravel()
    for ax, panel in zip(axes, panels, strict=False):
        for k, side in enumerate(dict.fromkeys(row["side"] for row in rows if row["panel"] == panel)):
            points = [
                (float(row["x"]), float(row["y"])) for row in rows if (row["panel"], row["side"]) == (panel, side)
            ]
            ax.plot(*zip(*points, strict=True), "osD^"[k] + "-", color=f"C{k}", label=side, markersize=3)
        name, _, unit = panel.partition(", ")
        ax.set(xscale="log", yscale="log", xlabel=LABELS[name][0], ylabel=unit or LABELS[name][1], title=name)
        ax.xaxis.set_minor_formatter("")
        if panel == "sweep":
            ax.set_xticks(CLAIMS, CLAIMS)
        ax.legend(fontsize=6)
    for ax in axes[len(panels) :]:
        ax.remove()
    return figure


def main(folder=Path(__file__).parent / "experiments", most=1e7):
    rows = list(measure(most))
    with open(folder / "scale.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    with style_context():
        draw(rows).savefig(folder / "scale.pdf", metadata={"CreationDate": None})


if __name__ == "__main__":
    words = sys.argv[1:]
    most = float(words.pop(words.index("--most") + 1)) if "--most" in words else 1e7
    paths = [Path(word) for word in words if word != "--most"]
    main(*paths[:1], most=most) if paths else main(most=most)
