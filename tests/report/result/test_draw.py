"""How a figure looks, and that it is the same wherever it is drawn."""

import hashlib
import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from types import ModuleType

import pytest

import mdpkit
from mdpkit.report import draw_claim, make_figure, read, render
from mdpkit.report.result.draw import as_bytes, subject
from mdpkit.report.style import COLOURS, COLUMN, PAGE, blank, style_context
from mdpkit.verify.register import place

FIGURES = Path(__file__).parents[3] / "figures"
IDS = mdpkit.claims.ids()
EVERY = [pytest.param(name, marks=pytest.mark.xdist_group(name)) for name in IDS]
TUBE = "double_integrator_tube_has_a_closed_form"


def stored_result(claim_id):
    return read(FIGURES / f"{place(claim_id)}.json")


def refused(*_):
    raise AssertionError("a check ran")


@cache
def drawn(claim_id):
    """The figure of the stored result, drawn and rendered once for all tests that look at it; no check may run."""
    mdpkit.claims.get(claim_id)
    with pytest.MonkeyPatch.context() as patch:
        for name in ("tube", "regret", "value_gap", "occupancy"):
            patch.setattr(mdpkit.measure, name, refused)
        figure = draw_claim(stored_result(claim_id))
        render(figure, stored_result(claim_id))
    return figure


@pytest.mark.parametrize("claim_id", EVERY)
def test_labels_width_and_legend(claim_id):
    figure = drawn(claim_id)
    ax = figure.axes[0]
    assert figure.get_figwidth() in (COLUMN, PAGE)
    assert ax.get_xlabel()
    assert ax.get_ylabel()
    assert not ax.get_title()
    assert {
        label.get_size() for label in (ax.xaxis.label, ax.yaxis.label, *ax.get_xticklabels(), *ax.get_yticklabels())
    } == {8}
    legends = [each.get_legend() for each in figure.axes if each.get_legend()]
    words = [[label.get_text() for label in legend.get_texts()] for legend in legends]
    assert any("(fail" in word for each in words for word in each), "the control is in the picture"
    assert all(len(set(each)) == len(each) for each in words)


@pytest.mark.parametrize("claim_id", EVERY)
def test_one_colour_has_one_meaning(claim_id):
    for line in drawn(claim_id).axes[0].get_lines():
        control = "(fail" in line.get_label()
        bounds = line.get_linestyle() == "--"
        assert (line.get_color() == COLOURS[1].lower()) == control
        assert not bounds or line.get_color() == "#000000"


@pytest.mark.parametrize("claim_id", EVERY)
def test_the_legend_hides_no_data(claim_id):
    ax = drawn(claim_id).axes[0]
    if ax.get_legend() is None:  # of several panels, another one holds it
        return
    box = ax.get_legend().get_window_extent()
    for line in ax.get_lines():
        points = ax.transData.transform(line.get_xydata()) if len(line.get_xdata()) else []
        assert not any(box.contains(*point) for point in points), line.get_label()


def test_colours_do_not_depend_on_the_settings_of_whoever_shows_the_figure():
    from matplotlib import cycler, rc_context

    with rc_context({"axes.prop_cycle": cycler(color=["red"]), "font.size": 20}):
        figure = draw_claim(stored_result(TUBE))
        figure.canvas.draw()
        colours = {line.get_color() for line in figure.axes[0].get_lines()}
    assert colours == {"#000000", *(colour.lower() for colour in COLOURS[:3])}


DRAW = """
import sys
from pathlib import Path
from mdpkit.report import draw_claim, read, render

result, folder = read(sys.argv[1]), Path(sys.argv[2])
for kind in ("pdf", "svg", "png"):
    (folder / kind).write_bytes(render(draw_claim(result), result, kind))
"""


def test_two_processes_write_the_same_bytes(tmp_path):
    settings = tmp_path / "matplotlibrc"
    settings.write_text("font.size: 20\npdf.fonttype: 3\nlines.linewidth: 9\n")
    surroundings = ({"PYTHONHASHSEED": "1"}, {"PYTHONHASHSEED": "2", "MATPLOTLIBRC": str(settings), "TZ": "Asia/Tokyo"})
    for name, each in zip("ab", surroundings, strict=True):
        (tmp_path / name).mkdir()
        command = [sys.executable, "-c", DRAW, str(FIGURES / f"{place(TUBE)}.json"), str(tmp_path / name)]
        subprocess.run(command, env={**os.environ, **each}, check=True)
    result = stored_result(TUBE)
    for kind in ("pdf", "svg", "png"):
        assert (tmp_path / "a" / kind).read_bytes() == (tmp_path / "b" / kind).read_bytes()
        assert (tmp_path / "a" / kind).read_bytes() == render(draw_claim(result), result, kind)


