"""Optional packages, imported where they are needed and named with their extra where they are
missing.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

__all__ = ["needed"]


def needed(module: str, extra: str, purpose: str) -> Any:
    """Import an optional package.

    Parameters
    ----------
    module : str
        Its import name.
    extra : str
        The extra of this project that installs it.
    purpose : str
        What needs it, as the beginning of the error message.

    Returns
    -------
    module

    Raises
    ------
    ValueError
        If it is not installed; the message names the extra.

    Examples
    --------
    >>> needed("no_such_package", "results", "a sweep")
    Traceback (most recent call last):
    ValueError: a sweep needs no_such_package, which is not installed: pip install 'neurenorm[results]'
    """
    try:
        return import_module(module)
    except ImportError as error:
        raise ValueError(
            f"{purpose} needs {error.name or module}, which is not installed: pip install "
            f"'neurenorm[{extra}]'"
        ) from error
