"""The address of the page holds its state, its tables are lists on a phone, and proofs are found beside the results."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from mdpkit.report import write_page

ROOT = Path(__file__).parents[3]
TEMPLATES = ROOT / "mdpkit" / "report" / "page" / "templates"
CLAIM = "dagger_regret_bounds_the_gap"

PAGE = r"""
const on = {}, listeners = {};
const options = (...values) => values.map((value) => ({ value }));
const outcome = { name: "outcome", value: "", options: options("", "REFUTED", "SURVIVED") };
const theme = { name: "theme", value: "", options: options("", "games") };
const element = (id, outcome, theme) => ({
  id, dataset: { claim: id, outcome, theme }, hidden: false, tagName: "ARTICLE", parentElement: null, seen: 0,
  closest() { return this.hidden ? this : null; }, scrollIntoView() { this.seen += 1; },
});
const claims = [element("first", "REFUTED", "games"), element("second", "SURVIVED", "games")];
const filters = {
  hidden: true, querySelectorAll: () => [outcome, theme], addEventListener: (name, f) => { on[name] = f; },
  reset() { outcome.value = theme.value = ""; on.reset(); },
};
const shown = {};
globalThis.document = {
  getElementById: (id) => ({ filters, shown })[id] || claims.find((each) => each.id === id) || null,
  querySelectorAll: (words) =>
    words === "[data-group]" ? [] : words.includes("not") ? claims.filter((each) => !each.hidden) : claims,
};
globalThis.location = { hash: process.argv[2], pathname: "/report.html", search: "" };
globalThis.history = { replaceState: (a, b, address) => { location.hash = address.startsWith("#") ? address : ""; } };
globalThis.window = { addEventListener: (name, f) => { listeners[name] = f; } };
eval(require("fs").readFileSync(process.argv[3], "utf8"));
const chosen = process.argv[4];
if (chosen !== undefined) { outcome.value = chosen; on.change(); }
setTimeout(() => {
  const visible = claims.filter((each) => !each.hidden).map((each) => each.id);
  const seen = claims.filter((each) => each.seen).map((each) => each.id);
  console.log(JSON.stringify({ visible, seen, hash: location.hash, outcome: outcome.value }));
}, 5);
"""


def opened(tmp_path, address, *chosen):
    """What the page's script does at an address, and after an outcome is chosen."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("the script is run by node, which is not there")
    (tmp_path / "page.js").write_text(PAGE)
    command = [node, str(tmp_path / "page.js"), address, str(TEMPLATES / "page.js"), *chosen]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def test_the_address_says_which_outcome_and_which_claim_are_shown(tmp_path):
    found = opened(tmp_path, "#outcome=REFUTED&claim=first")
    assert found == {
        "visible": ["first"],
        "seen": ["first"],
        "hash": "#outcome=REFUTED&claim=first",
        "outcome": "REFUTED",
    }


def test_what_is_chosen_is_kept_in_the_address(tmp_path):
    assert opened(tmp_path, "", "SURVIVED")["hash"] == "#outcome=SURVIVED"
    assert opened(tmp_path, "#claim=second", "SURVIVED")["hash"] == "#outcome=SURVIVED&claim=second"
    assert opened(tmp_path, "#outcome=REFUTED", "")["hash"] == ""


def test_a_claim_that_the_filters_hide_is_shown_without_them(tmp_path):
    found = opened(tmp_path, "#outcome=REFUTED&claim=second")
    assert (found["visible"], found["seen"], found["hash"]) == (["first", "second"], ["second"], "#claim=second")


def test_the_name_of_an_anchor_or_an_unknown_value_changes_no_filter(tmp_path):
    assert opened(tmp_path, "#second") == {
        "visible": ["first", "second"],
        "seen": ["second"],
        "hash": "#second",
        "outcome": "",
    }
    assert opened(tmp_path, "#outcome=SOLVED")["visible"] == ["first", "second"]


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """A page far from the results, and the progress that it reported."""
    path, told = tmp_path_factory.mktemp("page") / "report.html", []
    write_page(path, [CLAIM], ROOT / "figures", progress=lambda *each: told.append(each))
    return path.read_text(encoding="utf-8"), told


def test_proofs_are_found_beside_the_folder_of_the_results(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_page("report.html", [CLAIM], ROOT / "figures")
    assert f'<details id="{CLAIM}.proof"' in Path("report.html").read_text(encoding="utf-8")


def test_every_claim_that_is_drawn_is_reported(page):
    assert page[1] == [(1, 1, CLAIM)]


def test_on_a_phone_every_cell_of_a_table_names_its_column_and_no_table_has_a_least_width(page):
    text, _ = page
    tables = re.findall(r'<div class="scroll".*?</table>', text, re.DOTALL)
    assert len(tables) > 2
    assert not [
        cell
        for table in tables
        for cell in re.findall(r"<td[^>]*>", table)
        if "data-label" not in cell and "colspan" not in cell
    ]
    phone = (
        (TEMPLATES / "page.css").read_text(encoding="utf-8").split("@media (max-width: 34rem)")[1].split("@media")[0]
    )
    assert ".scroll { overflow-x: visible; }" in phone
    assert re.search(r"\.scroll table, .* \{ display: block; width: 100%; min-width: 0;", phone)
    assert "content: attr(data-label)" in phone
