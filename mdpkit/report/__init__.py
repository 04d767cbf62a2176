"""Floor 7: what a verdict leaves behind: a stored result, a figure drawn from it, and problems drawn."""

from .draw import draw_claim as draw_claim
from .draw import rendered as rendered
from .figure import make_figure as make_figure
from .numbers import as_csv as as_csv
from .numbers import as_macros as as_macros
from .page import write_page as write_page
from .picture import draw as draw
from .store import Stored as Stored
from .store import read as read
from .store import stored as stored
from .store import write as write
from .style import style as style
from .witness import draw_witness as draw_witness
from .witness import tikz as tikz
