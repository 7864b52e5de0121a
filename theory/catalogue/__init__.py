"""The catalogue: every result by its id, with its statement, parameters, provenance and derived
object.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from neurenorm.doors import lazy

if TYPE_CHECKING:
    from neurenorm.theory.catalogue.entries import result as result
    from neurenorm.theory.catalogue.entries import results as results
    from neurenorm.theory.catalogue.index import Listed as Listed
    from neurenorm.theory.catalogue.index import listed as listed
    from neurenorm.theory.catalogue.papers import PAPERS as PAPERS
    from neurenorm.theory.catalogue.papers import Paper as Paper
    from neurenorm.theory.catalogue.result import REQUIRED as REQUIRED
    from neurenorm.theory.catalogue.result import Parameter as Parameter
    from neurenorm.theory.catalogue.result import Result as Result

_PLACES = {
    "entries": ("result", "results"),
    "index": ("Listed", "listed"),
    "papers": ("PAPERS", "Paper"),
    "result": ("REQUIRED", "Parameter", "Result"),
}
__all__ = sorted({name for names in _PLACES.values() for name in names})

__getattr__, __dir__ = lazy(__name__, _PLACES)
