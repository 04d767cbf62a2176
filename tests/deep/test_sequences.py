"""Policies over token sequences: prefixes, laws by enumeration, samples, files."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from mdpkit import PreferenceProblem, TokenProblem, measure, objects  # noqa: E402
from mdpkit.base.errors import InvalidModel  # noqa: E402
from mdpkit.deep import SequencePolicy, Sequences  # noqa: E402
from mdpkit.deep.plumbing.repeatable import generator  # noqa: E402
from mdpkit.model.tokens import token_policy  # noqa: E402

RAGGED = ((0, -1, -1), (1, 0, -1), (1, 1, 0), (1, 1, 2))
REFERENCE = np.array([[0.25, 0.25, 0.125, 0.375], [0.5, 0.0, 0.25, 0.25]])


def made(tokens=RAGGED, width=8, reference=REFERENCE, seed=0):
    """A policy with random weights in the output layer as well."""
    policy = SequencePolicy(Sequences(tokens, width), reference, generator(seed)).double()
    with torch.no_grad():
        for weight in policy.parameters():
            weight += torch.randn(weight.shape, generator=generator(seed + 1), dtype=weight.dtype)
    policy.rows = policy.rows.double()
    return policy


def test_prefixes_of_different_lengths_are_counted_by_hand():
    tree = Sequences(RAGGED).prefixes(1, 4)
    assert (tree.S, tree.K, tree.H) == (3, 3, 3)
    assert tree.paths.tolist() == [[0, -1, -1], [0, 1, -1], [0, 1, 2], [0, 1, 2]]
    assert tree.after.tolist() == [[3, 1, -1], [4, 2, -1], [5, -1, 6]]
    # the prefix (two tokens of three kinds), then its length
    assert tree.rows().tolist() == [[0] * 6 + [1, 0, 0], [0, 1, 0, 0, 0, 0, 0, 1, 0], [0, 1, 0, 0, 1, 0, 0, 0, 1]]


def test_an_untrained_network_is_the_reference_even_where_that_is_0():
    policy = SequencePolicy(Sequences(RAGGED), REFERENCE, generator(0))
    assert policy.table == pytest.approx(REFERENCE, abs=1e-6)
    assert policy.table[1, 1] == 0


@pytest.mark.parametrize("width", [8, None])
def test_the_law_is_the_product_over_tokens_and_its_derivative_is_finite(width):
    policy = made(width=width)
    own, base = (each.detach().numpy().reshape(2, 3, 3) for each in policy.token_log_probs())
    law = np.exp(own)
    by_hand = np.stack(
        [law[:, 0, 0], law[:, 0, 1] * law[:, 1, 0], *(law[:, 0, 1] * law[:, 1, 1] * law[:, 2, a] for a in (0, 2))], 1
    )
    assert by_hand.sum(axis=1) == pytest.approx(1)
    assert policy.table == pytest.approx(by_hand, abs=1e-14)
    x, y = torch.tensor([1, 0, 1]), torch.tensor([3, 0, 2])
    ratios = policy.prefix_log_ratios(x, y).detach().numpy()
    assert ratios[0] == pytest.approx([own[1, s, a] - base[1, s, a] for s, a in ((0, 1), (1, 1), (2, 2))])
    assert ratios[1, 1:].tolist() == [0, 0]
    policy.log_law().exp().sum().backward()
    assert all(weight.grad.isfinite().all() for weight in policy.parameters())


def test_few_rows_and_all_prefixes_give_the_same_numbers():
    policy = made()
    one = [policy.log_probs(torch.tensor([x]), torch.tensor([y])).item() for x in range(2) for y in range(4)]
    assert np.exp(one) == pytest.approx(policy.table.reshape(-1), abs=1e-14)


def test_responses_written_token_by_token_follow_the_law():
    policy, n = made(), 20_000
    x = torch.arange(n) % 2
    drawn = policy.draw(x, generator(3)).numpy()
    assert (drawn == policy.draw(x, generator(3)).numpy()).all()
    for prompt, law in enumerate(policy.table):
        count = np.bincount(drawn[prompt::2], minlength=4)
        assert (count[law == 0] == 0).all()
        assert np.abs(count - law * n / 2).max() <= 5 * np.sqrt(n / 8)


def test_the_tree_of_a_token_problem_is_the_sequences_tree_and_values_agree():
    """J of the token policy on the tree and of the table over whole responses, both exact."""
    follow = [[1, 2, -1], [2 + 2, 3, -1], [4, -1, 4], [4, 4, 4]]
    reference = objects([["1/2", "1/2", 0], ["1/4", "3/4", 0], ["1/3", 0, "2/3"], ["1/3", "1/3", "1/3"]])
    tokens = TokenProblem(follow, reference, weights=objects([[1, 2, 1], [3, 1, 1], [1, 1, 2], [1, 2, 4]]))
    responses = tokens.problem()
    policy = made(Sequences.of(tokens).tokens, reference=responses.reference)
    assert policy.tree.tokens.tolist() == [[0, 0, -1], [0, 1, 0], [0, 1, 1], [0, 1, 2], [1, 0, -1], [1, 2, -1]]
    whole, by_token = policy.to_tabular(responses), policy.to_tabular(tokens)
    assert whole.exact
    assert by_token == token_policy(tokens, whole.table[0])
    assert float((measure.value(tokens, by_token) - measure.value(responses, whole)).mid) == 0
    with pytest.raises(InvalidModel, match="needs a tree"):
        Sequences.of(TokenProblem([[1, 1], [2, 2]], np.full((2, 2), 0.5), reward=np.zeros((2, 2))))


def test_files_hold_the_policy_bit_by_bit(tmp_path):
    policy = SequencePolicy(Sequences(RAGGED, 8), REFERENCE, generator(0))
    with torch.no_grad():
        policy.net[4].weight += torch.randn(3, 8, generator=generator(1))
    path = policy.save(tmp_path / "policy.safetensors")
    assert np.array_equal(SequencePolicy.load(path).table, policy.table)
    whole = path.read_bytes()
    path.write_bytes(whole[:-4])
    with pytest.raises(InvalidModel, match="truncated, or not a safetensors file"):
        SequencePolicy.load(path)
    path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(InvalidModel, match="does not match its digest"):
        SequencePolicy.load(path)


@pytest.mark.parametrize(
    ("tokens", "message"),
    [
        (((0, 1), (0, 1)), r"tokens\[0\] equals another response"),
        (((0, -1), (0, 1)), r"tokens\[0\] is the beginning of another response"),
        (((-1, 0), (0, 1)), r"tokens\[0\] is \[-1  0\]; expected at least one token, and -1 only after the last"),
        (((0.5, 0.0), (0.0, 1.0)), "expected integers"),
        (((0, -2), (0, 1)), "expected integers .* of at least -1"),
        (((0, 1), (1, 1), (1, 0)), "tokens has 3 responses; the problem has 2"),
    ],
)
def test_sequences_that_are_no_tree_are_refused(tokens, message):
    with pytest.raises(InvalidModel, match=message):
        Sequences(tokens).prefixes(1, 2)


def test_sizes_are_named():
    with pytest.raises(InvalidModel, match="width is 0; expected an integer of at least 1"):
        Sequences(width=0)
    with pytest.raises(InvalidModel, match="1048576 responses; expected at most 100000"):
        Sequences((4, 10))
    problem = PreferenceProblem(np.full((1, 2), 0.5), reward=np.zeros((1, 2)))
    with pytest.raises(InvalidModel, match="the policy has 2 prompts and 4 responses; the problem has 1 and 2"):
        made().to_tabular(problem)
