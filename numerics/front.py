"""The front door of the command line: usage by task, where the documentation is, and completion."""

from __future__ import annotations

from pathlib import Path

import neurenorm

__all__ = ["USAGE", "completion", "documentation"]

USAGE = """\
neurenorm derives, evaluates and verifies the statistical physics of deep networks.

Ask the catalogue
  neurenorm list                                   every result
  neurenorm show ID [name=value ...]               its formula, symbols and derivation
  neurenorm evaluate ID name=value ... --digits 30 a number, proved to 30 digits
  neurenorm export ID -o FILE.tex                  LaTeX for a paper (--fragment), or FILE.html
Check it
  neurenorm verify [PAPER-KEY | FILE.py]           every claim against its independent witness
Explore
  neurenorm sweep ID name=0:1:11 ... -o FILE.nc    a grid, resumable
  neurenorm plot FILE.nc                           its figure
Your own network
  neurenorm measure MODEL.onnx DATA.npy            complexity and effective dimension, by layer
Find out more
  neurenorm COMMAND --help                         all options
  neurenorm docs                                   where the documentation is
  neurenorm completion bash                        completion for bash, zsh or fish
  neurenorm --version

For example: neurenorm evaluate lattice/hierarchical-fixed-point cell=diamond --digits 30
"""


def documentation(root: Path | None = None) -> str:
    """Return where the documentation is: the built site, else its pages in this checkout, else the
    command that builds it.

    Parameters
    ----------
    root : Path, optional
        The checkout; by default the one this package is in.

    Examples
    --------
    >>> documentation(Path("/nowhere"))
    'the pages are in the folder docs of the repository; make docs builds the site'
    """
    where = _checkout() if root is None else root
    for page in (where / "build" / "docs" / "index.html", where / "docs" / "start.md"):
        if page.is_file():
            return page.as_uri() if page.suffix == ".html" else str(page)
    return "the pages are in the folder docs of the repository; make docs builds the site"


def _checkout() -> Path:
    """Return the folder that holds the three wings."""
    return Path(*neurenorm.__path__).joinpath("theory").resolve().parent


def completion(shell: str, commands: dict[str, list[str]]) -> str:
    """Return a script that completes commands, their options and the ids of results.

    Parameters
    ----------
    shell : str
        ``bash``, ``zsh`` or ``fish``.
    commands : mapping of str to list of str
        The options of every command.

    Examples
    --------
    >>> print(completion("fish", {"list": ["--json"]}).splitlines()[0])
    complete -c neurenorm -f -n __fish_use_subcommand -a 'list'
    """
    from neurenorm.theory.catalogue import listed

    ids = [entry.id for entry in listed()]
    words = {
        name: [*options, *(ids if name in ("show", "evaluate", "export", "sweep") else [])]
        for name, options in commands.items()
    }
    if shell == "fish":
        rows = [f"complete -c neurenorm -f -n __fish_use_subcommand -a '{' '.join(words)}'"]
        rows += [
            f"complete -c neurenorm -n '__fish_seen_subcommand_from {name}' -a '{' '.join(more)}'"
            for name, more in words.items()
        ]
        return "\n".join(rows)
    cases = "\n".join(f'    {name}) words="{" ".join(more)}" ;;' for name, more in words.items())
    first = "autoload -U +X bashcompinit && bashcompinit\n" if shell == "zsh" else ""
    return (
        f"{first}_neurenorm() {{\n"
        f'  local words="{" ".join(words)}"\n'
        '  [ "$COMP_CWORD" -gt 1 ] && case "${COMP_WORDS[1]}" in\n'
        f"{cases}\n"
        "  esac\n"
        '  COMPREPLY=($(compgen -W "$words" -- "${COMP_WORDS[COMP_CWORD]}"))\n'
        "}\n"
        "complete -o default -F _neurenorm neurenorm"
    )
