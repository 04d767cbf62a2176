"""The lazy public face and its types say the same."""

import re
from pathlib import Path

import mdpkit


def test_every_public_name_loads_and_is_typed():
    typed = set(re.findall(r"import \w+ as (\w+)", Path(mdpkit.__file__).with_suffix(".pyi").read_text()))
    assert typed == set(mdpkit.__all__)
    for name in mdpkit.__all__:
        assert getattr(mdpkit, name) is not None
    assert dir(mdpkit) == mdpkit.__all__
