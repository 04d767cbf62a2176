"""The worst draws that hunts found are judged again by `verify`."""

import json

import pytest

from mdpkit import verify
from mdpkit.base.errors import InvalidClaim
from mdpkit.claims import get, ids
from mdpkit.hunt import hunt
from mdpkit.hunt._constants import keep_worst
from mdpkit.verify import worst as _worst
from mdpkit.verify.claim import STATEMENT
from mdpkit.verify.judge import judge_draw
from mdpkit.verify.profile import Profile

GAP = "regret_gap_is_bounded_by_recoverability"
SHORT = Profile("short", chunks=1, draws=20, evaluations=0, demanded=1)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(_worst, "FOLDER", tmp_path)
    return tmp_path


def test_what_a_hunt_found_is_judged_beside_the_draws(folder):
    alone = verify(GAP, SHORT)
    found = hunt(GAP, 4, counted=True, grid={"H": [2]})
    assert found.records[0].exact == "1"
    (path,) = keep_worst([found], folder)
    assert path.parent == folder / "games"
    again = verify(GAP, SHORT)
    assert again.instances == alone.instances + 1
    sizes = found.records[0].sizes
    assert max(row["ratio"] for row in again.rows if row["part"] == STATEMENT and row["sizes"] == sizes) == 1


def test_a_draw_that_no_longer_fits_its_family_is_refused(folder):
    found = hunt(GAP, 4, counted=True, grid={"H": [1]})
    (path,) = keep_worst([found], folder)
    data = json.loads(path.read_text())
    data[STATEMENT][0]["sizes"]["S"] += 1
    path.write_text(json.dumps(data))
    with pytest.raises(InvalidClaim, match="does not fit its family at P: hunt the claim again"):
        verify(GAP, SHORT)


def test_every_kept_draw_is_admitted_and_holds():
    kept = 0
    for name in ids():
        claim = get(name)
        for part in claim.parts:
            if not hasattr(part.instances, "blocks"):
                continue
            for x in _worst.worst(claim, part):
                judgement = judge_draw(part, x, claim.resolution)
                assert judgement.ratio is not None, name
                assert bool(judgement.decision), name
                kept += 1
    assert kept >= 10
