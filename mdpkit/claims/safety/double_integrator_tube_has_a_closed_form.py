"""A cart in front of a wall is in the tube exactly where its braking distance reaches the wall.

Statement  Let x' = x + v and v' = v + a simultaneously, with |a| <= amax, with |v| <= vmax and |x| <= xmax by
           clipping, and with failure where x >= xmax. Failure is inevitable exactly where x + stop(v) >= xmax, with
           stop(v) = v + (v - amax) + ... over the positive terms.
Assumes    position and velocity move at the same time.
Units      integers: position and velocity in grid units.
Kind       identity (enumerated)
Source     adapted from Qadri, Swamy, Francis, Kaess and Bajcsy, 2025.
Proof      proofs/safety/double_integrator_tube_has_a_closed_form.md
"""

import numpy as np

from ... import measure
from ...base.interval import interval
from ...instances import double_integrator
from ...instances.instance import Instance
from ...model import SafetyProblem
from ...verify.claim import Assumption, Claim, Control, Equal


def grid(m):
    """Position and velocity of every state, `[s]`."""
    x, v = np.meshgrid(np.arange(-m.xmax, m.xmax + 1), np.arange(-m.vmax, m.vmax + 1), indexing="ij")
    return x.ravel(), v.ravel()


def stop(v, amax):
    """Braking distance of a cart at speed v."""
    distance = np.zeros_like(v)
    while (v > 0).any():
        distance = distance + np.maximum(v, 0)
        v = v - amax
    return distance


def check(m):
    x, v = grid(m)
    return Equal({"tube": (measure.tube(m.problem), (x + stop(v, m.amax) >= m.xmax).astype(int))})


def continuous_time(m):
    x, v = grid(m)
    return Equal(
        {"tube": (measure.tube(m.problem), (2 * m.amax * x + np.maximum(v, 0) ** 2 >= 2 * m.amax * m.xmax).astype(int))}
    )


def cart(amax, vmax, xmax):
    return Instance(problem=double_integrator(amax, vmax, xmax), amax=amax, vmax=vmax, xmax=xmax)


def carts():
    return [cart(amax, vmax, xmax) for amax in (1, 2, 3) for vmax in (1, 2, 4, 7) for xmax in (1, 5, 20)]


# ---- controls
def velocity_first(amax, vmax, xmax):
    """The same cart, with its position updated by the new velocity."""
    m = cart(amax, vmax, xmax)
    x, v = grid(m)
    a = np.arange(-amax, amax + 1)
    after = np.clip(v[:, None] + a, -vmax, vmax)
    place = np.clip(x[:, None] + after, -xmax, xmax)
    m.problem = SafetyProblem(m.problem.failure, (place + xmax) * (2 * vmax + 1) + after + vmax)
    return m


def simultaneous(m):
    return m.problem == double_integrator(m.amax, m.vmax, m.xmax)


def failure_only(tube, problem):
    return interval(problem.failure.astype(int))


def numbers(m):
    """Data for the phase plane."""
    return {
        "tube": measure.tube(m.problem).lower.astype(int).tolist(),
        "failure": m.problem.failure.astype(int).tolist(),
    }


def figure(ax, rows):
    """Phase plane: failure, tubes of a weak and a strong brake, and states missed by the continuous-time formula."""
    big = {
        row["parameters"]["amax"]: row
        for row in rows
        if row.get("parameters", {}).get("xmax") == 20 and row["parameters"]["vmax"] == 7
    }
    x, v = grid(Instance(xmax=20, vmax=7))
    lost, strong = (np.array(big[amax]["data"]["tube"], dtype=bool) for amax in (1, 2))
    failure = np.array(big[1]["data"]["failure"], dtype=bool)
    for states, style, words in (
        (lost & ~strong, "sC0", "lost if $a_{max} = 1$"),
        (strong & ~failure, "sC2", "lost if $a_{max} \\leq 2$"),
        (failure, "sk", "failure"),
    ):
        ax.plot(x[states], v[states], style, label=words)
    braking, speed = np.arange(8), np.linspace(0, 7)
    for amax in (1, 2):
        ax.plot(
            20 - stop(braking, amax),
            braking,
            "k--",
            linewidth=0.8,
            label="$x + \\mathrm{stop}(v) = 20$" if amax == 1 else None,
        )
    spared = lost & (2 * x + np.maximum(v, 0) ** 2 < 40)
    ax.plot(20 - speed**2 / 2, speed, "C1", label="$x + v^2/2 = 20$ (fails)")
    ax.plot(x[spared], v[spared], "xC1", label="lost, spared by it (fails)")
    ax.set(xlabel="position $x$", ylabel="velocity $v$", xlim=(-20.5, 20.9), ylim=(-7.5, 7.5))
    ax.legend(loc="lower left")


CLAIM = Claim(
    "double_integrator_tube_has_a_closed_form",
    check,
    instances=carts,
    formula=(
        r"(x, v) \in B(F) \;\Leftrightarrow\; x + \mathrm{stop}(v) \ge x_{\max}, \qquad \mathrm{stop}(v) = \sum_{k "
        r"\ge 0} (v - k\, a_{\max})^+"
    ),
    papers=("qadri2025",),
    tags=("reachability", "closed-forms"),
    assumes=(Assumption("position and velocity move at the same time", simultaneous),),
    controls=(
        Control(
            "the velocity moves first",
            witness=lambda: velocity_first(1, 7, 20),
            drops="position and velocity move at the same time",
        ),
        Control(
            "the braking distance of continuous time",
            witness=lambda: cart(1, 7, 20),
            tightens=continuous_time,
            at="tube",
        ),
        Control(
            "failure in place of its tube", witness=lambda: cart(1, 7, 20), sabotages=measure.tube, by=failure_only
        ),
    ),
    data=numbers,
    figure=figure,
)
