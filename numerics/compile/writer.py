"""Writes prepared expressions as the source of one Python function.

Powers become products here, after the extraction of common sub-expressions: doing it before gives
wrong numbers in SymPy 1.14, where ``cse`` mistakes an unevaluated c·c for c.
"""

import re
import sys
from collections.abc import Mapping
from typing import Any

import sympy
from sympy.core.function import AppliedUndef
from sympy.logic.boolalg import BooleanAtom

from neurenorm.numerics.compile.errors import CompileError, shortened
from neurenorm.numerics.compile.rewriting.prepare import Prepared

__all__ = ["PythonWriter"]

LONGEST_TEXT = 400
HIGHEST_PRODUCT = 64
_NAME = re.compile(r"[A-Za-z_]\w*")


class PythonWriter:
    """Turns expressions into statements ``name = text``; numbers become literals or named constants
    of the target.
    """

    def __init__(
        self, prepared: Prepared, known: Mapping[str, Any], *, literals: bool, products: bool
    ) -> None:
        self.prepared, self.known, self.literals, self.products = (
            prepared,
            known,
            literals,
            products,
        )
        self.statements: list[tuple[str, str]] = []
        self.constants: dict[sympy.Basic, str] = {
            value: name.name for name, value in prepared.constants.items()
        }
        self.powers: dict[tuple[str, int], str] = {}

    def source(self) -> str:
        """The whole function, with every temporary released after its last use."""
        for symbol, expression in self.prepared.temporaries:
            self.statements.append((symbol.name, self.text(expression)))
        outputs = [self._short(expression) for expression in self.prepared.outputs]
        arguments = ", ".join(symbol.name for symbol in self.prepared.arguments)
        lines = [f"def kernel({arguments}):"]
        lines += [
            f"    {name} = number({position})"
            for position, name in enumerate(self.constants.values())
        ]
        lines += _with_releases(self.statements, outputs)
        return "\n".join([*lines, f"    return ({''.join(text + ', ' for text in outputs)})", ""])

    def text(self, node: sympy.Basic) -> str:
        """The node as a Python expression that needs no brackets around it."""
        if node.is_Symbol:
            return str(node.name)
        if isinstance(node, BooleanAtom):
            return repr(bool(node))
        if node.is_Number or node.is_NumberSymbol or node is sympy.I:
            return self._number(node)
        if isinstance(node, sympy.Add):
            return self._sum(node)
        if isinstance(node, sympy.Mul):
            return self._product(node)
        if isinstance(node, sympy.Pow):
            return self._power(node.base, node.exp)
        if isinstance(node, sympy.Tuple):
            return f"({''.join(self._short(entry) + ', ' for entry in node)})"
        return self._application(node)

    def _short(self, node: sympy.Basic) -> str:
        """The text of a part, moved to a temporary where nesting would get too deep for the
        parser.
        """
        text = self.text(node)
        return text if len(text) <= LONGEST_TEXT else self._temporary(text)

    def _temporary(self, text: str) -> str:
        """Name a value."""
        name = f"_t{len(self.statements)}"
        self.statements.append((name, text))
        return name

    def _application(self, node: sympy.Basic) -> str:
        """A function of its arguments, if the target has it."""
        name = node.func.__name__ if isinstance(node, AppliedUndef) else type(node).__name__
        if name not in self.known and name not in self.prepared.calls:
            for symbol, value in reversed(self.prepared.temporaries):
                node = node.xreplace({symbol: value})
            raise CompileError(f"cannot compile {shortened(node)}: the target has no {name}")
        return f"{name}({', '.join(self._short(argument) for argument in node.args)})"

    def _number(self, number: sympy.Expr) -> str:
        """A literal in double precision, or the name of a constant that is made at the target's
        precision.
        """
        if not self.literals:
            return self.constants.setdefault(number, f"_c{len(self.constants)}")
        if number in (sympy.oo, -sympy.oo):
            return "inf" if number > 0 else "(-inf)"
        if not number.is_extended_real:
            raise CompileError(
                f"the expression contains {number}, but the target computes with real numbers"
            )
        if abs(number) > sys.float_info.max:
            raise CompileError(f"the constant {shortened(number)} is beyond double precision")
        value = float(number)
        return repr(value) if value >= 0 else f"({value!r})"

    def _sum(self, node: sympy.Expr) -> str:
        """A sum, with subtractions where a coefficient is negative; it starts with a positive term
        if there is one.
        """
        terms = [(self._is_negative(term), term) for term in node.args]
        terms.sort(key=lambda pair: pair[0])
        text = ""
        for negative, term in terms:
            if negative and text:
                text += f" - {self._short(-term)}"
            else:
                text += f" + {self._short(term)}" if text else self._short(term)
            if len(text) > LONGEST_TEXT:
                text = self._temporary(text)
        return f"({text})"

    @staticmethod
    def _is_negative(term: sympy.Expr) -> bool:
        """Whether a term carries a minus sign in front."""
        return bool(term.as_coeff_Mul()[0].is_extended_negative)

    def _product(self, node: sympy.Expr) -> str:
        """A quotient of two products."""
        above: list[str] = []
        below: list[str] = []
        sign = ""
        for factor in node.args:
            if factor is sympy.S.NegativeOne:
                sign = "-"
            elif factor.is_Pow and factor.exp.is_Rational and factor.exp < 0:
                below.append(self._power(factor.base, -factor.exp))
            else:
                above.append(self._short(factor))
        text = " * ".join(above) or self._number(sympy.S.One)
        if below:
            text += f" / {below[0]}" if len(below) == 1 else f" / ({' * '.join(below)})"
        return f"({sign}{text})"

    def _power(self, base: sympy.Expr, exponent: sympy.Expr) -> str:
        """Square roots and products of integer powers where the target wants products, ``power``
        otherwise.
        """
        if exponent.is_Rational and exponent < 0:
            return f"({self._number(sympy.S.One)} / {self._power(base, -exponent)})"
        if exponent == sympy.Rational(1, 2):
            return f"sqrt({self._short(base)})"
        if exponent.is_Integer and (not self.products or exponent <= HIGHEST_PRODUCT):
            return self._integer_power(self._short(base), int(exponent))
        if (
            self.products
            and exponent.is_Rational
            and exponent.q == 2
            and exponent.p < HIGHEST_PRODUCT
        ):
            name = self._named(self._short(base))
            return f"({self._integer_power(name, int(exponent.p // 2))} * sqrt({name}))"
        if exponent.is_Rational and not self.literals:
            return f"rational_power({self._short(base)}, {exponent.p}, {exponent.q})"
        return f"power({self._short(base)}, {self._short(exponent)})"

    def _integer_power(self, text: str, exponent: int) -> str:
        """A positive integer power; as products by repeated squaring, squares shared."""
        if not self.products:
            return f"integer_power({text}, {exponent})"
        if exponent == 1:
            return text
        name = self._named(text)
        if exponent <= 3:
            return f"({' * '.join([name] * exponent)})"
        half, odd = divmod(exponent, 2)
        if (name, half) not in self.powers:
            self.powers[name, half] = self._temporary(self._integer_power(name, half))
        root = self.powers[name, half]
        return f"({root} * {root}{f' * {name}' if odd else ''})"

    def _named(self, text: str) -> str:
        """A name for a value that is used more than once."""
        return text if _NAME.fullmatch(text) else self._temporary(text)


def _with_releases(statements: list[tuple[str, str]], outputs: list[str]) -> list[str]:
    """The statements as lines, each temporary deleted right after the statement that uses it
    last.
    """
    own = {name for name, _ in statements}
    last: dict[str, int] = {}
    for position, (name, text) in enumerate(statements):
        last[name] = position
        last.update((used, position) for used in _NAME.findall(text) if used in own)
    kept = {used for text in outputs for used in _NAME.findall(text)}
    dead: dict[int, list[str]] = {}
    for name, position in sorted(last.items()):
        if name not in kept:
            dead.setdefault(position, []).append(name)
    lines = []
    for position, (name, text) in enumerate(statements):
        lines.append(f"    {name} = {text}")
        lines += [f"    del {', '.join(dead[position])}"] if position in dead else []
    return lines
