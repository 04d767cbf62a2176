"""The benchmark behind `mdpkit bench`: certified solutions beside those of other packages.

Models and adapters belong to the package, so that an installed one can be timed; the themes' own files are those of a
checkout, tests/bench. Every task runs in a process of its own, in which both sides are called in turn on one thread;
what counts are CPU seconds. Seeds are digests of the commit's hash.
"""
