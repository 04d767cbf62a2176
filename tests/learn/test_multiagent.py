"""A game grants an access; learners of mediators do what they say, and bad input is refused in words."""

import itertools
from fractions import Fraction
from functools import partial

import numpy as np
import pytest
from tools.games import draw_game, draw_laws

from mdpkit import (
    Deviation,
    Discounted,
    Finite,
    JointPolicy,
    MarkovGame,
    Meter,
    TabularPolicy,
    Trajectories,
    fit,
    grant,
    measure,
    objects,
)
from mdpkit.base.errors import InvalidModel, MissingAccess, NotSolved
from mdpkit.instances import named
from mdpkit.learn import (
    BLADES,
    MAILBRO,
    MALICE,
    BoxRewards,
    Cloning,
    FollowTheLeader,
    Hedge,
    JointCloning,
    JointIRL,
    Mediators,
    Mixture,
    MomentMatching,
    Planning,
    best_response_oracle,
    compare,
    deviate,
    measure_gaps,
)
from mdpkit.learn.multiagent.joint_irl import closest_occupancy
from mdpkit.learn.multiagent.mediators import closest_mixture
from mdpkit.learn.multiagent.rounds import find_worst_deviation, known_game

SAMPLED = dict(demonstrations=4, episodes=5, resets=3, queries=9)
EXACT = dict(demonstrations="exact", episodes="exact", queries="exact")


def rng(seed=0):
    return np.random.default_rng(seed)


def fork(**options):
    return named("fork", **{**dict(H=4, b="1/4", slip="1/2"), **options})


def access(m=None, **changed):
    m = fork() if m is None else m
    return grant(m.game, **{**dict(expert=m.expert, rng=rng()), **EXACT, **changed})


# ---- the access of a game
def test_every_use_of_a_game_is_counted():
    m = fork()
    one = grant(m.game, expert=m.expert, rng=rng(), **SAMPLED)
    assert one.setting.players == (2, 2)
    shown = one.demonstrations()
    assert (shown.action == 0).all()
    assert one.used == Meter(demonstrations=16)
    one.play(m.learner, 2, rng=rng())
    one.label(np.array([0, 2]), np.array([0, 1]))
    one.reset(to=2, at=3)
    _, reward, ended, _, _ = one.step(1)
    assert np.isnan(reward)
    assert ended
    assert one.used == Meter(demonstrations=16, episodes=2, steps=9, resets=1, queries=2)
    with pytest.raises(MissingAccess, match="9 queries were granted and 2 are used"):
        one.label(np.zeros(8, dtype=int))


def test_a_deviation_is_played_and_its_states_can_be_queried():
    m = fork()
    leave = measure.best_deviation(m.game, m.learner, 0)
    one = access(m, demonstrations=0, episodes=20, queries=100)
    seen = one.play(m.learner, 20, rng=rng(), deviation=leave)
    assert (seen.action[seen.t == 0] == 2).all()
    assert (seen.obs[seen.t > 0] == 2).all()
    assert (one.label(seen.obs, seen.t) == 0).all()
    law = access(m).law(m.learner, leave)
    assert set(zip(law.obs[law.t == 1].tolist(), law.action[law.t == 1].tolist(), strict=True)) == {(2, 0), (2, 1)}


def test_the_rewards_of_a_game_are_not_granted():
    m = fork()
    assert "rewards" not in grant(m.game, episodes="exact").granted
    assert (known_game(access(m)).r == 0).all()
    with pytest.raises(InvalidModel, match="each player of a game has its own"):
        grant(m.game, episodes="exact", rewards=True)


def test_other_learners_play_the_joint_process():
    m = fork()
    joint, alone = (fit(Cloning(), each, rng=None).policy for each in (access(m), access(m, resets="exact")))
    assert joint == alone


OTHER = fork(H=3)
LONG = JointPolicy(objects([[[1, 0, 0, 0]] * 3] * 3))
WIDE = JointPolicy(objects([[1] + [0] * 8] * 3))
ENDLESS = MarkovGame(OTHER.game.P, OTHER.game.r, OTHER.game.rho, horizon=Discounted("1/2"), actions=(2, 2))


