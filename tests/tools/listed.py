"""The claims on the page that tests of the page draw: a quarter of the register.

Every claim's own page, with its figure and its formulas, is built in tests/docs.
"""

from mdpkit.claims import ids

LISTED = sorted({*ids()[::4], "performance_difference_lemma"}, key=ids().index)
