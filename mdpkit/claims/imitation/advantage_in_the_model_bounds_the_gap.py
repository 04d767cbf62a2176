"""A policy loses at most the expert's advantage in the model plus the model error under both policies' occupancies.

Statement  Let P' be a model of the transitions P, V' and A' the learner's values and advantages in it, and osc the
           maximum minus the minimum over states. Then
               J(E) - J(L) = sum_t E_{d_t^E}[A'_t + (P - P') V'_{t+1}] + sum_t E_{d_t^L}[(P' - P) V'_{t+1}]
               <= sum_t E_{d_t^E}[A'_t] + sum_t osc(V'_{t+1}) (E_{d_t^E} + E_{d_t^L})[TV(P, P')]
               <= sum_t E_{d_t^E}[A'_t] + sum_t (H-1-t) (E_{d_t^E} + E_{d_t^L})[TV(P, P')].
           A fork whose model hides the expert's reward and imagines it elsewhere attains both bounds, for every error
           of the model. For PSDP planned in the model from the expert's states the first sum is at most 0: no
           planning from the start state is needed.
Assumes    finite horizon; the model has the same start law and rewards; last bound: rewards in [0, 1].
Units      TV in [0, 1]; J is the undiscounted return in the true process. E_{d^E} + E_{d^L} is twice the mean under
           an equal mixture of the two occupancies.
Kind       for all; identity; exists
Source     adapted from Vemula, Song, Singh, Bagnell and Choudhury, 2023, and from Ren, Swamy, Wu, Bagnell and
           Choudhury, 2024.
Proof      proofs/imitation/advantage_in_the_model_bounds_the_gap.md
"""

import numpy as np

from ... import measure
from ...base.arrays import objects
from ...ink.figures import bound
from ...instances.blocks import Box, Simplex
from ...instances.family import Family
from ...instances.instance import Instance
from ...instances.library.imitation.fitted import mirage
from ...learn import PSDP, fit, grant
from ...model import MDP, Finite, TabularPolicy
from ...model.shaping import shaped_reward
from ...verify.claim import Assumption, Bound, Claim, Control, Equal, Part
from ...verify.faults import exchange_states


def expert_advantage(m):
    """The expected advantage of the expert in the model, summed over steps."""
    return (measure.occupancy(m.mdp, m.expert) * measure.advantage(m.model, m.learner)).sum()


def errors(m):
    """E TV(P, P') at each step, under the occupancy of the expert and of the learner."""
    return [measure.transition_error(m.mdp, m.model, policy) for policy in (m.expert, m.learner)]


def check(m, weights=(1, 1)):
    gap, A = measure.value_gap(m.mdp, m.expert, m.learner), expert_advantage(m)
    V, H = measure.state_value(m.model, m.learner), m.mdp.horizon.H
    spread, left = V.max(axis=-1) - V.min(axis=-1), np.arange(H - 1, -1, -1)
    error = sum(weight * each for weight, each in zip(weights, errors(m), strict=True))
    return Bound(gap, A + (error * spread[1:]).sum(), A + (error * left).sum())


def identity(m):
    V = measure.state_value(m.model, m.learner)
    error = shaped_reward(m.mdp, V) - shaped_reward(m.model, V)
    d = measure.occupancy(m.mdp, m.expert) - measure.occupancy(m.mdp, m.learner)
    return Equal({"gap": (measure.value_gap(m.mdp, m.expert, m.learner), expert_advantage(m) + (d * error).sum())})


def under_the_expert(m):
    return check(m, weights=(2, 0))


def under_the_learner(m):
    return check(m, weights=(0, 2))


def half_of_the_span(m):
    gap, by_span, by_steps = check(m).sides
    A = expert_advantage(m)
    return Bound(gap, A + (by_span - A) / 2, A + (by_steps - A) / 2)


def plus_signs(m):
    """As if the model's error under the learner's occupancy entered with the sign of that under the expert's."""
    V = measure.state_value(m.model, m.learner)
    error = shaped_reward(m.mdp, V) - shaped_reward(m.model, V)
    d = measure.occupancy(m.mdp, m.expert) + measure.occupancy(m.mdp, m.learner)
    return Equal({"gap": (measure.value_gap(m.mdp, m.expert, m.learner), expert_advantage(m) + (d * error).sum())})