@pytest.mark.parametrize(
    ("game", "options", "words"),
    [
        (fork().game, dict(expert=LONG), "the policy has 3 steps; the problem has 4"),
        (fork().game, dict(expert=WIDE), "the policy has 3 states and 9 actions; the problem has 3 and 4"),
        (fork().game, dict(expert=fork().expert.to_float()), "the policy is float and the problem rational"),
        (fork().game, dict(expert=fork().game), "expected a policy with a table"),
        (fork().game, dict(), "give expert="),
        (ENDLESS, dict(expert=OTHER.expert), r"access to a MarkovGame is granted over Finite\(H\)"),
    ],
)
def test_a_mediator_of_another_game_is_refused(game, options, words):
    with pytest.raises(InvalidModel, match=words):
        grant(game, demonstrations="exact", **options)


def test_demonstrations_of_other_joint_actions_are_refused():
    with pytest.raises(InvalidModel, match=r"action\[1\] is 7; the problem has 0 to 3"):
        grant(fork().game, demonstrations=Trajectories([0, 1], [0, 7], t=[0, 1]))


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ([[0.5, 0.6, 0, 0]] * 3, r"table\[0\] sums to 1.1"),
        (objects([["1/2", 0, 0, 0]] * 3), r"table\[0\] sums to 1/2"),
        ([[1.5, -0.5, 0, 0]] * 3, r"table\[0, 1\] is -0.5"),
    ],
)
def test_a_joint_table_that_is_no_law_is_refused(table, words):
    with pytest.raises(InvalidModel, match=words):
        JointPolicy(table)


# ---- deviations, played
def test_the_played_policy_earns_what_the_deviation_earns():
    for seed in range(20):
        game, _, joint = draw_game(seed, H=3, S=2, actions=((2, 3), (2, 2, 2))[seed % 2])
        for i in range(game.players):
            deviation = measure.best_deviation(game, joint, i)
            played = measure.value(game, deviate(game, joint, deviation))
            assert played[i].lower[()] == measure.deviated_value(game, joint, deviation).lower[()]


def test_a_mixture_deviates_member_by_member():
    game, first, second = draw_game(1)
    deviation = measure.best_deviation(game, first, 1)
    mixed = deviate(game, Mixture((first, second)), deviation)
    assert mixed.members == (deviate(game, first, deviation), deviate(game, second, deviation))


@pytest.mark.parametrize(
    ("deviation", "words"),
    [
        (Deviation(0, objects([[[[1, 0], [0, 1]]] * 3] * 3)), "the deviation has 3 steps, 3 states and 2 actions"),
        (Deviation(2, objects([[[[1, 0], [0, 1]]] * 3] * 4)), "player 2 deviates from a mediator of 4 joint actions"),
        (Deviation(0, objects([[[[1]]] * 3] * 4)), "player 0 has 2 actions"),
        (Deviation(0, [[[[1.0, 0], [0, 1]]] * 3] * 4), "one of mediator and deviation is rational"),
        (
            Deviation(0, objects([[[[1, 0], [0, 1]]] * 3] * 4), after=objects([[[1, 0]] * 3] * 4)),
            "it depends on the past",
        ),
    ],
)
def test_a_deviation_of_another_game_is_refused(deviation, words):
    m = fork(H=4)
    timed = JointPolicy(np.broadcast_to(m.learner.table, (4, 3, 4)))
    with pytest.raises(InvalidModel, match=words):
        access(m).law(timed, deviation)


def test_outside_of_a_game_nobody_deviates():
    m = named("cliff", H=3)
    one = grant(m.mdp, episodes="exact")
    with pytest.raises(InvalidModel, match="expected access to a MarkovGame"):
        one.law(m.expert, Deviation(0, objects([[[[1]]]])))
    for learner in (JointCloning(), MALICE()):
        with pytest.raises(InvalidModel, match="the learner imitates a mediator"):
            fit(learner, grant(m.mdp, expert=m.expert, demonstrations="exact", episodes="exact"), rng=None)


# ---- the worst deviation
def brute_force(game, price, joint):
    """Largest total price over all deterministic swap deviations of one player."""
    H, S, best = game.horizon.H, game.S, None
    for i, A in enumerate(game.actions):
        for choice in itertools.product(range(A), repeat=H * S * A):
            table = objects((np.reshape(choice, (H, S, A))[..., None] == np.arange(A)).astype(int))
            d = measure.occupancy(game.player(0), deviate(game, joint, Deviation(i, table))).lower.sum(axis=-1)
            earned = (d * price).sum() / H
            best = earned if best is None else max(best, earned)
    return best


