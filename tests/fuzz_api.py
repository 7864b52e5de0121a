"""Seeded fuzzing of the exported functions: calls of the examples in the docstrings, with one
argument replaced by something hostile.

The examples are run once with every exported function recorded; the recorded calls are the valid
points that are changed. ``python tests/fuzz_api.py --inputs 2000 --seed 1`` prints what breaks a
promise: text that reaches SymPy's parser, a hang, a process that runs out of memory, or an error
other than ValueError, TypeError and their kin that says in one line what is wrong.
"""

import argparse
import contextlib
import copy
import doctest
import functools
import importlib
import inspect
import io
import itertools
import math
import os
import pkgutil
import random
import re
import signal
import sys
import tempfile
import time
import traceback
import types
from collections import Counter
from fractions import Fraction

import numpy as np
import sympy
import sympy.parsing.sympy_parser as sympy_parser

import neurenorm

LONGEST = 5.0
CODE = '__import__("pathlib").Path("pwned").touch()'
HOSTILE = [
    None, True, "", CODE, [CODE], {CODE: CODE}, (CODE, 1), -1, 0, 1, 10**400, -(10**9), 10**6, math.nan,
    math.inf, -math.inf, 1e-320, 1j, Fraction(1, 3), "1e99999999", "tanh", "\x1b[31m", [], [[]], {}, object(), sympy.Symbol("x"),
    sympy.oo, sympy.nan, sympy.Rational(1, 10**9), np.array([]), np.full((2, 2), np.nan), np.zeros(3),
    np.array(["a"]), lambda *_: CODE, "}\\input{x}", [1] * 50, b"x",
]  # fmt: skip
DATA = (
    str
    | int
    | float
    | complex
    | list
    | tuple
    | dict
    | set
    | Fraction
    | np.ndarray
    | sympy.Basic
    | None
)  # what is changed; objects of the project's own classes and functions are given as they are
MOST_CALLS = 6  # of one method by one example
SKIPPED = {"main", "run_claims", "gather_claims", "write_whole", "claims_in_file", "warm", "say"}


class Slow(BaseException):
    """Raised in what runs too long."""


class Reached(BaseException):
    """Raised where a text reaches SymPy's parser."""


def modules(wings=("graphs", "theory", "numerics")):
    """Every module of some wings that can be imported here."""
    for wing in wings:
        package = importlib.import_module(f"neurenorm.{wing}")
        yield package
        for found in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
            with contextlib.suppress(ImportError):
                yield importlib.import_module(found.name)


def recorded_calls(every=1):
    """Valid calls of exported functions and classes, as their examples make them."""
    calls = []
    for module in dict.fromkeys(modules()):
        if any(
            part in module.__name__
            for part in (".claims", ".simulation", ".command", "graphs.arguments")
        ):
            continue
        names = [n for n in getattr(module, "__all__", ()) if n not in SKIPPED]
        tests = doctest.DocTestFinder().find(module, module.__name__)
        for test in tests[::every]:
            scope = dict(vars(module))
            for name in names:
                thing = getattr(module, name, None)
                if callable(thing):
                    scope[name] = _recording(thing, calls)
            test.globs = scope
            with (
                contextlib.redirect_stdout(io.StringIO()),
                contextlib.redirect_stderr(io.StringIO()),
                contextlib.suppress(Slow),
                _noting_methods(module, names, calls),
                deadline(LONGEST),
            ):
                doctest.DocTestRunner(verbose=False).run(
                    test, out=lambda *_: None, clear_globs=False
                )
    return calls


@contextlib.contextmanager
def _noting_methods(module, names, calls):
    """Note the calls of public methods of a module's exported classes, while it lasts."""
    classes = [getattr(module, n) for n in names if inspect.isclass(getattr(module, n, None))]
    held = [
        (owner, name, method)
        for owner in classes
        for name, method in vars(owner).items()
        if inspect.isfunction(method) and (name == "__call__" or not name.startswith("_"))
    ]
    depth = [0]
    for owner, name, method in held:
        setattr(owner, name, _noting(method, calls, depth))
    try:
        yield
    finally:
        for owner, name, method in held:
            setattr(owner, name, method)


