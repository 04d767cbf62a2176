"""The page in a browser renders, filters by mouse and keyboard, logs nothing to the console and requests nothing."""

import re

import pytest

import mdpkit

pytestmark = pytest.mark.xdist_group("whole page")
IDS = mdpkit.claims.ids()
SHOWN = "[...document.querySelectorAll('{}[data-claim]')].filter(each => each.offsetParent !== null).map(each => each.dataset.claim)"


@pytest.fixture
def page(browser, whole_page):
    """The page, opened anew; at the end it must have asked for nothing and complained about nothing."""
    browser.size(1280, 900)
    browser.scheme("light")
    browser.open("about:blank")
    browser.open(whole_page.as_uri())
    yield browser
    assert [address.partition("#")[0] for address in browser.requests if not address.startswith("data:font/woff")] == [
        whole_page.as_uri()
    ]
    assert browser.complaints == []


PROBE = (
    '<p style="font-size:100px"><math display="block"><msub><mi id="base">x</mi><mi id="index">x</mi></msub><mo id="small">(</mo></math>'
    '<math display="block"><mo id="large">(</mo><mfrac><mfrac><mi>a</mi><mi>b</mi></mfrac><mi>c</mi></mfrac></math></p>'
)


def box(page, name):
    return page.run(f"document.getElementById({name!r}).getBoundingClientRect().toJSON()")


def texts(page, selector):
    """The words of every element that is seen."""
    return page.run(
        f"[...document.querySelectorAll({selector!r})].filter(each => each.offsetParent).map(each => each.textContent)"
    )


def shown(page, tag="tr"):
    return page.run(SHOWN.format(tag))


def test_it_shows_every_claim_and_the_figures_of_those_drawn(page, drawn_claims):
    assert set(shown(page)) == set(shown(page, "article")) == set(IDS)
    assert texts(page, "#shown") == [f"{len(IDS)} claims"]
    sizes = page.run(
        "[...document.querySelectorAll('figure svg')].map(each => (r => [r.width, r.height])(each.getBoundingClientRect()))"
    )
    assert len(sizes) >= len(drawn_claims)
    assert all(width > 300 and height > 150 for width, height in sizes)


def test_the_mathematics_is_laid_out_in_the_font_that_the_page_brings(page):
    # an index stands clearly below the line, and brackets grow: without the font's table neither is so
    page.run(f"document.body.insertAdjacentHTML('beforeend', {PROBE!r})")
    page.until(
        "document.getElementById('base').getBoundingClientRect() && [...document.fonts].every(each => each.status == 'loaded')"
    )
    assert box(page, "index")["bottom"] > box(page, "base")["bottom"] + 10
    assert box(page, "large")["height"] > 1.5 * box(page, "small")["height"]


def test_every_formula_is_seen_whole_and_a_bracket_keeps_no_room_for_larger_ones(page):
    page.run("document.querySelectorAll('details').forEach(each => each.open = true)")
    cut = "[...document.querySelectorAll('.equation')].filter(each => each.scrollWidth > each.clientWidth).map(each => each.textContent)"
    assert page.run(cut) == []
    probe = "<math><mo id='alone' minsize='1.2em' maxsize='1.2em'>(</mo><mi>x</mi><msqrt id='root'><mi id='under'>x</mi></msqrt></math>"
    page.run(f"document.body.insertAdjacentHTML('beforeend', `<p style='font-size:100px'>{probe}</p>`)")
    assert box(page, "alone")["width"] < 60
    assert box(page, "root")["right"] - box(page, "under")["right"] < 5
    assert box(page, "root")["bottom"] - box(page, "under")["bottom"] < 15


def test_a_filter_works_from_the_keyboard_and_is_taken_back_by_the_mouse(page):
    page.run("document.querySelector('select[name=theme]').focus()")
    page.type("g")  # one letter: a slow browser takes a second one for a new search
    page.until("document.querySelector('select[name=theme]').value == 'games'")
    assert shown(page) == shown(page, "article") == mdpkit.claims.ids("games")
    assert texts(page, "#shown") == [f"{len(mdpkit.claims.ids('games'))} of {len(IDS)} claims"]
    assert texts(page, "h2.theme") == ["games"]
    page.click("#filters button")
    page.until("document.querySelector('select[name=theme]').value == ''")
    page.until(f"document.getElementById('shown').textContent == '{len(IDS)} claims'")
    assert set(shown(page)) == set(IDS)


def choose(page, name, value):
    chosen = f"document.querySelector('select[name={name}]')"
    page.run(f"{chosen}.value = {value!r}; {chosen}.dispatchEvent(new Event('change', {{bubbles: true}}))")


