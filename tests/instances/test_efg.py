"""Extensive-form files: read where the moves come in public stages, refused by name elsewhere."""

from pathlib import Path

import pytest

from mdpkit.base.arrays import objects
from mdpkit.base.errors import InvalidModel
from mdpkit.instances import load, save
from mdpkit.model import Finite
from mdpkit.solve import NashEquilibria, solve

HEAD = 'EFG 2 R "a game" { "one" "two" }\n"a comment"\n'
PENNIES = (
    'p "" 1 1 "" { "H" "T" } 0\np "" 2 1 "" { "H" "T" } 0\nt "" 1 "" { 1, -1 }\nt "" 2 "" { -1, 1 }\n'
    'p "" 2 1 "" { "H" "T" } 0\nt "" 2\nt "" 1 "" { 1 -1 }\n'
)


@pytest.fixture
def read(tmp_path):
    def of(text, **options):
        (tmp_path / "g.efg").write_text(HEAD + text)
        return load(tmp_path / "g.efg", **options)

    return of


def test_simultaneous_moves_are_one_stage(read):
    game = read(PENNIES)
    assert (game.S, game.actions, game.horizon) == (1, (2, 2), Finite(1))
    assert game.r[0, 0].tolist() == [1, -1, -1, 1]
    assert solve(game).value.lower[:, 0, 0].tolist() == [0, 0]


def test_observed_moves_and_chance_make_states(read):
    """Player 1 moves, chance draws, player 2 observes both; payoffs on the way count."""
    game = read(
        'p "" 1 1 "" { "L" "R" } 0\n'
        'c "" 1 "" { "x" 1/3 "y" 2/3 } 5 "bonus" { 1, 0 }\n'
        'p "" 2 1 "" { "l" "r" } 0\nt "" 1 "" { 3, 3 }\nt "" 2 "" { 0, 6 }\n'
        'p "" 2 2 "" { "l" "m" "r" } 0\nt "" 1\nt "" 2\nt "" 3 "" { 1/2, 0.25 }\n'
        't "" 4 "" { 2, 2 }\n'
    )
    assert (game.S, game.actions, game.horizon) == (4, (2, 3), Finite(2))
    assert game.rho.tolist() == [1, 0, 0, 0]
    assert sorted(map(str, game.P[0, 0])) == ["0", "0", "1/3", "2/3"]
    assert game.P[0, 3].tolist() == [0, 0, 0, 1]
    assert game.r[:, 0, 0].tolist() == [1, 0]
    assert game.r[:, 0, 3].tolist() == [2, 2]
    first = next(s for s in (1, 2) if str(game.P[0, 0, s]) == "1/3")
    assert game.r[1, first, :3].tolist() == [3, 6, 6]  # the missing third action repeats the last
    assert [str(x) for x in game.r[1, 3 - first, :3]] == ["3", "6", "1/4"]
    answer = solve(game, NashEquilibria())
    assert answer.value.lower[:, 0, 0].tolist() == [2, 2]


