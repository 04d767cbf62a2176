"""Instances: named families, random draws, and files."""

from .blocks import Box as Box
from .blocks import Choice as Choice
from .blocks import Simplex as Simplex
from .catalogue import bundled as bundled
from .catalogue import named as named
from .catalogue import named_instances as named_instances
from .families import cliff as cliff
from .families import combination_lock as combination_lock
from .families import double_integrator as double_integrator
from .families import garnet as garnet
from .family import Family as Family
from .grid import Grid as Grid
from .grid import grid as grid
from .instance import Instance as Instance
from .io import decode as decode
from .io import encode as encode
from .io import load as load
from .io import save as save
from .restrictions import empirical as empirical
from .restrictions import instrumental as instrumental
