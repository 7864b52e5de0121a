"""The command line: list, show, evaluate, verify, measure, sweep, plot, export, docs,
completion.
"""

from __future__ import annotations

import argparse
import json
import secrets
import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import NoReturn

from neurenorm.numerics.files import all_writable, writable, write_whole
from neurenorm.numerics.terminal import one_line, say
from neurenorm.numerics.verification.effort import Effort

__all__ = ["main"]

BAD_USAGE, NOT_WELL, WELL, INTERRUPTED = 2, 1, 0, 130

# Commands that live in rooms of their own: what they do, where, and the names of the functions that
# declare the arguments and run.
ROOMS = {
    "measure": (
        "both observables of a network of your own, layer by layer",
        "neurenorm.numerics.measure.network.command",
        "add_arguments",
        "measure_command",
    ),
    "sweep": (
        "a result, claim or simulation over a grid, to a netCDF file that can be resumed",
        "neurenorm.numerics.sweep",
        "add_arguments",
        "sweep_command",
    ),
    "plot": (
        "a figure of a sweep",
        "neurenorm.numerics.sweep",
        "add_plot_arguments",
        "plot_command",
    ),
}


class _Parser(argparse.ArgumentParser):
    """An argument parser that says what is wrong in one line."""

    def error(self, message: str) -> NoReturn:
        """Print one line and leave with the status for bad usage."""
        self.exit(BAD_USAGE, f"{one_line(f'{self.prog}: {message}')}\n")


def parser(command: str | None = None) -> argparse.ArgumentParser:
    """Return the parser of the command line; of the rooms only the one of the given command is
    entered, as each takes seconds to import.
    """
    top = _Parser(
        prog="neurenorm",
        description="Derive, evaluate and verify the statistical physics of deep networks.",
    )
    top.add_argument("--version", action="version", version=f"neurenorm {version('neurenorm')}")
    commands = top.add_subparsers(
        dest="command", required=True, metavar="COMMAND", parser_class=_Parser
    )

    listing = commands.add_parser("list", help="every result: id, statement, provenance")
    listing.add_argument("--paper", metavar="KEY", help="only the results of one paper")
    listing.add_argument("--json", action="store_true", help="print JSON")
    listing.set_defaults(run=_list)

    show = commands.add_parser(
        "show", help="the formula of a result, its symbols, conventions and derivation"
    )
    show.add_argument("id", metavar="ID")
    _add_values(show, "what the formula is shown for")
    show.add_argument("--latex", action="store_true", help="print LaTeX")
    show.set_defaults(run=_show)

    evaluating = commands.add_parser("evaluate", help="a result as numbers")
    evaluating.add_argument("id", metavar="ID")
    _add_values(
        evaluating, "parameters; decimals are exact, 1/3 and inf are numbers, JSON lists are lists"
    )
    evaluating.add_argument("--digits", type=int, metavar="N", help="prove N digits and print them")
    evaluating.add_argument("--json", action="store_true", help="print JSON")
    evaluating.set_defaults(run=_evaluate)

    verify = commands.add_parser(
        "verify", help="check every claim against its independent witness, and its mutants"
    )
    verify.add_argument(
        "what",
        metavar="PAPER-KEY | FILE.py",
        nargs="?",
        help="one paper, or a Python file of yours that defines claims: it is run",
    )
    verify.add_argument(
        "--effort",
        choices=[effort.name for effort in Effort],
        default="default",
        help="how many samples",
    )
    seeds = verify.add_mutually_exclusive_group()
    seeds.add_argument("--seed", type=_seed, default=0, help="seed of all random numbers")
    seeds.add_argument("--unseeded", action="store_true", help="draw a fresh seed, and print it")
    verify.add_argument("--json", metavar="FILE", help="write the reports as JSON")
    verify.add_argument("--junit", metavar="FILE.xml", help="write the reports as JUnit XML")
    verify.add_argument("--report", metavar="FILE.html", help="write one self-contained page")
    verify.add_argument("--force", action="store_true", help="overwrite an existing file")
    verify.set_defaults(run=_verify)

    for name, (what, module, declare, run) in ROOMS.items():
        room = commands.add_parser(name, help=what)
        if name == command:
            getattr(import_module(module), declare)(room)
            room.set_defaults(run=getattr(import_module(module), run))

    export = commands.add_parser(
        "export", help="a document that compiles with plain pdflatex, or a web page with MathML"
    )
    export.add_argument("id", metavar="ID", nargs="?", help="only one result")
    _add_values(export, "what the formula is shown for")
    export.add_argument("--paper", metavar="KEY", help="only the results of one paper")
    export.add_argument(
        "--fragment",
        action="store_true",
        help="no preamble and no headings: a file to \\input into a paper, or the body of a page",
    )
    export.add_argument(
        "--columns",
        type=int,
        choices=(1, 2),
        default=1,
        help="columns of the paper that a fragment goes into",
    )
    export.add_argument("-o", "--output", metavar="FILE.tex | FILE.html", required=True)
    export.add_argument("--force", action="store_true", help="overwrite an existing file")
    export.set_defaults(run=_export)

    pages = commands.add_parser("docs", help="where the documentation is")
    pages.add_argument("--open", action="store_true", help="open it in a browser")
    pages.set_defaults(run=_docs)

    completing = commands.add_parser("completion", help="a script that completes commands and ids")
    completing.add_argument("shell", choices=("bash", "zsh", "fish"))
    completing.set_defaults(run=_completion)
    return top


