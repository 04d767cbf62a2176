"""The English of the project: few functions are named by participles, and few sentences say `tell` or `told`."""

from tools import english

MOST = 20


def test_hardly_anything_is_told():
    found = list(english.tellings())
    assert len(found) <= MOST, "\n".join(found)


def test_functions_are_named_by_verbs():
    found = list(english.functions_named_by_participles())
    assert len(found) <= MOST, "\n".join(found)


def test_participles_are_found_where_they_are():
    source = """
def drawn(x):
    def solved(): pass

class Record:
    def _kept(self): pass
    @property
    def used(self): pass

async def told_and_played(): pass
@pytest.fixture(scope="module")
def opened(): pass
def other_problems_are_refused(): pass
def seed(): pass
def device_named(name): pass
def draw(drawn): return drawn
"""
    assert {name for _, name in english.participles(source)} == {"drawn", "solved", "_kept", "told_and_played"}
