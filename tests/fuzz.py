"""Seeded fuzzing of the command line: no traceback, no hang, one line of refusal, promised exit
codes, no nan without its reason.

Half of the inputs are recorded valid points with one value changed, so that they reach long
computations too. ``python tests/fuzz.py --inputs 20000 --seed 1`` prints what breaks the promise;
so does ``make fuzz``. Inputs run in a child process that is ended, and named, where it stops
answering; input k of a seed is the same whatever ran before it.
"""

import argparse
import contextlib
import io
import multiprocessing
import os
import random
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from pathlib import Path

from neurenorm.numerics.cli import main
from neurenorm.theory.catalogue import results

LONGEST = 5.0
CODE = '__import__("pathlib").Path("pwned").touch()'
NUMBERS = [
    "0", "1", "2", "3", "-1", "0.5", "1/3", "1e-300", "1e300", "1e400", "-1e-9",
    "inf", "-inf", "nan", "1e99999999", "9" * 400, "1.5", "7", "-0", "1/0",
]  # fmt: skip
WORDS = [
    "tanh", "relu", "z*exp(-z**2/2)", "z**9**9", "erf(z)+z/3",
    "ising", "potts", "diamond", "", " ", "\x1b[31m", "é", "true", "null", CODE, "z", "[", "{}", "\x00",
]  # fmt: skip
LISTS = [
    "[1,-1]",
    "[[0,1,2],[2,3,4]]",
    "[1,-1,1]",
    "[2,3,6]",
    "[]",
    "[[]]",
    "[[1],[2]]",
    "[[1,-0.5],[0.3,0.8]]",
    '[{"a":1}]',
    f"[[{CODE}]]",
    "[null]",
    "[" * 300,
]


POINTS = [
    line.split()
    for line in (Path(__file__).parent / "golden" / "points.txt").read_text().splitlines()
    if line.strip() and not line.startswith("#")
]


class Slow(BaseException):
    """Raised in what runs too long."""


def _value(rng, parameter=None):
    """A value, more often than not one that the parameter admits."""
    if parameter is not None and rng.random() < 0.6:
        domain = parameter.domain
        if isinstance(domain, tuple):
            return rng.choice(domain)
        if domain is not None:
            return rng.choice([*NUMBERS[:6], "5", "0.9"])
    kind = rng.choice((NUMBERS, NUMBERS, WORDS, LISTS))
    return (
        rng.choice(kind)
        if rng.random() < 0.9
        else "".join(
            rng.choice("0123456789eE./-+*()[]{},:z\"' ") for _ in range(rng.randint(1, 12))
        )
    )


def command(rng, entries):
    """A command line."""
    return _changed_point(rng) if rng.random() < 0.5 else _any_command(rng, entries)


def _changed_point(rng):
    """A recorded valid point in which one value is scaled, moved, replaced, doubled or left out."""
    name, *values = rng.choice(POINTS)
    for _ in range(rng.choice((0, 1, 1, 1, 2))):
        if values:
            place = rng.randrange(len(values))
            values[place : place + 1] = _changed_value(rng, values[place])
    digits = ["--digits", rng.choice(["3", "15", "40", "1000"])] if rng.random() < 0.1 else []
    return ["evaluate", name, *values, *digits, *(["--json"] * (rng.random() < 0.3))]


def _changed_value(rng, text):
    """Other texts in place of one ``name=value``."""
    name, _, value = text.partition("=")
    number = value.lstrip("-").replace(".", "", 1).isdecimal()
    if number and rng.random() < 0.7:
        scale = rng.choice(
            ["0.9", "1.1", "1e-3", "1e3", "-1", "1e-12", "1e12", "1e200", "7", "0.5"]
        )
        made = float(value) * float(scale)
        whole = "." not in value and rng.random() < 0.7 and abs(made) < 1e300
        return [f"{name}={int(made) if whole else f'{made:.12g}'}"]
    kinds = ("other", "other", "list", "gone", "twice", "letter")
    kind = rng.choice(kinds)
    if kind == "letter":
        place = rng.randrange(len(value) + 1)
        return [f"{name}={value[:place]}{rng.choice('0123456789-./,[]ez')}{value[place:]}"]
    return {
        "other": [f"{name}={rng.choice((*NUMBERS, *WORDS))}"],
        "list": [f"{name}={rng.choice(LISTS)}"],
        "gone": [],
        "twice": [text, text],
    }[kind]


