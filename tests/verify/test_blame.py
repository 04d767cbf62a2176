"""An error in a check says where in the claim's own file it arose."""

import pytest

from mdpkit import verify
from mdpkit.base.errors import ClaimBroken

CLAIM = """
from fractions import Fraction
from types import SimpleNamespace

from mdpkit import Bound, Claim, Control, objects


def half(x):
    return {expression}


CLAIM = Claim(
    "half_is_at_most_one",
    lambda m: Bound(half(m.x.sum()), 1),
    lambda: [SimpleNamespace(x=objects([1, 1]))],
    controls=(Control("less", witness=lambda: SimpleNamespace(x=objects([1, 1])), tightens=lambda m: Bound(half(m.x.sum()), 0)),),
)
"""


def written(tmp_path, expression):
    file = tmp_path / "half_is_at_most_one.py"
    file.write_text(CLAIM.replace("{expression}", expression))
    return file


@pytest.mark.parametrize(
    ("expression", "words"), [("x.lost", "AttributeError"), ("objects([x]).reshape(7)", "ValueError")]
)
def test_the_innermost_line_of_the_users_own_file_is_named(tmp_path, expression, words):
    file = written(tmp_path, expression)
    with pytest.raises(ClaimBroken, match=rf"half_is_at_most_one: {words}.*\({file}:9\)"):
        verify(file)


def test_a_fraction_beside_an_exact_number_is_refused_with_what_to_write(tmp_path):
    file = written(tmp_path, "Fraction(1, 2) * x")
    with pytest.raises(ClaimBroken, match=rf"write x \* p / q with integers p and q.*\({file}:9\)"):
        verify(file)
    assert verify(written(tmp_path, "x * 1 / 2")).passed
