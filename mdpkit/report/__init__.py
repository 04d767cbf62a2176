"""Reports: stored results, figures, pages, and drawings of problems and witnesses."""

from .page.write import write_page as write_page
from .picture.draw import draw as draw
from .picture.instance import draw_instance as draw_instance
from .result.draw import draw_claim as draw_claim
from .result.draw import render as render
from .result.figure import make_figure as make_figure
from .result.numbers import as_csv as as_csv
from .result.numbers import as_macros as as_macros
from .result.store import Stored as Stored
from .result.store import read as read
from .result.store import result_of as result_of
from .result.store import write as write
from .style import style as style
from .witness.draw import draw_witness as draw_witness
from .witness.draw import tikz as tikz