def test_the_worst_deviation_is_that_of_brute_force():
    for seed in range(3):
        game, expert, joint = draw_game(seed)
        price = measure.total_variation(expert, joint).lower
        worst = find_worst_deviation(game, price, joint)
        assert worst.earned == brute_force(game, price, joint)
        assert worst.earned == measure.deviation_error(game, expert, joint).lower[()]
        three, ours, theirs = draw_game(seed, actions=(2, 2, 2))
        loss = measure.deviation_error(three, ours, theirs)
        price = measure.total_variation(ours, theirs).lower
        assert find_worst_deviation(three, price, theirs).earned == loss.lower[()]


# ---- classes
def test_the_closest_mixture_is_that_of_a_fine_grid():
    generator = np.random.default_rng(0)
    for _ in range(10):
        parts, target, weight = draw_laws(generator, 2, 5), draw_laws(generator, 5), draw_laws(generator, 5)
        w = closest_mixture(parts, target, weight)
        assert w.sum() == 1

        def distance(x, parts=parts, target=target, weight=weight):
            return (weight * abs(x * parts[0] + (1 - x) * parts[1] - target)).sum()

        assert all(distance(w[0]) <= distance(objects([k])[0] / 60) for k in range(61))
        near = closest_mixture(parts.astype(float), target.astype(float), weight.astype(float))
        apart = weight.astype(float) @ abs(near @ parts.astype(float) - target.astype(float))
        assert apart == pytest.approx(float(distance(w[0])))


@pytest.mark.parametrize(
    ("tables", "words"),
    [
        (np.zeros((0, 1, 4)), "tables is empty"),
        ([[[0.5, 0.4, 0, 0]]], r"tables\[0, 0\] sums to"),
        ([[1, 0, 0, 0]], r"tables\[k,s,j\]"),
    ],
)
def test_a_class_that_is_none_is_refused(tables, words):
    with pytest.raises(InvalidModel, match=words):
        Mediators(tables)


def test_a_class_of_another_game_is_refused():
    with pytest.raises(InvalidModel, match=r"tables has shape \(1, 2, 4\); expected \(1, 3, 4\) or \(1, 4, 3, 4\)"):
        fit(BLADES(Mediators([[[1, 0, 0, 0]] * 2])), access(), rng=None)


# ---- learners
def test_the_four_learners_differ_on_the_fork_without_coverage():
    m = fork(b=0, slip=1)
    report = measure_gaps(m.game, m.expert)
    gaps = {}
    for learner in (JointCloning(report=report), JointIRL(report=report), MALICE(report=report), BLADES(report=report)):
        trace = fit(learner, access(m), rng=None).trace
        gaps[type(learner).__name__] = trace["value_gap"][-1], trace["regret_gap"][-1], trace["loss"][-1]
    # a_2 is uniform where nothing was demonstrated, which pays half of the H - 1 steps to a player that leaves
    unseen = (0, objects(["3/2"])[0], 0)
    assert gaps == {"JointCloning": unseen, "JointIRL": unseen, "MALICE": unseen, "BLADES": (0, 0, 0)}


def test_malice_reports_what_it_does_not_cover():
    blind = fit(MALICE(), access(fork(b=0)), rng=None).trace
    seeing = fit(MALICE(), access(fork(b="1/4")), rng=None).trace
    assert (blind["loss"][0], blind["uncovered"][0]) == (0, objects(["3/4"])[0])
    assert (seeing["loss"][0], seeing["uncovered"][0]) == (0, 0)


def test_joint_irl_matches_the_expert_where_the_dynamics_change_with_time():
    P = np.zeros((3, 2, 4, 2), dtype=int)
    P[0, :, :, 0] = P[1:, :, :, 1] = 1
    game = MarkovGame(objects(P), objects([[[0] * 4] * 2] * 2), objects([1, 0]), horizon=Finite(3), actions=(2, 2))
    expert = JointPolicy(objects([[1, 0, 0, 0]] * 2))
    answer = fit(JointIRL(), grant(game, expert=expert, **EXACT), rng=None)
    assert answer.trace["loss"][0] == 0
    assert (measure.occupancy(game.player(0), answer.policy) == measure.occupancy(game.player(0), expert)).all_yes()


