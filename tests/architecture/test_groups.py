"""Marks that keep tests in one process are obeyed: groups share what is costly, and some must not run twice at once."""

import os

import pytest


@pytest.mark.xdist_group("a group")
def test_a_group_is_part_of_the_name_by_which_tests_are_given_to_processes(request):
    if "PYTEST_XDIST_WORKER" not in os.environ:
        pytest.skip("the tests run in one process")
    assert request.node.nodeid.endswith("@a group")
