"""The command line."""

from . import bench as bench
from . import figure as figure
from . import hunt as hunt
from . import listing as listing
from . import new as new
from . import report as report
from . import solve as solve
from . import verify as verify
from ._app import app as app