def _any_command(rng, entries):
    """Any command with any values."""
    entry = rng.choice(entries)
    chosen = [p for p in entry.parameters if p.required or rng.random() < 0.3]
    values = [f"{p.name}={_value(rng, p)}" for p in chosen if rng.random() < 0.97]
    kind = rng.random()
    if kind < 0.85:
        digits = ["--digits", rng.choice(["5", "20", "0", "x"])] if rng.random() < 0.1 else []
        return ["evaluate", entry.id, *values, *digits, *(["--json"] * (rng.random() < 0.3))]
    if kind < 0.92:
        axis = rng.choice([
            "K=0:1:3", "K=1e-400:1:3:log",
            "x=1:2", "sw2=[1,2]", f"K=[{_value(rng)}]", f"{_value(rng)}={_value(rng)}", "a=0:1:0",
        ])  # fmt: skip
        return [
            "sweep",
            entry.id,
            axis,
            *values,
            "-o",
            rng.choice(["a.nc", "", "/nowhere/a.nc"]),
            "--workers",
            "0",
            "--force",
        ]
    name = rng.choice(["lattice", "nothing", "\x1b[2J", "", CODE])
    file = rng.choice(["none.nc", "", "/", "\x07"])
    others = (
        ["show", name],
        ["list", "--paper", name],
        ["verify", f"{name}.py"],
        ["export", name, "-o", file],
        ["plot", file],
        ["measure", file, file],
        [name],
    )
    return list(rng.choice(others))


def broken_promise(arguments, seconds=LONGEST):
    """Run one command line in this process and say what promise it breaks, or None."""
    out, err, start = io.StringIO(), io.StringIO(), time.perf_counter()
    signal.signal(signal.SIGALRM, _too_slow)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            status = main(arguments)
    except SystemExit as leaving:
        status = leaving.code
    except Slow:
        return f"hangs above {seconds} s"
    except BaseException as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        return (
            f"traceback: {type(error).__name__}: {str(error)[:80]} at "
            f"{os.path.basename(place.filename)}:{place.lineno}"
        )
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    return _told(status, out.getvalue(), err.getvalue(), time.perf_counter() - start)


def _too_slow(*_):
    """End what runs too long."""
    raise Slow


def _told(status, out, err, seconds):
    """What is wrong with the words and the status."""
    if status not in (0, 1, 2):
        return f"exit status {status}"
    if status == 2 and (out or len(err.strip().split("\n")) != 1 or not err.strip().isprintable()):
        return "a refusal that is not one printable line"
    if status == 0 and "nan" in out.lower().replace("nand", "").split():
        return "nan without a reason"
    return "the marker appeared" if os.path.exists("pwned") else None


def _worker(first, inputs, seed, seconds, told):
    """Run inputs from the first on, and tell number, arguments and what is broken."""
    entries = results()
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        for number in range(first, inputs):
            arguments = command(random.Random(f"{seed}-{number}"), entries)
            told.send((number, arguments, None))
            told.send((number, arguments, broken_promise(arguments, seconds) or ""))


def fuzz(inputs, seed, seconds=LONGEST):
    """Yield each input that breaks a promise, with the promise."""
    number, context = -1, multiprocessing.get_context("fork")
    while number < inputs - 1:
        hear, tell = context.Pipe(duplex=False)
        child = context.Process(
            target=_worker, args=(number + 1, inputs, seed, seconds, tell), daemon=True
        )
        child.start()
        tell.close()
        arguments, found = [], ""
        while number < inputs - 1 or found is None:
            try:
                answered = hear.poll(4 * seconds)
                number, arguments, found = hear.recv() if answered else (number, arguments, None)
            except EOFError:
                answered = False
            if not answered:
                kind = "hangs, and does not answer" if child.is_alive() else "ends the process"
                yield arguments, f"{kind} (after input {number})"
                break
            if found:
                yield arguments, found
        child.kill()
        child.join()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    counts = Counter()
    for arguments, found in fuzz(chosen.inputs, chosen.seed):
        counts[found.split(":")[0]] += 1
        print(f"{found}  <-  {arguments!r}"[:400], flush=True)
    print(f"{chosen.inputs} inputs, seed {chosen.seed}: {dict(counts) or 'no promise is broken'}")
    sys.exit(bool(counts))
