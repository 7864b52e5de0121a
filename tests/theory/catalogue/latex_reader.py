"""A reader of the exported LaTeX that knows no formula: it turns displays into equations, and
right-hand sides into numbers.
"""

import operator
import re
from collections.abc import Callable, Iterator, Mapping

import mpmath

Env = Mapping[str, mpmath.mpf]
Value = Callable[[Env], mpmath.mpf]

FUNCTIONS = {
    name: getattr(mpmath, name)
    for name in ("sinh", "cosh", "tanh", "coth", "sin", "cos", "tan", "exp")
}
FUNCTIONS |= {
    "log": mpmath.log,
    "ln": mpmath.log,
    "arctan": mpmath.atan,
    "arcsin": mpmath.asin,
    "arccos": mpmath.acos,
}
FUNCTIONS |= {"Gamma": mpmath.gamma, "psi": mpmath.digamma}
FUNCTIONS |= {
    "min": min,
    "max": max,
    "artanh": mpmath.atanh,
    "erf": mpmath.erf,
    "erfc": mpmath.erfc,
}
RELATIONS = {
    "<": operator.lt,
    ">": operator.gt,
    "=": operator.eq,
    r"\leq": operator.le,
    r"\geq": operator.ge,
    r"\neq": operator.ne,
}
CASES, END, FOR, OTHERWISE = r"\begin{cases}", r"\end{cases}", r"\text{for}\:", r"\text{otherwise}"
CONSTANTS = {
    r"\pi": mpmath.pi,
    r"\gamma": mpmath.euler,
    r"\infty": mpmath.inf,
    "e": mpmath.e,
    "i": mpmath.mpc(0, 1),
}


def binary_entropy(p: mpmath.mpf) -> mpmath.mpf:
    """H_2 in bits."""
    return -sum(x * mpmath.log(x, 2) for x in (p, 1 - p) if x > 0)


class Unreadable(ValueError):
    """What stands there is no formula of numbers."""


