"""Small, seeded parts of the fuzz runs."""

import importlib.util
from pathlib import Path


def loaded(name):
    """A script of this folder as a module."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_few_hundred_command_lines_keep_every_promise():
    assert list(loaded("fuzz").fuzz(200, seed=11, seconds=20.0)) == []
