"""Papers by key: the file that holds them, citations, and what a claim refuses."""

import re
import unicodedata

import pytest

from mdpkit import Bound, Claim, Control, Formal
from mdpkit.base.errors import InvalidClaim
from mdpkit.claims import get, ids
from mdpkit.report.page.papers import algorithms, sources
from mdpkit.verify.papers import CITED, FILE, cited_in, paper, papers, parse

ENTRY = "@misc{%s,\n  title = {T},\n  author = {Doe, Jane and Roe, Richard},\n  year = {2001},\n  url = {https://x.org},\n}\n"


def test_the_file_is_sorted_and_its_keys_are_the_first_author_and_the_year():
    found = list(papers().values())
    assert [each.key for each in found] == sorted(each.key for each in found)
    for each in found:
        plain = unicodedata.normalize("NFKD", each.authors[0].partition(",")[0].lower())
        family = re.sub(r"[^a-z]", "", plain)
        assert each.key.startswith(f"{family}{each.year}"), each.key
        assert each.url.startswith("https://")
        assert "others" in each.authors or all(name.count(", ") == 1 for name in each.authors)
        assert not each.missing.endswith(".")
    assert len({each.url for each in found}) == len({(each.title, each.authors) for each in found}) == len(found)
    assert FILE.read_text(encoding="utf-8").count("@") == len(found)


def test_an_entry_is_read():
    (found,) = parse(ENTRY % "doe2001").values()
    assert (found.title, found.authors, found.year) == ("T", ("Doe, Jane", "Roe, Richard"), 2001)
    assert (found.cited, found.reference) == ("Doe and Roe, 2001", "Jane Doe, Richard Roe. T. 2001.")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (ENTRY % "doe2001" + "\n" + ENTRY % "doe2001", "holds doe2001 twice"),
        (ENTRY % "doe2001" + "\nremark\n", "line 8: 'remark' begins no entry"),
        ((ENTRY % "doe2001").replace("  url", "  link"), "doe2001 in references.bib: url, link missing or unknown"),
        ((ENTRY % "doe2001").replace("},\n}", "}\n}"), "line 1: '@misc{doe2001,' begins no entry"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_the_place(text, words):
    with pytest.raises(InvalidClaim, match=re.escape(words)):
        parse(text)


def test_a_citation_is_found_by_all_authors_or_the_first_and_the_year():
    text = "adapted from Moulin and Vial, 1978, and Aumann, 1974; Morrill et al., 2021; Mnih and\nothers, 2015; Kakade, 2001"
    assert [each.key for each in cited_in(text)] == [
        "moulin1978",
        "aumann1974",
        "morrill2021",
        "mnih2015",
        "kakade2001",
    ]
    assert [each.key for each in cited_in("adapted from von Stengel and Forges, 2008")] == ["vonstengel2008"]
    assert cited_in("Vial, 1978; Ross, Gordon and Bagnell, 2012") == []


@pytest.mark.parametrize("room", ["learn", "deep"])
def test_every_citation_of_a_learner_is_in_the_file(room):
    said = [source for _, source in sources(room)]
    assert said
    for source in said:
        assert len(cited_in(source)) == len(CITED.findall(" ".join(source.split()))), source


def test_every_paper_is_cited_or_says_what_is_missing():
    cited = {key for name in ids() for key in get(name).papers} | set(algorithms())
    assert [each.key for each in papers().values() if each.key not in cited and not each.missing] == []
    assert "mdpkit.learn.DAgger" in algorithms()["ross2011"]
    assert {"mdpkit.instances.cliff", 'mdpkit.instances.named("cliff")'} <= set(algorithms()["ross2010"])


def check(m):
    return Bound(m.x, m.x)


def claim(**fields):
    return Claim("c", check, list, controls=[Control("c", lambda: None, tightens=check)], **fields)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"papers": ["ross2012"]}, "'ross2012' is no key of mdpkit/references.bib; nearest: ross2"),
        ({"papers": "ross2010"}, "papers of c is 'ross2010'; expected a tuple"),
        ({"tags": ["No Regret"]}, "the tag 'No Regret' of c is not in lower case with hyphens"),
    ],
)
def test_a_claim_refuses_what_is_not_known(fields, words):
    with pytest.raises(InvalidClaim, match=re.escape(words)):
        claim(**fields)


def test_a_counterpart_says_how_it_relates_to_the_claim():
    assert (
        claim(formal=[Formal("Lean 4", "a/b", "123", "t", "exact")]).formal[0].url == "https://github.com/a/b/tree/123"
    )
    for relation, words in (("similar", "expected one of exact, weaker, stronger"), ("weaker", "expected a note")):
        with pytest.raises(InvalidClaim, match=words):
            Formal("Lean 4", "a/b", "123", "t", relation)


def test_a_paper_that_is_not_there_is_named_with_its_neighbours():
    with pytest.raises(InvalidClaim, match="the first author and the year"):
        paper("zzzzzzzz")
