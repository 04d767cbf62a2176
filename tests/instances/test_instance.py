"""Instances of statements: models by name."""

from types import SimpleNamespace

from mdpkit import Instance, load, objects, save


def test_a_replaced_model_is_in_the_copy_alone():
    first = Instance(p=1, q=2)
    assert first.replace(q=3, r=4) == Instance(p=1, q=3, r=4)
    assert first == Instance(p=1, q=2)


def test_a_namespace_of_the_standard_library_is_saved_and_comes_back_as_an_instance(tmp_path):
    save(SimpleNamespace(p=objects([1, 2])), tmp_path / "instance.json")
    found = load(tmp_path / "instance.json")
    assert type(found) is Instance
    assert found.p.tolist() == [1, 2]