@pytest.mark.parametrize("varying", [False, True])
def test_joint_irl_matches_sampled_demonstrations_as_closely_as_possible(varying):
    game, expert, _ = draw_game(5, H=2 + varying, S=2, varying=varying)
    shown = grant(game, expert=expert, demonstrations=7, rng=rng(2)).demonstrations()
    d_hat, process = shown.occupancy(2, 4, game.horizon.H), game.player(0)
    d = closest_occupancy(process, d_hat)
    assert (d.sum(axis=(1, 2)) == 1).all()
    near = closest_occupancy(process.to_float(), d_hat.astype(float))
    assert float(abs(d - d_hat).sum()) == pytest.approx(abs(near - d_hat.astype(float)).sum())
    answer = fit(JointIRL(), grant(game, demonstrations=shown, episodes="exact"), rng=None)
    assert (measure.occupancy(process, answer.policy) == d).all_yes()
    assert answer.trace["loss"][0] == abs(d - d_hat).sum() / game.horizon.H
    # an occupancy at distance 0 from itself is found again
    own = measure.occupancy(process, expert).lower
    assert (closest_occupancy(process, own) == own).all()


@pytest.mark.parametrize("kind", ["expert", "learner"])
def test_joint_irl_returns_the_only_member_of_its_class(kind):
    m = fork(H=5, b=0, slip=1)  # the rare branch is visited by deviations alone
    member = getattr(m, kind)
    answer = fit(JointIRL(Mediators(member.table[None])), access(m), rng=None)
    assert answer.trace["loss"][0] == 0
    assert (answer.policy.table == member.table).all()
    assert measure.regret_gap(m.game, m.expert, answer.policy).lower[()] == (4 if kind == "learner" else 0)


def test_joint_irl_plays_the_mixture_of_its_class_where_no_member_goes():
    # state 0 leads to state 1, and state 2 is never visited
    P = np.zeros((3, 4, 3), dtype=int)
    P[..., 1] = 1
    game = MarkovGame(objects(P), objects([[[0] * 4] * 3] * 2), objects([1, 0, 0]), horizon=Finite(2), actions=(2, 2))
    tables = objects([[[1, 0, 0, 0]] * 3, [[0, 0, 0, 1]] * 3])
    shown = JointPolicy(objects([["1/4", 0, 0, "3/4"]] * 3))
    answer = fit(JointIRL(Mediators(tables)), grant(game, expert=shown, **EXACT), rng=None)
    assert (answer.policy.table == shown.table).all()


def test_the_game_of_joint_irl_approaches_the_expert():
    m = fork()
    learner = JointIRL(game=MomentMatching(BoxRewards(), rounds=40), report=measure_gaps(m.game, m.expert))
    trace = fit(learner, access(m), rng=None).trace
    assert len(trace["regret_gap"]) == 40
    assert trace["loss"][-1] <= trace["loss"][0]


def test_sampled_answers_are_counted_and_enough_of_them_reveal_the_expert():
    game, expert, _ = draw_game(3)
    answer = fit(
        BLADES(labels=400, rounds=9), grant(game, expert=expert, episodes="exact", queries=9999, rng=rng()), rng=None
    )
    assert answer.used.queries == 400 * answer.trace["queried"][-1]
    assert answer.trace["loss"].min() == 0
    assert measure.deviation_error(game, expert, answer.policy) <= Fraction(1, 10)


def test_the_loss_of_joint_cloning_includes_what_smoothing_costs():
    m = named("matching_pennies", H=3)
    answer = fit(JointCloning(smoothing=1000), grant(m.game, expert=m.learner, **EXACT), rng=None)
    apart = measure.cloning_error(m.game.player(0), m.learner, answer.policy).sum() / 3
    assert answer.trace["loss"][0] == apart.lower[()] == objects(["2000/4001"])[0]


def test_a_class_without_the_demonstrated_actions_has_no_likelihood():
    never = Mediators(objects([[[0, 1, 0, 0]] * 3]))
    with pytest.raises(NotSolved, match="probability 0 to a demonstrated joint action"):
        fit(JointCloning(never), access(), rng=None)
    assert fit(JointCloning(never, loss="variation"), access(), rng=None).trace["loss"][0] == 1


def test_options_that_mean_nothing_are_refused():
    class_of_one = Mediators([[[1.0, 0]]])
    for make, words in (
        (lambda: JointCloning(loss="squares"), "loss is 'squares'; expected one of likelihood, variation"),
        (lambda: JointCloning(smoothing=-1), "smoothing is -1"),
        (lambda: JointCloning(class_of_one, smoothing=1), "smoothing is 1 beside a class of mediators"),
        (lambda: JointIRL(class_of_one, MomentMatching()), "expected one of them"),
        (lambda: MALICE(rounds=0), "rounds"),
        (lambda: BLADES(labels=0), "labels"),
        (
            lambda: fit(MAILBRO(lambda joint: []), access(), rng=None),
            "expected one Deviation for each of the players 0 to 1",
        ),
    ):
        with pytest.raises(InvalidModel, match=words):
            make()