def test_every_paper_shows_the_claims_that_name_it(page):
    papers = page.run(
        "[...document.querySelectorAll('select[name=paper] option')].map(each => each.value).filter(Boolean)"
    )
    named = {name: mdpkit.claims.get(name).papers for name in IDS}
    assert set(papers) == {paper for some in named.values() for paper in some}
    for paper in papers:
        choose(page, "paper", paper)
        assert shown(page) == [name for name in IDS if paper in named[name]]


def test_filters_combine_and_say_when_nothing_is_left(page):
    outcomes = page.run(
        "[...document.querySelectorAll('select[name=outcome] option')].map(each => each.value).filter(Boolean)"
    )
    by_outcome = {}
    for outcome in outcomes:
        choose(page, "outcome", outcome)
        by_outcome[outcome] = set(shown(page))
    assert set().union(*by_outcome.values()) == set(IDS)
    assert sum(map(len, by_outcome.values())) == len(IDS)
    choose(page, "theme", "safety")
    assert set(shown(page)) == by_outcome[outcomes[-1]] & set(mdpkit.claims.ids("safety"))
    choose(page, "paper", "kakade2002")
    assert shown(page) == shown(page, "article") == []
    assert texts(page, "#shown") == [f"0 of {len(IDS)} claims"]


def test_a_link_opens_the_proof_also_of_a_claim_that_was_filtered_out(page):
    page.click("a[href='#performance_difference_lemma.proof']")
    page.until("document.getElementById('performance_difference_lemma.proof').open")
    assert page.run("document.getElementById('performance_difference_lemma.proof').getBoundingClientRect().top") < 900
    choose(page, "theme", "games")
    assert "performance_difference_lemma" not in shown(page)
    page.run("location.hash = '#performance_difference_lemma'")
    page.until(f"document.getElementById('shown').textContent == '{len(IDS)} claims'")
    assert "performance_difference_lemma" in shown(page, "article")


@pytest.mark.parametrize("width", [1280, 700, 360])
def test_nothing_reaches_over_the_edge(page, width):
    page.size(width, 900)
    assert page.run("document.documentElement.scrollWidth") == width
    page.run("document.querySelectorAll('details').forEach(each => each.open = true)")
    assert page.run("document.documentElement.scrollWidth") == width


def luminance(colour):
    channels = [int(each) / 255 for each in re.findall(r"\d+", colour)[:3]]
    linear = [each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in channels]
    return sum(weight * each for weight, each in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_stand_out_from_their_ground(page, scheme):
    """Contrast of at least 4.5, the level that WCAG 2 calls AA."""
    page.scheme(scheme)
    ground = page.run("getComputedStyle(document.body).backgroundColor")
    assert (luminance(ground) < 0.1) == (scheme == "dark")
    for selector in ("h1", ".lead", "a[href]", ".chip", ".chip.CERTIFIED", "td", "figcaption", "summary", "dt"):
        ink, own = page.run(
            f"(s => [s.color, s.backgroundColor])(getComputedStyle(document.querySelector({selector!r})))"
        )
        below = ground if own == "rgba(0, 0, 0, 0)" else own
        low, high = sorted((luminance(ink), luminance(below)))
        assert (high + 0.05) / (low + 0.05) >= 4.5, (selector, ink, below)


def test_on_paper_it_is_dark_on_white_without_filters(page):
    page.size(760, 1000)
    page.scheme("dark", "print")
    assert page.run("document.documentElement.scrollWidth") == 760
    assert page.run("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.run("document.getElementById('filters').offsetParent") is None
    assert set(shown(page, "article")) == set(IDS)


def test_without_scripts_all_is_there_and_nothing_pretends_to_filter(page, whole_page):
    page.call("Emulation.setScriptExecutionDisabled", value=True)
    try:
        page.open("about:blank")
        page.open(whole_page.as_uri())
        assert set(shown(page, "article")) == set(IDS)
        assert page.run("document.getElementById('filters').offsetParent") is None
    finally:
        page.call("Emulation.setScriptExecutionDisabled", value=False)


def test_a_foreign_script_is_not_run(page, whole_page, tmp_path):
    text = whole_page.read_text(encoding="utf-8")
    altered = tmp_path / "altered.html"
    foreign = "<script>document.title = 'taken over'</script><img src='http://127.0.0.1:9/x'>"
    altered.write_text(text.replace("</main>", f"{foreign}</main>"), encoding="utf-8")
    page.open(altered.as_uri())
    assert page.run("document.title") != "taken over"
    assert len([each for each in page.complaints if "Content Security Policy" in each]) == 2
    page.open("about:blank")
    page.open(whole_page.as_uri())