# ---- instances
FAMILY = Family(
    blocks=dict(
        P=Simplex("H", "S", "A", to="S"),
        guess=Simplex("H", "S", "A", to="S"),
        r=Box("H", "S", "A"),
        rho=Simplex(to="S"),
        expert=Simplex("H", "S", to="A"),
        learner=Simplex("H", "S", to="A"),
    ),
    sizes=dict(H=(1, 4), S=(1, 3), A=(2, 3)),
    models=dict(
        mdp=lambda x: MDP(x.P, x.r, x.rho, horizon=Finite(x.sizes["H"])),
        model=lambda x: MDP(x.guess, x.r, x.rho, horizon=Finite(x.sizes["H"])),
        expert=lambda x: TabularPolicy(x.expert),
        learner=lambda x: TabularPolicy(x.learner),
    ),
)


def search(seed, H=3, S=3, A=2):
    """PSDP in a drawn model, from the states that the expert visits in the process."""
    rng = np.random.default_rng(seed)

    def draw(*shape):
        weights = objects(rng.integers(0, 4, shape) + np.eye(1, shape[-1], dtype=int)[0])
        return weights / weights.sum(axis=-1, keepdims=True)

    r, rho = objects(rng.integers(0, 5, (H, S, A))) / 4, objects(np.eye(1, S, dtype=int)[0])
    mdp, model = (MDP(draw(H, S, A, S), r, rho, horizon=Finite(H)) for _ in range(2))
    expert = TabularPolicy(draw(H, S, A))
    shown = grant(mdp, expert=expert, demonstrations="exact").demonstrations()
    learner = PSDP(reward=r, rollouts_per_action=None)
    answer = fit(learner, grant(model, demonstrations=shown, episodes="exact"), rng=None)
    return Instance(mdp=mdp, model=model, expert=expert, learner=answer.policy)


def all_searches():
    return [*(search(seed) for seed in range(12)), *(mirage(H) for H in (2, 3, 5))]


def without_the_advantage(m):
    gap, _, by_steps = check(m).sides
    return Bound(gap, by_steps, by_steps - expert_advantage(m))


def mirages():
    return [mirage(H, error, error) for H in (2, 3, 5, 8) for error in ("1/10", "1/2", "3/4", 1)]


def attains(m):
    gap, by_span, by_steps = check(m).sides
    return Equal({"span": (gap, by_span), "steps left": (gap, by_steps)})


UNIT = Assumption("rewards in [0, 1]", lambda m: (m.mdp.r >= 0).all() and (m.mdp.r <= 1).all())
CLAIM = Claim(
    "advantage_in_the_model_bounds_the_gap",
    check,
    FAMILY,
    formula=(
        r"J(E) - J(L) \le \sum_t \mathbb{E}_{d_t^E} \big[ A'_t \big] + \sum_t (H-1-t) \big( \mathbb{E}_{d_t^E} + "
        r"\mathbb{E}_{d_t^L} \big) \big[ \mathrm{TV}(P, P') \big]"
    ),
    papers=("vemula2023", "ren2024"),
    tags=("model-error", "inverse-reinforcement-learning", "hybrid-data"),
    assumes=(UNIT,),
    controls=(
        Control("model errors under the expert alone", lambda: mirage(4, 0, 1), tightens=under_the_expert),
        Control("model errors under the learner alone", lambda: mirage(4, 1, 0), tightens=under_the_learner),
        Control("half of the span", lambda: mirage(4), tightens=half_of_the_span),
        Control("rewards up to 3", lambda: mirage(4, reward=3), drops=UNIT.name),
        Control("errors off the occupancy", lambda: mirage(4), sabotages=measure.occupancy, by=exchange_states),
        Control("both model errors with one sign", lambda: mirage(4), tightens=plus_signs, at="gap", part="identity"),
    ),
    also=(
        Part("identity", FAMILY, identity),
        Part("a mirage attains it", mirages, attains, assumes=(UNIT,)),
        Part("planned from the expert's states", all_searches, without_the_advantage, assumes=(UNIT,)),
    ),
    figure=bound,
    sides=(r"$J(E) - J(L)$", r"$E[A'] + \sum_t (H-1-t)\, (E_{d^E} + E_{d^L})[TV]$"),
)