def _noting(method, calls, depth):
    """A method that notes its arguments where it is not called by another one."""

    @functools.wraps(method)
    def noted(*args, **kwargs):
        if (
            not depth[0]
            and sum(getattr(call[0], "__func__", None) is method for call in calls[-40:])
            < MOST_CALLS
        ):
            calls.append((types.MethodType(method, args[0]), args[1:], kwargs))
        depth[0] += 1
        try:
            return method(*args, **kwargs)
        finally:
            depth[0] -= 1

    return noted


def _recording(thing, calls):
    """The same function, which notes its arguments; so do the constructors of a class."""

    def noted(*args, **kwargs):
        calls.append((thing, args, kwargs))
        return thing(*args, **kwargs)

    for name in (n for n in dir(thing) if inspect.isclass(thing) and not n.startswith("_")):
        held = getattr(thing, name)
        setattr(noted, name, _recording(held, calls) if inspect.ismethod(held) else held)
    return noted


@contextlib.contextmanager
def deadline(seconds):
    """End what runs too long."""

    def late(*_):
        raise Slow

    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def changed(rng, args, kwargs):
    """A call with one argument replaced, or a part of one."""
    args, kwargs = list(args), dict(kwargs)
    places = [k for k in range(len(args)) if isinstance(args[k], DATA)]
    places += [k for k in kwargs if isinstance(kwargs[k], DATA)]
    if not places:
        return args, kwargs
    place = rng.choice(places)
    held = kwargs if isinstance(place, str) else args
    value = held[place]
    if isinstance(value, list | tuple) and value and rng.random() < 0.5:
        inner = list(value)
        inner[rng.randrange(len(inner))] = rng.choice(HOSTILE)
        held[place] = type(value)(inner) if type(value) in (list, tuple) else inner
    elif isinstance(value, dict) and value and rng.random() < 0.5:
        held[place] = {**value, rng.choice(list(value)): rng.choice(HOSTILE)}
    else:
        held[place] = rng.choice(HOSTILE)
    return args, kwargs


def broken_promise(function, args, kwargs, seconds=LONGEST):
    """Make one call and say what promise it breaks, or None."""
    start = time.perf_counter()
    try:
        with (
            deadline(seconds),
            contextlib.redirect_stdout(io.StringIO()),
            contextlib.redirect_stderr(io.StringIO()),
        ):
            function(*args, **kwargs)
    except Slow:
        return f"hangs above {seconds} s"
    except Reached as reached:
        return _where("reached SymPy's parser", reached)
    except (ValueError, TypeError) as error:
        text = str(error)
        if type(error).__name__ == "SympifyError" or len(text.splitlines()) > 1:
            return _where("an error of a library", error)
        return None if text and len(text) < 3000 else _where("an empty message", error)
    except (ImportError, OSError, NotImplementedError, MemoryError) as error:
        return None if str(error) else _where("an empty message", error)
    except AttributeError as error:  # Python's own words for an argument of another type
        plain = re.match(r"'?[\w.]+'? object has no attribute", str(error))
        return None if plain else _where("traceback", error)
    except BaseException as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        mine = last.filename.startswith("<doctest")  # a function that an example gave
        return None if mine else _where("traceback", error)
    late = time.perf_counter() - start > seconds
    return "hangs" if late else "the marker appeared" if os.path.exists("pwned") else None


def _wings():
    """The folder of the repository."""
    return os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def _where(kind, error):
    """One line on an error: what, and the last place in this project."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [f for f in frames if _wings() in f.filename and "/tests/" not in f.filename]
    last = own[-1] if own else frames[-1]
    return (
        f"{kind}: {type(error).__name__}: {str(error)[:90]!r} at "
        f"{last.filename.removeprefix(_wings())}:{last.lineno}"
    )


@contextlib.contextmanager
def guarded():
    """A folder of its own, and SymPy's parser in a state in which no text may reach it."""
    kept = sympy_parser.parse_expr

    strangers = {text for text in HOSTILE if isinstance(text, str)}

    def refuse(text, *rest, **named):
        if text in strangers:
            raise Reached(text)
        return kept(text, *rest, **named)  # SymPy reads its own texts so

    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        sympy_parser.parse_expr = refuse
        try:
            yield
        finally:
            sympy_parser.parse_expr = kept


