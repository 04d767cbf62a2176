"""Claims about networks are found by their path, and told of where they cannot run."""

import subprocess
import sys

import pytest
from tools.left_out import needs_the_extra
from typer.testing import CliRunner

from mdpkit import claims
from mdpkit.base.errors import UnknownClaim
from mdpkit.verify import register as _register
from mdpkit.verify.register import about_networks

NAME = "networks_that_ask_recover_and_clones_do_not"


@pytest.fixture
def without_torch(monkeypatch):
    caches = _register._modules, _register._missing
    monkeypatch.setattr(_register, "find_spec", lambda name: None)
    for cached in caches:
        cached.cache_clear()
    yield
    monkeypatch.undo()
    for cached in caches:
        cached.cache_clear()


@needs_the_extra
def test_claims_are_listed_without_loading_torch():
    """And the annex is asked for nothing by a claim of another room."""
    code = (
        f"import sys; from mdpkit import claims; assert {NAME!r} in claims.ids(); claims.get('performance_difference_lemma'); "
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.usefixtures("without_torch")
def test_without_torch_they_are_left_out_by_name():
    assert NAME in about_networks()
    assert claims.left_out() == dict.fromkeys(about_networks(), "torch and safetensors")
    assert NAME not in claims.ids()
    with pytest.raises(
        UnknownClaim, match=r"needs torch and safetensors, which is not installed: pip install 'mdpkit\[deep\]'"
    ):
        claims.get(NAME)


@pytest.mark.usefixtures("without_torch")
def test_verify_of_a_theme_says_what_it_left_out(monkeypatch, tmp_path):
    from mdpkit.cli import app

    monkeypatch.setenv("MDPKIT_CACHE", str(tmp_path))
    done = CliRunner().invoke(app, ["verify", "--theme", "offline", "--workers", "1"])
    assert done.exit_code == 0
    assert f"left out: {NAME} needs torch and safetensors" in done.output


@needs_the_extra
def test_with_torch_nothing_is_left_out():
    assert claims.left_out() == {}
    assert claims.get(NAME).id == NAME