def test_pdf_text_is_truetype_and_says_what_it_shows():
    result = stored_result(TUBE)
    content = render(draw_claim(result), result)
    assert b"/CIDFontType2" in content
    assert b"/Type3" not in content
    assert re.search(rb"/MediaBox \[ 0 0 234 ", content), "3.25 in are 234 pt"
    assert subject(result).encode() in content
    for word in (b"CreationDate", b"Producer", b"Creator", b"matplotlib"):
        assert word not in content


def test_the_two_widths():
    assert (COLUMN, PAGE) == (3.25, 6.75)
    with style_context():
        figure, ax = blank(PAGE, 2)
        assert tuple(figure.get_size_inches()) == (PAGE, 2)
        assert figure.axes == [ax]


MINE = """
from types import SimpleNamespace as Models
from mdpkit import MDP, {sides}, Claim, Control, Finite, TabularPolicy, objects, value

def paid(H):
    return Models(mdp=MDP(objects([[[1]]]), objects([[1]]), horizon=Finite(H)), policy=TabularPolicy(objects([[1]])))

def check(m):
    return {check}

def doubled(m):
    return {doubled}

CLAIM = Claim("mine", check, lambda: [paid(H) for H in range(1, 6)], controls=[Control("twice", lambda: paid(2), tightens=doubled)])
"""
SIDES = {
    "Bound": ("Bound(value(m.mdp, m.policy), m.mdp.horizon.H)", "Bound(value(m.mdp, m.policy) * 2, m.mdp.horizon.H)"),
    "Equal": (
        'Equal({"J": (value(m.mdp, m.policy), m.mdp.horizon.H)})',
        'Equal({"J": (value(m.mdp, m.policy) * 2, m.mdp.horizon.H)})',
    ),
}


@pytest.mark.parametrize("sides", SIDES)
def test_a_claim_without_a_figure_is_drawn_by_both_its_sides(sides, tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(MINE.format(sides=sides, check=SIDES[sides][0], doubled=SIDES[sides][1]))
    files = make_figure(str(path), tmp_path / "figures", png=True)
    assert [file.name for file in files] == ["mine.json", "mine.pdf", "mine.png"]
    result = read(files[0])
    assert result.digest == hashlib.sha256(path.read_bytes()).hexdigest()
    equality, instances, controls = draw_claim(result, mdpkit.claims.find(str(path))).axes[0].get_lines()
    assert equality.get_linestyle() == "--"
    assert instances.get_xydata().tolist() == [[H, H] for H in range(1, 6)]
    right, left = (2, 4) if sides == "Bound" else (4, 2)
    assert controls.get_xydata().tolist() == [[right, left]]


def test_a_verdict_is_drawn_as_what_is_stored_of_it():
    verdict = mdpkit.verify(TUBE)
    assert as_bytes(draw_claim(verdict)) == as_bytes(draw_claim(stored_result(TUBE)))


def test_a_glance_stores_no_data_of_the_figure_and_is_drawn_all_the_same():
    claim = mdpkit.claims.get("value_equivalence_is_not_regret_equivalence")
    verdict = mdpkit.verify(claim.id, "glance")
    assert not any("data" in row for row in verdict.rows)
    assert any("data" in row for row in stored_result(claim.id).rows)
    assert as_bytes(draw_claim(verdict)) == as_bytes(draw_claim(stored_result(claim.id)))


def test_a_claim_that_was_written_in_a_notebook_is_drawn(monkeypatch):
    notebook = ModuleType("notebook")
    monkeypatch.setitem(sys.modules, "notebook", notebook)
    exec(MINE.format(sides="Bound", check=SIDES["Bound"][0], doubled=SIDES["Bound"][1]), vars(notebook))
    _, instances, _ = draw_claim(mdpkit.verify(notebook.CLAIM), notebook.CLAIM).axes[0].get_lines()
    assert instances.get_xydata().tolist() == [[H, H] for H in range(1, 6)]


def test_a_result_of_no_registered_claim_asks_for_the_claim(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(MINE.format(sides="Equal", check=SIDES["Equal"][0], doubled=SIDES["Equal"][1]))
    result = read(make_figure(str(path), tmp_path)[0])
    with pytest.raises(mdpkit.base.errors.UnknownClaim, match="mine"):
        draw_claim(result)


def test_the_axes_of_a_bound_are_named_by_its_sides_where_the_claim_names_them():
    claim = mdpkit.claims.get("dagger_regret_bounds_the_gap")
    figure = draw_claim(stored_result(claim.id), claim)
    left, right = claim.sides
    (ax,) = figure.axes
    assert (ax.get_xlabel(), ax.get_ylabel()) == (f"right side: {right}", f"left side: {left}")
    assert "tightest of each size" in [text.get_text() for text in ax.get_legend().get_texts()]