def places_of(value, deepest=2):
    """Ways to put something else into a value: in its own place, or in that of each of its parts."""
    yield lambda other: other
    if isinstance(value, list | tuple) and type(value) in (list, tuple) and deepest:
        for k in range(min(len(value), 3)):
            for put in places_of(value[k], deepest - 1):
                yield lambda other, k=k, put=put: type(value)(
                    [*value[:k], put(other), *value[k + 1 :]]
                )
    if isinstance(value, dict) and value and deepest:
        first = next(iter(value))
        for put in places_of(value[first], deepest - 1):
            yield lambda other, put=put: {**value, first: put(other)}
        rest = {key: held for key, held in value.items() if key is not first}
        yield lambda other: {other: value[first], **rest} if _hashable(other) else {other}


def _hashable(value):
    """Whether a value can be a key."""
    try:
        hash(value)
    except TypeError:
        return False
    return True


TEXTS = (CODE, [CODE], [[CODE]], {CODE: CODE})
KINDS = (
    None, -1, 10**6, 10**400, math.nan, math.inf, "x", [], {}, object(),
    sympy.Symbol("x"), np.full((2, 2), np.nan), np.array(["a"]),
)  # fmt: skip


def everywhere(values=TEXTS, seconds=1.0, calls=None, deepest=2):
    """Yield each call that breaks a promise: every argument of an example, and every part of one,
    is each of the values in turn.
    """
    with guarded():
        for function, args, kwargs in recorded_calls() if calls is None else calls:
            held = {**dict(enumerate(args)), **kwargs}
            places = [place for place, value in held.items() if isinstance(value, DATA)]
            for place in places:
                for put, value in itertools.product(places_of(held[place], deepest), values):
                    with contextlib.suppress(TypeError):
                        other = {**held, place: put(value)}
                        found = broken_promise(
                            function,
                            [other[k] for k in range(len(args))],
                            {k: other[k] for k in kwargs},
                            seconds,
                        )
                        if found:
                            name = f"{function.__module__}.{function.__qualname__}"
                            yield f"{name} at {place}: {_short(other[place])}", found


def one_of_each(calls):
    """The first call of every function."""
    found = {}
    for call in calls:
        found.setdefault((call[0].__module__, call[0].__qualname__), call)
    return list(found.values())


def fuzz(inputs, seed, seconds=LONGEST, every=1):
    """Yield each call that breaks a promise, with the promise."""
    rng = random.Random(seed)
    by_name = {}
    for call in recorded_calls(every):
        by_name.setdefault(f"{call[0].__module__}.{call[0].__qualname__}", []).append(call)
    names = sorted(by_name)
    print(f"{len(names)} functions, {sum(map(len, by_name.values()))} calls", file=sys.stderr)
    with guarded():
        for number in range(inputs):
            name = names[number % len(names)]
            function, args, kwargs = rng.choice(by_name[name])
            with contextlib.suppress(Exception):
                args, kwargs = copy.deepcopy((args, kwargs))
            places = [value for value in (*args, *kwargs.values()) if isinstance(value, DATA)]
            if not places:
                continue
            args, kwargs = changed(rng, args, kwargs)
            found = broken_promise(function, args, kwargs, seconds)
            if found:
                yield (
                    f"{name}{tuple(map(_short, args))}{ {k: _short(v) for k, v in kwargs.items()} }",
                    found,
                )


def _short(value):
    """A value in a few letters."""
    try:
        return repr(value)[:60]
    except Exception as error:
        return type(error).__name__


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--texts", action="store_true", help="a text in every place in turn")
    parser.add_argument("--kinds", action="store_true", help="every kind of value in every place")
    chosen = parser.parse_args()
    assert neurenorm
    counts = Counter()
    if chosen.texts:
        told = everywhere()
    elif chosen.kinds:
        told = everywhere(KINDS, 2.0, one_of_each(recorded_calls()), deepest=0)
    else:
        told = fuzz(chosen.inputs, chosen.seed)
    for call, found in told:
        counts[found.split(":")[0]] += 1
        print(f"{found}  <-  {call}"[:500], flush=True)
    print(f"{chosen.inputs} calls, seed {chosen.seed}: {dict(counts) or 'no promise is broken'}")
    sys.exit(bool(counts))