def _add_values(command: argparse.ArgumentParser, what: str) -> None:
    """Let a command take parameters of a result."""
    command.add_argument("values", metavar="name=value", nargs="*", help=what)


def _seed(text: str) -> int:
    """Return a seed, which is a whole number from 0."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"a seed is a whole number from 0, got {text}")
    return int(text)


def _list(arguments: argparse.Namespace) -> int:
    """Print the catalogue."""
    from neurenorm.theory.catalogue import listed

    entries = listed(arguments.paper)
    if arguments.json:
        from neurenorm.numerics.verification.index import claims_of_result

        rows = [
            {
                "id": e.id,
                "statement": e.statement,
                "paper": e.paper.key,
                "provenance": e.paper.provenance,
                "claims": list(claims_of_result(e.id)),
            }
            for e in entries
        ]
        print(json.dumps(rows, indent=2))
        return WELL
    width = max(len(entry.id) for entry in entries)
    for entry in entries:
        say(f"{entry.id:{width}}  {entry.statement} [{entry.paper.provenance}]")
    return WELL


def _show(arguments: argparse.Namespace) -> int:
    """Print one result."""
    from neurenorm.numerics.evaluate import evaluate
    from neurenorm.numerics.evaluate.values import assignments
    from neurenorm.numerics.show.chosen import chosen, is_complete
    from neurenorm.numerics.verification.index import claims_of_result
    from neurenorm.theory.catalogue import result
    from neurenorm.theory.document import entry_latex, entry_text

    entry, values = result(arguments.id), assignments(arguments.values)
    complete = is_complete(entry, values)
    structural = {p.name for p in entry.parameters if p.structural}
    shape = {name: value for name, value in values.items() if name in structural}
    shown = chosen(entry, shape if complete else values)
    if arguments.latex:
        say(entry_latex(shown))
        return WELL
    say(entry_text(shown))
    holding = ", ".join(claims_of_result(entry.id))
    say(f"Claims that hold it: {holding or 'none through its evaluation'}")
    if complete:
        say(str(evaluate(entry, {**(shown.example or {}), **values})))
    return WELL


def _evaluate(arguments: argparse.Namespace) -> int:
    """Print the values of one result."""
    from neurenorm.numerics.evaluate import evaluate
    from neurenorm.numerics.evaluate.values import assignments
    from neurenorm.numerics.solution import Status

    values = assignments(arguments.values)
    found = evaluate(arguments.id, values, digits=arguments.digits)
    failed = Status(found.answer.status).failed
    say(
        json.dumps(_json_ready(found.as_dict()), allow_nan=False)
        if arguments.json
        else found.text(reason=not failed)
    )
    if (failed or arguments.json) and found.answer.reason:
        say(found.answer.reason, error=True)
    return NOT_WELL if found.answer.status == Status.not_converged else WELL


def _json_ready(value: object) -> object:
    """Return a value with infinite numbers as the strings "inf" and "-inf"."""
    if isinstance(value, dict):
        return {key: _json_ready(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_json_ready(item) for item in value]
    if isinstance(value, float) and value in (float("inf"), float("-inf")):
        return "inf" if value > 0 else "-inf"
    return value


def _verify(arguments: argparse.Namespace) -> int:
    """Check claims and print each verdict."""
    from neurenorm.numerics.show.report import as_json, as_junit, page, text_row
    from neurenorm.numerics.verification.compare import Verdict
    from neurenorm.numerics.verification.suite import (
        claims_in_file,
        gather_claims,
        papers,
        run_claims,
    )

    writers = {
        name: writer
        for name, writer in (
            (arguments.json, as_json),
            (arguments.junit, as_junit),
            (arguments.report, page),
        )
        if name
    }
    targets = all_writable(
        [name for name in (arguments.json, arguments.junit, arguments.report) if name],
        force=arguments.force,
    )
    outputs = list(zip(targets, writers.values(), strict=True))
    seed = secrets.randbits(32) if arguments.unseeded else arguments.seed
    own = arguments.what not in (None, *papers()) and (
        arguments.what.endswith(".py") or Path(arguments.what).exists()
    )
    claims = claims_in_file(arguments.what) if own else gather_claims(arguments.what)
    reports = []
    for report in run_claims(claims, Effort[arguments.effort], seed=seed):
        reports.append(report)
        say(text_row(report), flush=True)
    agreed = sum(report.verdict is Verdict.agrees for report in reports)
    print(
        f"{agreed} of {len(reports)} claims agree; effort {arguments.effort}, seed {seed}, "
        f"{sum(r.seconds for r in reports):.1f} s"
    )
    for target, writer in outputs:
        write_whole(target, writer(reports))
    return WELL if agreed == len(reports) else NOT_WELL


def _export(arguments: argparse.Namespace) -> int:
    """Write the LaTeX document, or the web page."""
    from neurenorm.numerics.evaluate.values import assignments
    from neurenorm.numerics.show.chosen import chosen
    from neurenorm.numerics.show.web import NO_MATHML, document_html, has_mathml
    from neurenorm.theory.catalogue import result, results
    from neurenorm.theory.document import document

    if arguments.id is not None and arguments.paper is not None:
        raise ValueError("give either an id or --paper, not both")
    kind = Path(arguments.output).suffix.lower()
    if kind not in (".tex", ".html", ".htm"):
        raise ValueError(
            f"the name of the output says what is written, .tex or .html, got {arguments.output!r}"
        )
    target = writable(arguments.output, force=arguments.force)
    entries = (
        results(arguments.paper)
        if arguments.id is None
        else (chosen(result(arguments.id), assignments(arguments.values)),)
    )
    if kind == ".tex":
        text = document(entries, standalone=not arguments.fragment, columns=arguments.columns)
    else:
        text = document_html(entries, standalone=not arguments.fragment)
        if not has_mathml():
            say(NO_MATHML, error=True)
    write_whole(target, text)
    return WELL


def _docs(arguments: argparse.Namespace) -> int:
    """Say where the documentation is, and open it if asked."""
    from neurenorm.numerics.front import documentation

    where = documentation()
    say(where)
    if arguments.open and where.startswith("file:"):
        import webbrowser

        webbrowser.open(where)
    return WELL


def _completion(arguments: argparse.Namespace) -> int:
    """Print the script that completes commands."""
    from neurenorm.numerics.front import completion

    commands = {name: _options(parser(name), name) for name in (*_COMMANDS, *ROOMS)}
    print(completion(arguments.shell, commands))
    return WELL


_COMMANDS = ("list", "show", "evaluate", "verify", "export", "docs", "completion")


def _options(top: argparse.ArgumentParser, name: str) -> list[str]:
    """Return the long options of a command, and the words that it takes."""
    (commands,) = [a for a in top._actions if isinstance(a, argparse._SubParsersAction)]
    actions = commands.choices[name]._actions
    words = [str(word) for a in actions if not a.option_strings for word in a.choices or ()]
    return [o for a in actions for o in a.option_strings if o.startswith("--")] + words


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status.

    Parameters
    ----------
    arguments : sequence of str, optional
        By default those of the process.

    Returns
    -------
    int
        0 if all is well, 1 if something is refuted, undecided or not converged, 2 for bad usage,
        130 after Ctrl-C.

    Examples
    --------
    >>> main(["evaluate", "lattice/ising-correlation", "K=0.5", "r=1", "--digits", "12"])
    lattice/ising-correlation (exact)
      value = 0.462117157260
    0
    """
    given = sys.argv[1:] if arguments is None else list(arguments)
    command = next((word for word in given if not word.startswith("-")), "")
    if not given:
        from neurenorm.numerics.front import USAGE

        say(USAGE.rstrip())
        return WELL
    try:
        chosen = parser(command).parse_args(given)
        status: int = chosen.run(chosen)
        sys.stdout.flush()
    except BrokenPipeError:
        return WELL
    except KeyboardInterrupt:
        return _failed(command, "interrupted, nothing was written", INTERRUPTED)
    except (ValueError, TypeError) as error:
        return _failed(command, str(error), BAD_USAGE)
    except RecursionError:
        return _failed(
            command, "the expression is nested too deeply; write it with fewer levels", BAD_USAGE
        )
    except MemoryError:
        return _failed(command, "this needs more memory than there is; ask for less", BAD_USAGE)
    except OSError as error:
        return _failed(command, f"cannot write the output: {error.strerror or error}", BAD_USAGE)
    return status


def _failed(command: str, message: str, status: int) -> int:
    """Say in one line why a command ends, and return its exit status."""
    say(f"neurenorm {command}: {message}", error=True)
    return status
