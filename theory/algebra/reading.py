"""Text becomes an expression here and nowhere else: a small grammar over Python's syntax tree, with
limits; nothing is executed.

SymPy's own readers (``sympify``, ``parse_expr``, ``S``) evaluate Python, also for a text deep
inside a tuple or a mapping, so that no value from outside may reach them. `read_expression` reads a
text, `read_number` a number, and `expression_of` turns any value into an expression. What is read
has at most `LONGEST` letters, `DEEPEST` levels and `MOST_NESTED` levels of functions of functions,
numbers of at most `DIGITS` digits between 1e-300 and 1e300 in size, exponents of at most
`LARGEST_EXPONENT` and a degree of at most `LARGEST_DEGREE`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from typing import Any

import sympy as sp
from sympy import Basic, Expr, MatrixBase, Rational, S, Symbol, SympifyError, sympify

__all__ = [
    "FUNCTIONS",
    "as_number",
    "expression_of",
    "matrix_of",
    "read_expression",
    "read_number",
    "shown",
]

LONGEST, DEEPEST, MOST_NESTED, DIGITS, LARGEST_EXPONENT, LARGEST_DEGREE = (
    2_000,
    60,
    4,
    1_000,
    100,
    300,
)
RANGE = 300
"""Numbers from outside are zero, or between 10^-RANGE and 10^RANGE in size."""

FUNCTIONS: Mapping[str, Callable[..., Expr]] = {
    **{
        name: getattr(sp, name)
        for name in (
            "exp",
            "log",
            "sqrt",
            "sin",
            "cos",
            "tan",
            "sinh",
            "cosh",
            "tanh",
            "atan",
            "asinh",
        )
    },
    **{name: getattr(sp, name) for name in ("erf", "erfc", "sign", "gamma")},
    "ln": sp.log,
    "abs": sp.Abs,
    "Abs": sp.Abs,
    "max": sp.Max,
    "min": sp.Min,
    "Max": sp.Max,
    "Min": sp.Min,
    "Heaviside": sp.Heaviside,
}
CONSTANTS: Mapping[str, Expr] = {"pi": sp.pi, "e": sp.E, "E": sp.E}
_OPERATORS: Mapping[type, Callable[[Expr, Expr], Expr]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b,
    ast.Pow: lambda a, b: a**b,
}
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,6})?(/\d+)?", re.ASCII)
_SPECIAL = {
    "inf": sp.oo,
    "+inf": sp.oo,
    "Infinity": sp.oo,
    "-inf": -sp.oo,
    "-Infinity": -sp.oo,
    "nan": S.NaN,
    "NaN": S.NaN,
}


def shown(text: object, most: int = 60) -> str:
    """Return a stranger's text for a message: on one line, control characters escaped, and cut
    where it is long.

    Examples
    --------
    >>> shown("a\\x1b[31m\\n"), shown("x" * 100)
    ("'a\\\\x1b[31m\\\\n'", "'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx ...")
    """
    try:
        written = repr(text) if isinstance(text, str | bytes) else str(text)
    except (ValueError, RecursionError):
        written = f"a {type(text).__name__} too large to print"
    plain = "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode()
        for letter in written[: 4 * most]
    )
    return plain if len(plain) <= most else plain[:most] + " ..."


def read_number(text: str) -> Expr | None:
    """Return the exact number that a text spells, such as ``0.1``, ``-3e5``, ``1/3`` or ``inf``;
    None if it spells none.

    Parameters
    ----------
    text : str

    Returns
    -------
    sympy.Rational, oo, -oo, nan or None

    Raises
    ------
    ValueError
        If it is zero in a denominator, too large, too small or too long: numbers are 0 or between
        1e-300 and 1e300 in size.

    Examples
    --------
    >>> read_number("0.1"), read_number("2/6"), read_number("-inf"), read_number("tanh")
    (1/10, 1/3, -oo, None)
    >>> read_number("1e99999999")
    Traceback (most recent call last):
    ValueError: the number 1e99999999 is out of range: numbers are 0 or between 1e-300 and 1e300 in size
    """
    stripped = text.strip()
    if stripped in _SPECIAL:
        return _SPECIAL[stripped]
    found = re.fullmatch(r"([+-]?[\d._]+)[eE]([+-]?\d+)(/\d+)?", stripped, re.ASCII)
    if found and abs(_clipped_integer(found[2])) > 2 * RANGE:
        raise ValueError(f"the number {_short(stripped)} is out of range: {_RANGE_WORDS}")
    if not _NUMBER.fullmatch(stripped):
        return None
    if len(stripped) > DIGITS:
        raise ValueError(
            f"the number {_short(stripped)} has {len(stripped)} digits; at most {DIGITS} are read"
        )
    try:
        above, _, below = stripped.partition("/")
        value = Fraction(above) / (int(below) if below else 1)
    except ZeroDivisionError as error:
        raise ValueError(f"division by zero in the number {_short(stripped)}") from error
    return as_number(Rational(value.numerator, value.denominator))


_RANGE_WORDS = f"numbers are 0 or between 1e-{RANGE} and 1e{RANGE} in size"


def _short(text: str) -> str:
    """A long number, cut."""
    return text if len(text) <= 30 else f"{text[:12]}...{text[-6:]}"


def _clipped_integer(text: str) -> int:
    """An integer that may be written with any number of digits, clipped to seven of them."""
    digits = text.lstrip("+-").lstrip("0")
    return int(digits or "0") if len(digits) < 7 else 10**7


def as_number(value: Expr) -> Expr:
    """Return a rational number if it is within the range of numbers and of their digits.

    Parameters
    ----------
    value : sympy.Rational

    Raises
    ------
    ValueError
        If it is out of range.

    Examples
    --------
    >>> as_number(Rational(10) ** 400)
    Traceback (most recent call last):
    ValueError: a number of 401 digits is out of range: numbers are 0 or between 1e-300 and 1e300 in size
    """
    above, below = abs(int(value.p)), int(value.q)
    bits = max(above.bit_length(), below.bit_length())
    if bits > 3.33 * 2 * DIGITS or (
        above and not (below <= above * 10**RANGE and above <= below * 10**RANGE)
    ):
        raise ValueError(
            f"a number of {int(bits * 0.30103) + 1} digits is out of range: {_RANGE_WORDS}"
        )
    return value


def expression_of(value: Any) -> Any:
    """Return a value as a SymPy expression: numbers and expressions as `sympy.sympify` does, texts
    by `read_expression`.

    Parameters
    ----------
    value : str, number, sympy expression or matrix, or an object that knows its SymPy form

    Raises
    ------
    TypeError
        For lists, mappings and anything else that is neither.
    ValueError
        For a text that cannot be read.

    Examples
    --------
    >>> expression_of("1/3") + expression_of(1), expression_of(Symbol("K"))
    (4/3, K)
    >>> expression_of(["x"])
    Traceback (most recent call last):
    TypeError: expected a number or an expression, got a list
    """
    if isinstance(value, Basic | MatrixBase):
        return value
    if isinstance(value, str):
        return read_expression(value)
    if isinstance(value, Iterable) and not getattr(value, "shape", None) == ():
        raise TypeError(f"expected a number or an expression, got a {type(value).__name__}")
    try:
        return sympify(value, strict=True)
    except SympifyError:
        raise TypeError(
            f"expected a number or an expression, got a {type(value).__name__}"
        ) from None


def matrix_of(value: Any) -> sp.ImmutableDenseMatrix:
    """Return a matrix, nested rows, or one row of entries as a matrix; entries go through
    `expression_of`.

    Examples
    --------
    >>> matrix_of([["1/2", 0], [0, 1]])
    Matrix([
    [1/2, 0],
    [  0, 1]])
    """
    if isinstance(value, MatrixBase):
        return sp.ImmutableDenseMatrix(value)
    rows = value.tolist() if hasattr(value, "tolist") else list(value)
    nested = [isinstance(row, list | tuple) for row in rows]
    if not all(nested) and any(nested):
        raise ValueError("the rows of a matrix must all be lists")
    entries = (
        [[expression_of(entry) for entry in row] for row in rows]
        if all(nested)
        else [expression_of(entry) for entry in rows]
    )
    return sp.ImmutableDenseMatrix(entries)


def read_expression(
    text: str,
    *,
    functions: Mapping[str, Callable[..., Expr]] = FUNCTIONS,
    symbol: Callable[[str], Symbol] = Symbol,
    what: str = "expression",
    example: str = "2*x**2 + exp(-y)",
) -> Expr:
    """Return the expression that a text spells: exact numbers, variables, known functions, ``+ - *
    / **`` and parentheses.

    Parameters
    ----------
    text : str
    functions : mapping of str to callable, optional
        The functions that may be called, by name.
    symbol : callable, optional
        Makes the symbol of a variable from its name.
    what, example : str
        What is read, and how it is written, for messages.

    Returns
    -------
    sympy.Expr

    Raises
    ------
    ValueError
        If the text is not of this grammar or beyond its limits, with one line that says where.

    Examples
    --------
    >>> read_expression("x*exp(-x**2/2) + 0.1")
    x*exp(-x**2/2) + 1/10
    >>> read_expression("__import__('os').system('true')")
    Traceback (most recent call last):
    ValueError: cannot read "__import__('os').system('true')" in the expression "__import__('os').system('true')": ...
    """
    return _Reader(text, functions, symbol, what, example).read()


def _nested_calls(tree: ast.AST) -> int:
    """How many levels of functions of functions a syntax tree has; nodes are visited without
    recursion.
    """
    deepest, stack = 0, [(tree, 0)]
    while stack:
        node, depth = stack.pop()
        depth += isinstance(node, ast.Call)
        deepest = max(deepest, depth)
        stack += [(child, depth) for child in ast.iter_child_nodes(node)]
    return deepest


class _Reader:
    """Reads one text; every node becomes an expression and its degree, which nested powers
    multiply.
    """

    def __init__(
        self,
        text: str,
        functions: Mapping[str, Callable[..., Expr]],
        symbol: Callable[[str], Symbol],
        what: str,
        example: str,
    ) -> None:
        self.text, self.functions, self.symbol, self.example = (
            text.strip(),
            functions,
            symbol,
            example,
        )
        self.where = f"the {what} {shown(self.text)}"

    def read(self) -> Expr:
        """The expression of the whole text."""
        if len(self.text) > LONGEST:
            raise ValueError(f"{self.where} is too long: at most {LONGEST} letters are read")
        try:
            tree = ast.parse(self.text, mode="eval")
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            advice = f"write it like {self.example}, with * for products and ** for powers"
            raise ValueError(f"cannot read {self.where}: {advice}") from error
        if _nested_calls(tree.body) > MOST_NESTED:
            raise ValueError(
                f"{self.where} is nested too deeply: functions of functions are read up to "
                f"{MOST_NESTED} levels"
            )
        return self._of(tree.body, 0)[0]

    def _of(self, node: ast.expr, depth: int) -> tuple[Expr, Fraction]:
        """One node as an expression, and the degree of the polynomial that it would expand to."""
        if depth > DEEPEST:
            raise ValueError(
                f"{self.where} is nested too deeply: at most {DEEPEST} levels are read"
            )
        if isinstance(node, ast.Constant) and type(node.value) in (int, float):
            return self._number(node), Fraction(0)
        if isinstance(node, ast.Name):
            return (
                (CONSTANTS[node.id], Fraction(0))
                if node.id in CONSTANTS
                else (self.symbol(node.id), Fraction(1))
            )
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
            value, degree = self._of(node.operand, depth + 1)
            return (-value if isinstance(node.op, ast.USub) else value), degree
        if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
            return self._operation(node, depth)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not node.keywords:
            return self._applied(
                node.func.id, [self._of(argument, depth + 1) for argument in node.args]
            )
        raise ValueError(
            f"cannot read {shown(ast.unparse(node))} in {self.where}: only numbers, variables, + - "
            "* / ** and known functions may occur"
        )

    def _number(self, node: ast.Constant) -> Expr:
        """A literal as an exact number."""
        written = ast.get_source_segment(self.text, node) or repr(node.value)
        value = read_number(written.replace("_", ""))
        if value is None or not value.is_Rational:
            raise ValueError(
                f"cannot read the number {shown(written)} in {self.where}: write it in decimals"
            )
        return value

    def _operation(self, node: ast.BinOp, depth: int) -> tuple[Expr, Fraction]:
        """A binary operation of bounded size."""
        left, left_degree = self._of(node.left, depth + 1)
        right, right_degree = self._of(node.right, depth + 1)
        if isinstance(node.op, ast.Div) and right == S.Zero:
            raise ValueError(f"division by zero in {self.where}")
        if isinstance(node.op, ast.Pow):
            self._check_exponent(left, right)
            degree = (
                left_degree * max(Fraction(1), self._size(right))
                if right.is_number
                else left_degree + right_degree
            )
        else:
            degree = (
                max(left_degree, right_degree)
                if isinstance(node.op, ast.Add | ast.Sub)
                else left_degree + right_degree
            )
        if degree > LARGEST_DEGREE:
            raise ValueError(f"{self.where} is too large: its degree exceeds {LARGEST_DEGREE}")
        return self._bounded(_OPERATORS[type(node.op)](left, right)), degree

    def _check_exponent(self, base: Expr, exponent: Expr) -> None:
        """Refuse powers that could fill the memory."""
        if exponent.is_number and self._size(exponent) > LARGEST_EXPONENT:
            raise ValueError(
                f"the exponent {shown(exponent)} in {self.where} is too large: at most "
                f"{LARGEST_EXPONENT}"
            )
        if base == S.Zero and exponent.is_number and exponent.is_negative:
            raise ValueError(f"division by zero in {self.where}")
        if base.is_Rational and exponent.is_number:
            bits = max(abs(int(base.p)).bit_length(), int(base.q).bit_length())
            if bits * self._size(exponent) > 3.33 * 2 * DIGITS:
                raise ValueError(
                    f"{self.where} is out of range: it makes a number of more than {2 * DIGITS} "
                    "digits"
                )

    def _size(self, number: Expr) -> Fraction:
        """The size of a number, which is bounded because its parts are."""
        if number.is_Rational:
            return abs(Fraction(int(number.p), int(number.q)))
        value = complex(number.evalf(15))
        if not abs(value) <= 10.0**RANGE:
            raise ValueError(f"{self.where} is out of range: {_RANGE_WORDS}")
        return Fraction(abs(value))

    def _bounded(self, value: Expr) -> Expr:
        """A value whose number, if it is one, is within the range."""
        if value.has(S.NaN, sp.zoo, sp.oo, -sp.oo):
            raise ValueError(f"{self.where} is not finite")
        try:
            return as_number(value) if value.is_Rational else value
        except ValueError as error:
            raise ValueError(f"cannot read {self.where}: {error}") from error

    def _applied(self, name: str, arguments: list[tuple[Expr, Fraction]]) -> tuple[Expr, Fraction]:
        """A known function of read arguments; numbers in it are small enough for an exponential."""
        if name not in self.functions:
            raise ValueError(
                f"undefined function {shown(name)} in {self.where}; known functions: "
                f"{', '.join(self.functions)}"
            )
        for argument, _ in arguments:
            if argument.is_number and not argument.is_Rational and self._size(argument) > 10**6:
                raise ValueError(f"{self.where} is out of range: a function of {shown(argument)}")
            if (
                argument.is_Rational
                and name in ("exp", "sinh", "cosh", "gamma")
                and abs(argument) > 500
            ):
                raise ValueError(
                    f"{self.where} is out of range: {name} of {shown(argument)}; at most 500"
                )
        try:
            value = self.functions[name](*(argument for argument, _ in arguments))
        except TypeError as error:
            raise ValueError(f"wrong number of arguments of {name} in {self.where}") from error
        return self._bounded(value), max((degree for _, degree in arguments), default=Fraction(0))