TABLES = objects([[[1, 0, 0, 0]] * 3])


@pytest.mark.parametrize("wrong", [TABLES, TABLES.tolist(), JointPolicy(TABLES[0]), Mediators, 3])
def test_anything_but_a_class_of_mediators_is_refused_at_once(wrong):
    for make in (
        JointCloning,
        JointIRL,
        MALICE,
        BLADES,
        lambda given: MAILBRO(best_response_oracle(fork().game), given),
    ):
        with pytest.raises(InvalidModel, match=r"mediators is of type \w+; expected Mediators\(tables\)"):
            make(wrong)


@pytest.mark.parametrize("wrong", ["hedge", None, Hedge, Planning(), 1])
def test_anything_but_a_no_regret_player_is_refused_at_once(wrong):
    for make in (MALICE, BLADES, partial(MAILBRO, best_response_oracle(fork().game))):
        with pytest.raises(InvalidModel, match=r"player is .*; expected a no-regret player such as Hedge\(\)"):
            make(player=wrong)


def test_a_function_that_cannot_be_called_is_refused_at_once():
    m = fork()
    for make in (JointCloning, JointIRL, MALICE, BLADES, partial(MAILBRO, best_response_oracle(m.game))):
        with pytest.raises(InvalidModel, match="report is 'gaps'; expected a function of a mediator"):
            make(report="gaps")
    with pytest.raises(InvalidModel, match="oracle is None; expected a function of a mediator"):
        MAILBRO(None)
    with pytest.raises(InvalidModel, match="game is of type Hedge; expected a MomentMatching"):
        JointIRL(game=Hedge())


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (dict(rewards=np.zeros((3, 4))), "expected a class of rewards"),
        (dict(rewards=BoxRewards), "expected a class of rewards"),
        (dict(reward_player="hedge"), "reward_player is 'hedge'"),
        (dict(reward_player=Planning()), "reward_player is"),
        (dict(policy_player="planning"), "policy_player is 'planning'"),
        (dict(policy_player=Hedge()), "policy_player is"),
    ],
)
def test_players_of_moment_matching_are_checked_at_once(options, words):
    with pytest.raises(InvalidModel, match=words):
        MomentMatching(**options)


def test_mailbro_queries_only_where_best_responses_go():
    m = fork(b=0, slip=1)
    shy = JointPolicy(objects([[1, 0, 0, 0]] * 3))
    learner = MAILBRO(best_response_oracle(m.game), Mediators(shy.table[None]), FollowTheLeader(), 3)
    answer = fit(learner, access(m), rng=None)
    assert answer.trace["loss"][0] == 0
    assert answer.trace["queried"][0] == 4  # nobody gains by leaving, so that the rare branch is not queried


@pytest.mark.parametrize("players", [(1,), (0, 0), (0, 1, 1), (1, 2)])
def test_an_oracle_that_leaves_out_a_player_is_refused(players):
    m = fork(H=5, b=0, slip=1)
    obey = objects(np.broadcast_to(np.eye(2, dtype=int), (5, 3, 2, 2)))
    learner = MAILBRO(lambda joint: [Deviation(i, obey) for i in players], Mediators(m.learner.table[None]))
    with pytest.raises(InvalidModel, match="expected one Deviation for each of the players 0 to 1"):
        fit(learner, access(m), rng=None)


def test_learners_are_compared_by_their_largest_regret():
    m = fork(H=3, b="1/2")
    learners = {"joint cloning": JointCloning(), "BLADES": BLADES(rounds=3)}
    found = compare(m.game, learners, dict(expert=m.expert, demonstrations=2, episodes="exact", queries=50), seeds=3)
    assert found.quantity == "largest regret"
    assert found.expert == 0
    assert found.curve("BLADES", "queries")[0][1].mid == 0
    assert found.draw("queries").axes[0].get_ylabel() == "largest regret"
    one = fit(BLADES(rounds=3), access(m, queries=50), rng=None)
    assert isinstance(one.policy, TabularPolicy)


def test_hedge_puts_its_weight_on_the_mediator_without_errors():
    m = fork(H=6, b="1/10", slip=1)
    pair = Mediators(np.stack([m.expert.table, m.learner.table]))
    trace = fit(BLADES(pair, Hedge(8), 20, report=measure_gaps(m.game, m.expert)), access(m), rng=None).trace
    assert trace["class_losses"][0].tolist()[0] == 0
    assert float(trace["weights"][-1][0]) > 0.99
    assert float(trace["regret_gap"][-1]) < 0.1
