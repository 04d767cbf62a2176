"""Docstrings and proof notes as HTML: nothing of them is lost, and formulas are what they were."""

# ruff: noqa: RUF001 -- signs that look like others are what is tested
import re
from base64 import b64decode
from collections import Counter
from html import unescape
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest
from fontTools.ttLib import TTFont

import mdpkit
from mdpkit.report.page.formula import mathml
from mdpkit.report.page.mathfont import NAME, STRETCHED, math_font
from mdpkit.report.page.note import FORMULA, note_html
from mdpkit.report.page.statement import lines_of, parse
from mdpkit.report.page.typeset import GREEK, SIGNS, typeset
from mdpkit.verify.register import statement_of

ROOT = Path(__file__).parents[3]
NOTES = {path.stem: path.read_text() for path in sorted((ROOT / "proofs").rglob("*.md"))}


@pytest.mark.parametrize("claim_id", mdpkit.claims.ids())
def test_no_line_of_a_docstring_is_lost(claim_id):
    text = statement_of(claim_id)
    found = parse(text)
    assert list(found.fields) == ["Statement", "Assumes", "Units", "Kind", "Source", "Proof"]
    said = [found.headline, found.body]
    for name, field in found.fields.items():
        said += [name, *(line for _, line in lines_of(field))]
    assert " ".join(said).split() == text.split()


PLAIN = {"−": "-", "∗": "*", "∈": "in", "′": "'", "∑": "sum", "√": "sqrt"} | {
    sign: plain for plain, sign in SIGNS.items()
}


def letters(text):
    """The characters of a line, Greek ones in one spelling, without spaces and the marks of indices and exponents."""
    for name in sorted(GREEK, key=len, reverse=True):
        text = re.sub(rf"(?<![A-Za-z]){name}(?![A-Za-z])", GREEK[name], text)
    for sign, plain in PLAIN.items():
        text = text.replace(sign.strip(), plain.strip())
    return Counter(re.sub(r"[\s_^{}()]", "", text))


@pytest.mark.parametrize("claim_id", mdpkit.claims.ids())
def test_a_typeset_line_has_the_characters_of_the_line(claim_id):
    for field in parse(statement_of(claim_id)).fields.values():
        for _, line in lines_of(field):
            html = str(typeset(line))
            ElementTree.fromstring(f"<p>{html.replace('&emsp;', ' ')}</p>")
            assert letters(unescape(re.sub("<[^>]*>", "", html))) == letters(line)


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("a <= b", "<i>a</i> ≤ <i>b</i>"),
        ("A policy pi_g", "A policy π<sub><i>g</i></sub>"),
        ("2^(-k/2) and R^2", "2<sup>−<i>k</i>/2</sup> and <i>R</i><sup>2</sup>"),
        (
            "E_{d_t^C} b",
            '<i>E</i><sub><i>d</i><span class="scripts"><sup><i>C</i></sup><sub><i>t</i></sub></span></sub> <i>b</i>',
        ),
        ("max_{c in [0,1]^S}", "max<sub><i>c</i> ∈ [0,1]<sup><i>S</i></sup></sub>"),
        ("K_{k+1}, H-1, one-shot", "<i>K</i><sub><i>k</i>+1</sub>, <i>H</i>−1, one-shot"),
        ("V-_{t+1}, r'", "<i>V</i><sup>−</sup><sub><i>t</i>+1</sub>, <i>r</i>′"),
        ("the player's sum", "the player&#39;s sum"),
        ("the players' parts, pi', x'", "the players&#39; parts, π′, <i>x</i>′"),
        ("e^(eta A_k(s) / 2)", "<i>e</i><sup>η <i>A</i><sub><i>k</i></sub>(<i>s</i>) / 2</sup>"),
        ("J(L_tk, c) + chi2(pi || mu)", "<i>J</i>(<i>L</i><sub><i>tk</i></sub>, <i>c</i>) + χ<sup>2</sup>(π ∥ μ)"),
        ("deviation_error", "<code>deviation_error</code>"),
    ],
)
def test_formulas_written_plainly(text, html):
    assert typeset(text) == html


def test_names_are_links_where_there_is_something_to_link_to():
    html = typeset("see gap_is_kl_to_the_optimum and no_such_claim_at_all", {"gap_is_kl_to_the_optimum": "#x"}.get)
    assert html == 'see <a href="#x"><code>gap_is_kl_to_the_optimum</code></a> and <code>no_such_claim_at_all</code>'


@pytest.mark.parametrize("name", NOTES)
def test_every_formula_of_a_note_becomes_mathematics(name):
    text = NOTES[name]
    html = note_html(text)
    tree = ElementTree.fromstring(f"<div>{html}</div>")
    formulas = [found for found in FORMULA.finditer(text) if not found[1]]
    assert len(list(tree.iter("math"))) == len(formulas)
    assert not [found for found in tree.iter("code") if found.get("class") == "tex"]
    outside = re.sub(r"<code>.*?</code>", "", html)
    assert "\\" not in outside
    assert "$" not in outside


