"""Any function of the parameters as what is swept: an object of Python, or ``module:name``."""

from __future__ import annotations

import hashlib
import inspect
import json
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np

from neurenorm.numerics.sweep.axes import Grid, value_text
from neurenorm.numerics.sweep.outcome import Outcome, of_anything, plain
from neurenorm.numerics.sweep.target import Target

__all__ = ["FunctionTarget", "imported"]


@dataclass(frozen=True)
class FunctionTarget(Target):
    """Any function of the parameters; a parameter ``rng`` that is not swept gets a generator made
    of the seed and the point.
    """

    function: Callable[..., Any]
    label: str = ""

    @property
    def name(self) -> str:
        unnamed = type(self.function).__name__
        return self.label or str(getattr(self.function, "__qualname__", unnamed))

    @property
    def identity(self) -> str:
        """Its label, or its name and a digest of its source, so that an edited function is another
        sweep.
        """
        if self.label:
            return self.label
        try:
            source = inspect.getsource(self.function)
        except (OSError, TypeError) as error:
            raise ValueError(
                "this function has no source by which it could be recognised again: give the sweep "
                "a name"
            ) from error
        return f"{self.name} {hashlib.sha256(source.encode()).hexdigest()[:12]}"

    def completed(self, grid: Grid) -> Grid:
        signature = inspect.signature(self.function).parameters.values()
        known = [p for p in signature if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)]
        names = [p.name for p in known]
        unknown = sorted(set(grid.given).difference(names))
        if unknown and not any(p.kind is p.VAR_KEYWORD for p in signature):
            raise ValueError(
                f"the function has no parameter {unknown[0]!r}; it takes "
                f"{', '.join(names) or 'none'}"
            )
        needed = [p.name for p in known if p.default is p.empty and p.name != "rng"]
        missing = [name for name in needed if name not in grid.given]
        if missing:
            raise ValueError(
                f"the function needs {' and '.join(missing)}: give each as an axis or a fixed value"
            )
        return grid

    def run(self, point: Mapping[str, Any], seed: int) -> Outcome:
        arguments = {name: plain(value) for name, value in point.items()}
        if "rng" not in arguments and "rng" in inspect.signature(self.function).parameters:
            arguments["rng"] = np.random.default_rng([seed, *_digest(point)])
        return of_anything(self.function(**arguments))

    def about(self) -> dict[str, str]:
        text = (inspect.getdoc(self.function) or "").split("\n\n")[0]
        return {"title": text or self.name, "provenance": "computed by a function of the user"}


def _digest(point: Mapping[str, Any]) -> list[int]:
    """Return four words that depend on the point alone, not on its place in a grid."""
    text = json.dumps({name: value_text(value) for name, value in sorted(point.items())})
    return np.frombuffer(hashlib.sha256(text.encode()).digest()[:16], dtype=np.uint32).tolist()


def imported(path: str) -> FunctionTarget:
    """Return the function ``module:name``, such as a simulation; modules of the present folder are
    found as well.

    Raises
    ------
    ValueError
        If there is no such function.
    """
    module, _, name = path.partition(":")
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    try:
        found = getattr(import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise ValueError(
            f"there is no function {name!r} in a module {module!r} to sweep ({error}): give "
            "module:function"
        ) from error
    if not callable(found):
        raise ValueError(
            f"{path} is no function but a {type(found).__name__}: give module:function"
        )
    return FunctionTarget(found)
