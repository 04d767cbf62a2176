"""The page shows all that is stored and nothing else; what comes from claims is text, whatever it looks like."""

import json
import os
import re
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

import mdpkit
from mdpkit.base.errors import InvalidModel
from mdpkit.claims import find
from mdpkit.report import draw_witness, make_figure, read, write, write_page
from mdpkit.report.page.inline import Figures
from mdpkit.report.result.store import digest_of
from mdpkit.report.witness.files import read_witness
from mdpkit.report.witness.rows import describe
from mdpkit.verify.claim import STATEMENT
from mdpkit.verify.papers import papers
from mdpkit.verify.register import place

ROOT = Path(__file__).parents[3]
pytestmark = pytest.mark.xdist_group("whole page")
"""One worker draws the page of all claims."""
CART, GAMES = "double_integrator_tube_has_a_closed_form", "value_equivalence_is_not_regret_equivalence"


class Page(HTMLParser):
    """Elements of a page: (tag, attributes), and the text outside style and script."""

    def __init__(self, path):
        super().__init__()
        self.elements, self.text, self._inside = [], "", ""
        self.feed(Path(path).read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        self._inside = tag

    def handle_startendtag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        self._inside = ""

    def handle_data(self, data):
        if self._inside not in ("style", "script"):
            self.text += data

    def all(self, tag, **attributes):
        return [found for name, found in self.elements if name == tag and attributes.items() <= found.items()]

    def words(self):
        return " ".join(self.text.split())


def of(claim_id, **changes):
    """The committed result of a claim, as if the claim's file had not changed since."""
    return replace(
        read(ROOT / "figures" / f"{place(claim_id)}.json"), **{"digest": digest_of(find(claim_id)), **changes}
    )


@pytest.fixture
def drawn(tmp_path):
    """Write results and the page of two claims beside them; the page."""

    def build(*results, claims=(CART, GAMES), root=tmp_path):
        (tmp_path / "figures").mkdir(exist_ok=True)
        for result in results:
            file = tmp_path / "figures" / f"{place(result.claim)}.json"
            file.parent.mkdir(exist_ok=True)
            write(result, file)
        write_page(tmp_path / "report.html", claims, tmp_path / "figures", root)
        return Page(tmp_path / "report.html")

    return build


# ---- all claims
@pytest.fixture(scope="module")
def whole(whole_page):
    return Page(whole_page)


def test_every_claim_has_a_row_and_a_section_under_its_id(whole):
    ids = set(mdpkit.claims.ids())
    assert {row["data-claim"] for row in whole.all("tr") if "data-claim" in row} == ids
    assert {section["id"] for section in whole.all("article")} == ids
    for row in (row for row in whole.all("tr") if "data-claim" in row):
        assert row["data-paper"].split("|") == list(find(row["data-claim"]).papers)


def test_every_paper_has_a_row_with_its_claims(whole):
    shown = {row["id"].removeprefix("paper.") for row in whole.all("tr") if row.get("id", "").startswith("paper.")}
    assert shown == set(papers())
    for name in mdpkit.claims.ids():
        assert set(find(name).papers) <= shown


def test_ids_are_unique_and_every_link_within_the_page_leads_to_one(whole):
    ids = Counter(found["id"] for _, found in whole.elements if "id" in found)
    assert [name for name, count in ids.items() if count > 1] == []
    addresses = [found[name] for tag, found in whole.elements for name in ("href", "aria-labelledby") if name in found]
    within = [address.removeprefix("#") for address in addresses if address.startswith("#")]
    assert len(within) > 4 * len(mdpkit.claims.ids())
    assert set(within) <= set(ids)
    assert {name for _, found in whole.elements for name in found.get("aria-labelledby", "").split()} <= set(ids)
    styles = " ".join(found.get("style", "") + found.get("clip-path", "") for _, found in whole.elements)
    assert set(re.findall(r"url\(#([^)]+)\)", styles)) <= set(ids)


def test_nothing_is_asked_of_a_network(whole, whole_page):
    assert not [
        found for _, found in whole.elements if "src" in found or found.get("href", "").startswith(("http", "//"))
    ]
    assert [found["href"] for found in whole.all("link")] == ["data:,"]
    assert set(re.findall(r"url\((?!#)\"?([a-z]+:[a-z]+/[a-z]+)", whole_page.read_text(encoding="utf-8"))) == {
        "data:font/woff"
    }
    assert "default-src 'none'" in whole.all("meta", **{"http-equiv": "Content-Security-Policy"})[0]["content"]


def test_links_to_files_lead_to_files(whole, whole_page, drawn_claims):
    files = [found["href"] for found in whole.all("a") if not found["href"].startswith("#")]
    assert len(files) > len(mdpkit.claims.ids()) + len(drawn_claims)
    assert [file for file in files if not (whole_page.parent / file).is_file()] == []


def test_every_figure_and_table_has_words_for_those_who_do_not_see_it(whole, drawn_claims):
    drawings = [found for found in whole.all("svg") if found.get("aria-hidden") != "true"]
    assert len(drawings) >= len(drawn_claims)
    assert all(found["role"] == "img" and found["aria-label"] for found in drawings)
    assert all(found.get("scope") in ("col", "row", "rowgroup") for found in whole.all("th") if found)
    assert whole.all("html") == [{"lang": "en"}]


def test_formulas_are_no_longer_written_in_tex(whole):
    assert whole.all("code", **{"class": "tex"}) == []
    assert len(whole.all("math")) > 1000
    assert "\\" not in whole.text
    assert "$" not in whole.text


# ---- a few claims
def test_what_is_stored_is_shown(drawn):
    result = of(CART)
    page = drawn(result, of(GAMES))
    words = page.words()
    assert page.all("section", role="alert") == []
    assert "stale" not in words
    for control in result.controls:
        assert control["reason"] in words
    assert f"exact, {result.instances} instances" in words
    assert f"mdpkit verify {CART}" in words
    assert len(page.all("figure")) == 2


def test_a_claim_without_a_result_is_not_verified_yet(drawn):
    page = drawn(of(GAMES))
    [row] = page.all("tr", **{"data-claim": CART})
    assert row["data-outcome"] == "NOT_VERIFIED"
    assert "not verified yet" in page.words()
    assert page.all("figure", id=f"{CART}.figure") == []


def test_a_result_of_an_older_file_is_stale_and_drawn_all_the_same(drawn):
    page = drawn(of(CART, digest="0" * 64), of(GAMES))
    assert "1 stored result is older than the claim" in page.words()
    assert page.words().count("stale: the claim's file has changed") == 1
    assert len(page.all("figure")) == 2


def test_rows_that_the_changed_claim_cannot_draw_are_no_reason_to_fail_but_those_of_the_claim_itself_are(drawn):
    rows = [{**row, "data": {}} for row in of(CART).rows]
    assert "cannot draw this result" in drawn(of(CART, rows=rows, digest="0" * 64)).words()
    with pytest.raises(KeyError):
        drawn(of(CART, rows=rows))


@pytest.mark.parametrize("outcome", ["CONTROL_SILENT", "REFUTED", "VACUOUS", "UNDECIDED"])
def test_what_does_not_hold_stands_in_the_banner(drawn, outcome):
    result = of(CART)
    silent = {**result.controls[0], "bites": False, "reason": "it is still decided YES"}
    controls = [silent, *result.controls[1:]] if outcome == "CONTROL_SILENT" else result.controls
    page = drawn(replace(result, outcome=outcome, controls=controls), of(GAMES))
    assert len(page.all("section", role="alert")) == 1
    assert "1 claim needs attention" in page.words()
    told = (
        f"the control “{silent['name']}” is silent: it is still decided YES"
        if outcome == "CONTROL_SILENT"
        else outcome.lower()
    )
    assert told in page.words()


def test_a_witness_is_drawn_and_a_hunt_told_beside_the_tightness(drawn, tmp_path):
    from mdpkit.hunt import hunt
    from mdpkit.report.result.constants import write_constants
    from mdpkit.report.result.hunted import write_hunt

    name = "regret_gap_is_bounded_by_recoverability"
    found = hunt(name, 1, counted=True, grid={"H": [1]})
    changed = hunt(name, 1, counted=True, grid={"H": [1]}, control="a constant of 1")
    write_constants([found, changed], tmp_path / "figures")
    page = drawn(of(name), claims=(name,))
    assert "hunt 1 at H=1" in page.words()
    assert "hunted unaided: refuted" in page.words()
    assert page.all("section", role="alert") == []
    write_hunt(found, tmp_path / "figures")
    assert "The instance that the hunt found" in drawn(claims=(name,)).words()
    data = json.loads((tmp_path / "figures" / f"{place(name)}.hunt.json").read_text())
    data["records"][-1]["verdict"] = "REFUTED"
    (tmp_path / "figures" / f"{place(name)}.hunt.json").write_text(json.dumps(data))
    assert "refuted by a hunt at H=1" in drawn(claims=(name,)).words()


REFUTED = '''"""Two rewards of at most 1 sum to at most 1: wrong."""

from mdpkit import MDP, Bound, Box, Claim, Control, Family, Finite, Simplex, TabularPolicy, measure

FAMILY = Family(
    dict(P=Simplex("S", "A", to="S"), r=Box("S", "A"), policy=Simplex("S", to="A")),
    dict(S=(3, 3), A=(2, 2)),
    dict(mdp=lambda x: MDP(x.P, x.r, x.like([1, 0, 0]), horizon=Finite(2)), policy=lambda x: TabularPolicy(x.policy)),
    fixed=("S", "A"),
)


def check(m):
    return Bound(measure.value(m.mdp, m.policy), LIMIT)


CLAIM = Claim("two_are_one", check, FAMILY, controls=[Control("c", lambda: None, tightens=check)])
'''


def test_a_witness_is_drawn_without_what_does_not_count_and_the_page_computes_nothing(drawn, tmp_path, monkeypatch):
    file = tmp_path / "two_are_one.py"
    file.write_text(REFUTED.replace("LIMIT", "1"))
    stored, *_ = make_figure(file, tmp_path / "figures")
    assert read(stored).outcome == "REFUTED"
    instance, matters = read_witness(stored.with_suffix(".refuted.json"))
    shown, whole = (
        Figures().inline(draw_witness(*each), "The instance that contradicts the claim")
        for each in ((instance, matters), (instance,))
    )
    assert len(describe(instance, matters)[0].places) < len(describe(instance)[0].places) == 3
    assert shown != whole
    monkeypatch.setattr(mdpkit.hunt, "matters", None)
    monkeypatch.setattr(mdpkit.measure, "value", None)
    drawn(claims=(file,))
    figure = re.search(
        r'<figure class="witness">(.*?)<figcaption>', (tmp_path / "report.html").read_text(encoding="utf-8"), re.DOTALL
    )[1]
    assert figure.strip() == shown
    stored.with_suffix(".refuted.matters.json").unlink()
    drawn(claims=(file,))
    monkeypatch.undo()
    file.write_text(REFUTED.replace("LIMIT", "2"))
    make_figure(file, tmp_path / "figures")
    assert sorted(each.name for each in (tmp_path / "figures").iterdir()) == ["two_are_one.json", "two_are_one.pdf"]


@pytest.mark.parametrize("text", ["{", "[]", '{"records": []}'])
def test_files_that_hold_something_else_are_refused_by_name(drawn, tmp_path, text):
    drawn(of(CART))
    for name in (f"{place(CART)}.hunt.json", f"{place(CART)}.constants.json"):
        file = tmp_path / "figures" / name
        file.write_text(text)
        with pytest.raises(InvalidModel, match=re.escape(name)):
            drawn()
        file.unlink()
    write(of(GAMES), tmp_path / "figures" / f"{place(CART)}.json")
    with pytest.raises(InvalidModel, match=f"holds the result 'CERTIFIED' of '{GAMES}'"):
        drawn()


HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'&amp;</style></article>"
CLAIM = '''"""{hostile} is said.

Statement  {hostile} <= 1, `{hostile}`
Source     adapted from Nobody{hostile} and Noone, 1999.
Proof      proofs/hostile.md
"""

from pathlib import Path
from types import SimpleNamespace as Models

from mdpkit import Bound, Claim, Control, Formal


def check(m):
    Path(__file__).with_name("checked").touch()
    return Bound(m.x, 1)


def draw(ax, rows):
    ax.plot([0, 1], label=rows[0]["label"][:20])
    ax.set_xlabel(rows[0]["label"][:20])
    ax.set_gid(rows[0]["label"])
    ax.legend()


CLAIM = Claim(
    "hostile",
    check,
    lambda: [Models(x=1)],
    formula=r"\\text{{{hostile}}} \\nonsense",
    papers=["ross2010"],
    formal=[Formal(*["{hostile}"] * 4, "weaker", "{hostile}")],
    controls=[Control("{hostile}", lambda: Models(x=1), tightens=check)],
    figure=draw,
)
'''


def test_markup_in_a_claim_is_text(drawn, tmp_path):
    """In its docstring, control, rows, figure, proof note and the results of its hunts; and it is never run."""
    escaped = HOSTILE.replace('"', '\\"')
    (tmp_path / "hostile.py").write_text(CLAIM.format(hostile=escaped))
    (tmp_path / "proofs").mkdir()
    note = f"# t\n\n{HOSTILE} $\\text{{{HOSTILE}}}$ $\\href{{javascript:x}}{{y}}$ `{HOSTILE}` [x](javascript:x) ![x](http://x)\n"
    (tmp_path / "proofs" / "hostile.md").write_text(note)
    claim = find(tmp_path / "hostile.py")
    rows = [
        {
            "part": STATEMENT,
            "label": HOSTILE,
            "ratio": 1.0,
            "sizes": {HOSTILE: 1},
            "count": 1,
            "parameters": {HOSTILE: HOSTILE},
        }
    ]
    rows.append({**rows[0], "part": HOSTILE})
    controls = [{"name": HOSTILE, "kind": "tightens", "bites": False, "reason": HOSTILE, "sides": []}]
    shown = {
        "fixed": {HOSTILE: HOSTILE},
        "random": 1.0,
        "best": 1.0,
        "exact": HOSTILE[:20],
        "verdict": HOSTILE,
        "refuted_after": None,
    }
    line = {
        "claim": "hostile",
        "part": HOSTILE,
        "control": "",
        "records": [shown],
        "formulas": {"H": HOSTILE},
        "shown": shown,
    }
    (tmp_path / "figures").mkdir()
    (tmp_path / "figures" / "hostile.constants.json").write_text(
        json.dumps({"hunts": [line, {**line, "control": HOSTILE}]})
    )
    changes = {
        "claim": "hostile",
        "rows": rows,
        "controls": controls,
        "digest": digest_of(claim),
        "evidence": HOSTILE,
        "profile": HOSTILE,
    }
    page = drawn(replace(of(CART), **changes), claims=(tmp_path / "hostile.py",))
    assert not (tmp_path / "checked").exists()
    assert len(page.all("script")) == len(page.all("article")) == len(page.all("style")) == 1
    assert page.all("img") == []
    assert [name for _, found in page.elements for name in found if name.startswith("on")] == []
    assert not any(
        "javascript" in found.get("href", "") or "http" in found.get("href", "") for _, found in page.elements
    )
    assert page.text.count("onerror=alert(2)") > 15


def test_the_bytes_do_not_depend_on_the_process(drawn, tmp_path):
    (tmp_path / "proofs").symlink_to(ROOT / "proofs")
    drawn(of(CART), of(GAMES))
    once = (tmp_path / "report.html").read_bytes()
    (tmp_path / "again").mkdir()
    words = f"from mdpkit.report import write_page; write_page('again/report.html', {(CART, GAMES)!r}, {str(tmp_path / 'figures')!r})"
    environment = {**os.environ, "PYTHONHASHSEED": "7", "SOURCE_DATE_EPOCH": "0"}
    subprocess.run([sys.executable, "-c", words], cwd=tmp_path, env=environment, check=True)
    assert (tmp_path / "again" / "report.html").read_bytes().replace(b'"../', b'"') == once
