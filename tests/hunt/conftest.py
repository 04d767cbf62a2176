"""Claims of one line, to be hunted."""

import pytest

from mdpkit import Bound, Claim, Control, Family


@pytest.fixture
def claimed():
    """A Claim from a check, blocks and sizes; its control doubles the left side."""

    def make(check, blocks, sizes=None, **options):
        models = {name: (lambda x, name=name: getattr(x, name)) for name in blocks}
        family = Family(blocks, sizes or dict(S=(1, 2)), models, **options)

        def doubled(m):
            return Bound(check(m).sides[0] * 2, check(m).sides[-1])

        return Claim(
            "planted", check, family, controls=(Control("twice the left side", lambda: None, tightens=doubled),)
        )

    return make
