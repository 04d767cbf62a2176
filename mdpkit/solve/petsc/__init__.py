"""One model beyond a process or beyond memory: inexact policy iteration by MPI processes on PETSc."""

from .folder import ModelFolder as ModelFolder
from .folder import Writer as Writer
from .planning import InexactPolicyIteration as InexactPolicyIteration
from .planning import Plan as Plan