def test_chance_at_the_start_of_a_stage_is_averaged(read):
    game = read(
        'c "" 1 "" { "x" 1/4 "y" 3/4 } 0\n'
        'p "" 1 1 "" { "l" "r" } 0\nt "" 1 "" { 4, 0 }\nt "" 2 "" { 0, 0 }\n'
        'p "" 1 1 "" { "l" "r" } 0\nt "" 2\nt "" 3 "" { 2, 4 }\n'
    )
    assert (game.S, game.actions) == (1, (2, 1))
    assert [str(x) for x in game.r[0, 0]] == ["1", "3/2"]
    assert game.r[1, 0].tolist() == [0, 3]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (  # two moves at one set
            'p "" 1 1 "" { "a" "b" } 0\np "" 1 1 "" { "a" "b" } 0\nt "" 1 "" { 0 0 }\nt "" 1\nt "" 1\n',
            "information set 1 of player 1 .* imperfect recall",
        ),
        (  # a player that forgets its own move
            'p "" 1 1 "" { "a" "b" } 0\np "" 1 2 "" { "c" } 0\nt "" 1 "" { 0 0 }\np "" 1 2 "" { "c" } 0\nt "" 1\n',
            "information set 2 of player 1 .* imperfect recall",
        ),
        (  # player 2 does not know whether chance went left, and player 1 does
            'c "" 1 "" { "x" 1/2 "y" 1/2 } 0\n'
            'p "" 1 1 "" { "a" } 0\np "" 2 1 "" { "c" "d" } 0\nt "" 1 "" { 0 0 }\nt "" 1\n'
            'p "" 1 2 "" { "a" } 0\np "" 2 1 "" { "c" "d" } 0\nt "" 1\nt "" 1\n',
            "information set 1 of player 2 joins histories that are not public",
        ),
        ('p "" 1 1 "" { } 0\n', "no action"),
        ('p "" 3 1 "" { "a" } 0\n', "player"),
        ('p "" 0 1 "" { "a" } 0\n', "counted from 1"),
        ('c "" 1 "" { "x" 1/2 "y" 1/3 } 0\n', "no law"),
        ('p "" 1 1 "" { "a" "b" } 0\nt "" 1 "" { 0 0 }\n', "ends here"),
        ('t "" 1 "" { 0 0 }\n', "no player moves"),
        ('t "" 7\n', "outcome 7 has no payoffs"),
        ('x "" 1\n', "expected c, p or t"),
        ('p "" 1 1 "" { "a" } 0\nt "" 1 "" { 0 0 }\nt "" 1\n', "after the last node"),
        ('p "" 1 1 0\n', "no actions where it first occurs"),
        (  # one set of chance with two laws
            'c "" 1 "" { "x" 1/2 "y" 1/2 } 0\np "" 1 1 "" { "a" } 0\nt "" 1 "" { 0 0 }\n'
            'c "" 1 "" { "x" 1/3 "y" 2/3 } 0\nt "" 1\nt "" 1\n',
            "line 6: information set 1 of chance has other probabilities than where it first occurs",
        ),
        (  # one set with two lists of actions
            'p "" 1 1 "" { "a" "b" } 0\nt "" 1 "" { 0 0 }\np "" 1 1 "" { "b" "a" } 0\nt "" 1\nt "" 1\n',
            "line 5: information set 1 of player 1 has other actions than where it first occurs",
        ),
        (
            'p "" 1 1 "" { "a" "b" } 0\nt "" 1 "" { 1 2 }\nt "" 1 "" { 2 1 }\n',
            "line 5: outcome 1 has other payoffs than where it first occurs",
        ),
        (  # player 2 does not observe what chance draws after the move of player 1
            'p "" 1 1 "" { "a" "b" } 0\n'
            'c "" 1 "" { "x" 1/2 "y" 1/2 } 0\np "" 2 1 "" { "c" } 0\nt "" 1 "" { 0 0 }\np "" 2 1 "" { "c" } 0\nt "" 1\n'
            'c "" 2 "" { "x" 1/2 "y" 1/2 } 0\np "" 2 1 "" { "c" } 0\nt "" 1\np "" 2 1 "" { "c" } 0\nt "" 1\n',
            "information set 1 of player 2 joins histories that are not public",
        ),
    ],
)
def test_other_trees_are_refused_by_name(read, text, words):
    with pytest.raises(InvalidModel, match=words):
        read(text)


def test_another_horizon_and_writing(read, tmp_path):
    assert read(PENNIES, horizon=Finite(3)).horizon == Finite(3)
    with pytest.raises(InvalidModel, match="not written"):
        save(read(PENNIES), tmp_path / "x.efg")


def test_equilibria_of_gambits_own_trees_are_among_gambits():
    gambit = pytest.importorskip("pygambit", exc_type=ImportError)
    files = sorted((Path(gambit.__file__).parent / "catalog_data").rglob("*.efg"))
    met = refused = 0
    for file in files:
        try:
            game = load(file)
        except InvalidModel:
            refused += 1
            continue
        if game.players != 2:
            continue
        answer = solve(game, NashEquilibria())
        ours = [str(x) for x in (answer.value.lower[:, 0] * game.rho).sum(axis=-1)]
        theirs = gambit.read_efg(str(file))
        found = gambit.nash.enummixed_solve(theirs, rational=True).equilibria
        assert ours in [[str(x) for x in dict(one.payoffs).values()] for one in found], file
        met += 1
    assert met >= 5
    assert refused >= 20


def test_no_float_is_made(read):
    assert read(PENNIES).exact
    assert not (read(PENNIES).P - objects([[[1]] * 4])).any()