def equations(source: str) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Yield the equations of a display as (left-hand side, right-hand side, the sub-expressions
    named so far).
    """
    rows = re.split(r"\\\\\s*\n", re.sub(r"\\(begin|end){(aligned|gathered|align\*)}", "", source))
    found: list[list[str]] = []
    for row in (row.strip() for row in rows):
        left, mark, right = row.partition("&")
        if not mark:
            left, _, right = row.partition("=")
            found.append([left.strip(), right.strip()])
        elif right.startswith(r"\quad"):
            found[-1][1] += " " + right.removeprefix(r"\quad")
        else:
            found.append(
                [left.strip() or (found[-1][0] if found else ""), right.removeprefix("=").strip()]
            )
    names = {
        left.removeprefix(r"\text{where } "): right
        for left, right in found
        if left.startswith(r"\text{where }")
    }
    yield from (
        (left, right, names) for left, right in found if not left.startswith(r"\text{where }")
    )


class Reader:
    """Reads one formula; symbols are whole pieces of LaTeX, the longest first."""

    def __init__(self, source: str, symbols: list[str]) -> None:
        words = [
            *map(re.escape, (CASES, END, FOR, OTHERWISE)),
            *sorted(map(re.escape, symbols), key=len, reverse=True),
            r"\\left\\langle|\\right\\rangle|\\left\||\\right\|",
            r"\\[A-Za-z]+|\\.",
            r"\d+|\S",
        ]
        self.tokens = re.findall("|".join(words), source)
        self.symbols = set(symbols)
        self.place = 0

    def peek(self) -> str:
        """Return the next token, empty at the end."""
        return self.tokens[self.place] if self.place < len(self.tokens) else ""

    def take(self, *expected: str) -> str:
        """Take the next token, one of the expected ones if any are named."""
        token = self.peek()
        if expected and token not in expected:
            raise Unreadable(
                f"{token!r} where {' or '.join(expected)} should stand, after "
                f"{''.join(self.tokens[: self.place])}"
            )
        self.place += 1
        return token

    def whole(self) -> Value:
        """Read everything."""
        value = self.sum()
        if self.peek():
            raise Unreadable(
                f"{self.peek()!r} is left over after {''.join(self.tokens[: self.place])}"
            )
        return value

    def sum(self) -> Value:
        """Read terms with signs between them."""
        terms = []
        while True:
            sign = -1 if self.peek() == "-" else 1
            if self.peek() in ("+", "-"):
                self.take()
            terms.append((sign, self.product()))
            if self.peek() not in ("+", "-"):
                return lambda env: sum(sign * term(env) for sign, term in terms)

    def product(self) -> Value:
        """Read factors that stand side by side."""
        factors = [self.factor()]
        while self.peek() and self.peek() not in (
            *("+", "-", ")", "}", ",", "&"),
            *(r"\right", r"\right|", r"\right\rangle", r"\,"),
            *(r"\\", END),
            *RELATIONS,
        ):
            factors.append(self.factor())
        return lambda env: mpmath.fprod(factor(env) for factor in factors)

    def factor(self) -> Value:
        """Read an atom with its exponent."""
        base = self.atom()
        while self.peek() == "^":
            self.take()
            base = self._power(base, self.group())
        return base

    @staticmethod
    def _power(base: Value, exponent: Value) -> Value:
        return lambda env: base(env) ** exponent(env)

    def group(self) -> Value:
        """Read a braced group, or one atom."""
        if self.peek() != "{":
            return self.atom()
        return self.between("{", "}")

    def between(self, opening: str, closing: str) -> Value:
        """Read a sum in brackets."""
        self.take(opening)
        inner = self.sum()
        self.take(closing)
        return inner

    def atom(self) -> Value:
        """Read a number, a symbol, a function, a fraction, or something in brackets."""
        token = self.peek()
        if token in self.symbols:
            self.take()
            return lambda env: env[token]
        if token.isdigit():
            return self._constant(mpmath.mpf(self.take()))
        if token in CONSTANTS:
            return self._constant(CONSTANTS[self.take()])
        readers = {
            "{": self.group,
            "(": lambda: self.between("(", ")"),
            r"\left": self.bracketed,
            r"\frac": self.fraction,
            r"\sqrt": self.root,
        }
        readers |= {
            CASES: self.cases,
            r"\left|": self.magnitude,
            r"\left\langle": self.average,
            r"\int": self.integral,
            r"\operatorname": self.function,
            "H": self.function,
        }
        if token in readers:
            return readers[token]()
        if token.startswith("\\") and token[1:] in FUNCTIONS:
            return self.function()
        raise Unreadable(
            f"{token!r} is no symbol and no function, after {''.join(self.tokens[: self.place])}"
        )

    @staticmethod
    def _constant(number: mpmath.mpf) -> Value:
        return lambda env: +number

    def bracketed(self) -> Value:
        """Read a sum between \\left( and \\right)."""
        self.take(r"\left")
        inner = self.between("(", r"\right") if self.peek() == "(" else self.between("[", r"\right")
        self.take(")", "]")
        return inner

    def fraction(self) -> Value:
        """Read a fraction."""
        self.take()
        above, below = self.group(), self.group()
        return lambda env: above(env) / below(env)

    def root(self) -> Value:
        """Read a square root."""
        self.take()
        inner = self.group()
        return lambda env: mpmath.sqrt(inner(env))

    def cases(self) -> Value:
        """Read a formula by cases: the first whose condition holds counts, and no other is read
        off.
        """
        self.take(CASES)
        rows: list[tuple[Value, Callable[[Env], bool]]] = []
        while not rows or self.take(r"\\", END) != END:
            value = self.sum()
            self.take("&")
            rows.append((value, self.condition()))

        def first(env: Env) -> mpmath.mpf:
            return next(value(env) for value, holds in rows if holds(env))

        return first

    def condition(self) -> Callable[[Env], bool]:
        """Read what stands behind a case."""
        if self.take(FOR, OTHERWISE) == OTHERWISE:
            return lambda env: True
        left, compare, right = self.sum(), RELATIONS[self.take(*RELATIONS)], self.sum()
        return lambda env: compare(left(env), right(env))

    def magnitude(self) -> Value:
        """Read an absolute value."""
        inner = self.between(r"\left|", r"\right|")
        return lambda env: abs(inner(env))

    def function(self) -> Value:
        """Read a function with an optional exponent, and its argument: a group, or one atom."""
        token = self.take()
        if token == "H":
            self.take("_")
            self.take("2")
            applied = binary_entropy
        elif token == r"\operatorname":
            self.take("{")
            name = ""
            while self.peek() != "}":
                name += self.take()
            self.take("}")
            applied = FUNCTIONS[name]
        else:
            applied = FUNCTIONS[token[1:]]
        exponent = None
        if self.peek() == "^":
            self.take()
            exponent = self.group()
        inner = self.arguments()
        value = lambda env: applied(*(argument(env) for argument in inner))  # noqa: E731
        return value if exponent is None else self._power(value, exponent)

    def arguments(self) -> list[Value]:
        """Read the arguments of a function."""
        if self.peek() != r"\left":
            return [self.group()]
        self.take()
        self.take("(")
        found = [self.sum()]
        while self.peek() == ",":
            self.take()
            found.append(self.sum())
        self.take(r"\right")
        self.take(")")
        return found

    def average(self) -> Value:
        """Read a Gaussian average: over z of the variance in its index, or over z_a and z_b of two
        variances and a covariance.
        """
        self.take(r"\left\langle")
        inner = self.sum()
        self.take(r"\right\rangle")
        self.take("_")
        self.take("{")
        moments = [self.sum()]
        while self.peek() == ",":
            self.take()
            moments.append(self.sum())
        self.take("}")
        return lambda env: _gaussian(inner, env, [moment(env) for moment in moments])

    def integral(self) -> Value:
        """Read an integral over t."""
        self.take()
        self.take(r"\limits")
        self.take("_")
        low = self.group()
        self.take("^")
        high = self.group()
        inner = self.product()
        self.take(r"\,")
        self.take("d")
        bound = self.take()
        return lambda env: mpmath.quad(lambda t: inner({**env, bound: t}), [low(env), 0, high(env)])


def _gaussian(inner: Value, env: Env, moments: list[mpmath.mpf]) -> mpmath.mpf:
    """Average over one variable by pieces that may meet in a kink at zero; over two by the trapezoid
    rule, which converges exponentially for analytic functions.
    """
    if len(moments) == 1:
        width = mpmath.sqrt(moments[0])
        return mpmath.quad(
            lambda x: mpmath.npdf(x) * inner({**env, "z": width * x}), [-12, -4, 0, 4, 12]
        )
    step = mpmath.mpf("0.3")
    nodes = [(k * step, step * mpmath.npdf(k * step)) for k in range(-24, 25)]
    first, second, shared = moments
    slope = shared / first
    rest = mpmath.sqrt(second - slope * shared)
    return mpmath.fsum(
        v
        * w
        * inner(
            {
                **env,
                "z_{a}": mpmath.sqrt(first) * x,
                "z_{b}": slope * mpmath.sqrt(first) * x + rest * y,
            }
        )
        for x, v in nodes
        for y, w in nodes
    )


def number(source: str, env: Env, names: Mapping[str, str] | None = None) -> mpmath.mpf:
    """Return the value of a formula; ``names`` are formulas of sub-expressions, read on demand.

    >>> number(
    ...     r"\\frac{1}{2} \\tanh^{2}{\\left(x \\right)} y",
    ...     {"x": mpmath.mpf(1), "y": mpmath.mpf(4)},
    ... ) == 2 * mpmath.tanh(1) ** 2
    True
    """
    known = dict(env)
    bound = ["z", "z_{a}", "z_{b}", "t"]
    for name, formula in reversed((names or {}).items()):
        known[name] = Reader(formula, [*known, *bound]).whole()(known)
    return Reader(source, [*known, *bound]).whole()(known)