def test_what_tex_means_is_what_mathml_says():
    tex = r"\mathbb{E}_{s \sim d_t^E} \max_a \lvert A \rvert \le \Big\{ \frac1H, \mathbf 1 \Big\}"
    tree = ElementTree.fromstring(mathml(tex, display=True))
    assert tree.get("display") == "block"
    assert "".join(tree.itertext()) == "𝔼s∼dtEmaxa|A|≤{1H,𝟏}"
    assert [found.tag for found in tree.iter() if len(found.tag) > 3 and found.tag[1] in "suf"] == [
        "msub",
        "msubsup",
        "munder",
        "mfrac",
    ]
    assert mathml(r"a < b & \text{x<y}").count("&lt;") == 2


@pytest.mark.parametrize("tex", [r"\nonsense{x}", r"\frac{x}{\nonsense}", "{", r"\left( x"])
def test_what_is_no_formula_is_shown_as_it_was_written(tex):
    assert mathml(tex) == f'<code class="tex">{tex}</code>'


THIN = "0.167em"


@pytest.mark.parametrize(
    ("tex", "sign", "left", "right"),
    [
        (r"2\log 2", "log", THIN, THIN),
        (r"k(1-m)\log 2", "log", THIN, THIN),
        (r"\log_2 x", "log", "0", THIN),
        (r"x = \log(1/m)", "log", "0", "0"),
        (r"k\,\log\frac12", "log", "0", THIN),
        (r"\max\{a,b\}", "max", "0", "0"),
        (r"x\max_a\sum_s y", "max", THIN, "0"),
        (r"x\max_a\sum_s y", "∑", THIN, THIN),
        (r"\le\sum_s\left(y\right)", "∑", "0", "0"),
        (r"1/A", "/", "0", "0"),
        (r"\lvert x\rvert", "|", "0", "0"),
        (r"x_{k+1}", "+", "0", "0"),
        (r"\tfrac{1-q}{2}", "−", "0", "0"),
    ],
)
def test_operators_are_spaced_as_tex_spaces_them(tex, sign, left, right):
    [operator, *_] = [each for each in ElementTree.fromstring(mathml(tex)).iter("mo") if each.text == sign]
    assert (operator.get("lspace"), operator.get("rspace")) == (left, right)


@pytest.mark.parametrize("tex", ["=-x", "(-x)", ",-x", r"\log-x", r"\le-\gamma"])
def test_a_sign_of_a_number_is_no_difference(tex):
    assert [each.get("form") for each in ElementTree.fromstring(mathml(tex)).iter("mo") if each.text == "−"] == [
        "prefix"
    ]
    assert mathml("a-x").count("form") == mathml("f(x)-x").count("form") == mathml("x'-x").count("form") == 0


def test_a_script_on_a_large_bracket_belongs_to_the_pair():
    tree = ElementTree.fromstring(mathml(r"a\big(x+\Big(y\Big)_2\big)^2b"))
    (raised,), (lowered,) = tree.iter("msup"), tree.iter("msub")
    assert ("".join(raised[0].itertext()), "".join(lowered[0].itertext())) == ("(x+(y)2)", "(y)")
    assert "".join(tree.itertext()) == "a(x+(y)2)2b"


def test_bars_stay_as_high_as_they_are_written_and_accents_are_accents():
    assert mathml(r"\lvert\hat P_t\rvert").count('stretchy="false"') == 3
    assert "ˆ" in mathml(r"\hat P_t")
    assert mathml(r"\left|\frac12\right|").count('stretchy="true"') == 2
    assert "<mi>∞</mi>" in mathml(r"\infty")


def test_the_font_has_every_character_of_every_formula_and_tells_how_to_place_it():
    html = "".join(map(note_html, NOTES.values()))
    text = math_font(html)
    assert text == math_font(html)
    font = TTFont(BytesIO(b64decode(text)))
    shown = {
        sign
        for formula in ElementTree.fromstring(f"<d>{html}</d>").iter("math")
        for sign in "".join(formula.itertext())
    }
    assert {sign for sign in shown if ord(sign) not in font.getBestCmap() and not sign.isspace()} == set()
    assert {ord("𝑑"), ord("ℎ"), ord("𝛾")} <= set(font.getBestCmap())
    widths = {glyph: font["hmtx"][glyph][0] for glyph in font.getGlyphOrder()}
    shape = {sign: font["glyf"][font.getBestCmap()[ord(sign)]] for sign in "𝑉𝑃′"}
    assert all(shape[sign].xMax <= widths[font.getBestCmap()[ord(sign)]] + 60 for sign in "𝑉𝑃")
    assert shape["′"].yMin == 0
    assert {record.toUnicode() for record in font["name"].names} == {NAME}
    table = font["MATH"].table
    heights = {
        glyph: [each.AdvanceMeasurement for each in forms.MathGlyphVariantRecord] for glyph, forms in _vertical(table)
    }
    assert len(heights) == len(STRETCHED)
    assert all(each == sorted(set(each)) for each in heights.values())
    assert len(heights["parenleft"]) == 5
    forms = {glyph: [each.VariantGlyph for each in found.MathGlyphVariantRecord] for glyph, found in _vertical(table)}
    assert {widths[each] for each in forms["radical"]} == {widths["radical"]}
    assert len({widths[each] for each in forms["parenleft"][1:]}) == 1
    roots = heights["radical"]
    assert all(large <= 1.15 * small for small, large in pairwise(roots))
    assert (roots[0] < 800, roots[-1] > 3000) == (True, True)


def _vertical(table):
    return zip(table.MathVariants.VertGlyphCoverage.glyphs, table.MathVariants.VertGlyphConstruction, strict=True)
