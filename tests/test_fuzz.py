"""A small, seeded part of the fuzz run."""

import importlib.util
from pathlib import Path


def test_a_few_hundred_command_lines_keep_every_promise():
    spec = importlib.util.spec_from_file_location("fuzz", Path(__file__).with_name("fuzz.py"))
    fuzz = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(fuzz)
    assert list(fuzz.fuzz(200, seed=11, seconds=20.0)) == []
