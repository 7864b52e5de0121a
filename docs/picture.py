"""Draw the README's picture, ``docs/diamond.svg``: the cell, its exact step, and the flow on both
sides of the fixed point. Run with ``make picture``.
"""

from pathlib import Path

from matplotlib.figure import Figure
from sympy import Symbol

from neurenorm.graphs import diamond
from neurenorm.numerics.show.figures import draw_cell, plot_step, save_figure
from neurenorm.theory import ISING, Chart, cell_recursion

TARGET = Path(__file__).with_name("diamond.svg")


def picture(target: Path = TARGET) -> None:
    """Write the picture."""
    K, t = Symbol("K", real=True), Symbol("t", real=True)
    cell = diamond()
    step = cell_recursion(cell, ISING, {K: lambda s, s_prime: s * s_prime}).in_chart(
        Chart.tanh(K, t)
    )
    figure = Figure(figsize=(8.4, 2.9), layout="constrained")
    left, middle, right = figure.subplots(1, 3)
    draw_cell(cell.graph, cell.terminals, ax=left)
    left.set(title="four bonds become one", xlim=(-0.25, 1.25), ylim=(-0.9, 0.9))
    for axes, start, title in (
        (middle, 0.50, "weaker: flows to disorder"),
        (right, 0.58, "stronger: flows to order"),
    ):
        plot_step(step, start, 0, 1, ax=axes)
        axes.plot(0.543689, 0.543689, "ks", markersize=4, label="$t^* = 0.5437$")
        axes.set(xlabel=r"$t = \tanh K$", ylabel="$t'$", title=title)
        axes.legend(frameon=False, fontsize="x-small", loc="upper left")
    save_figure(left, target, force=True)


if __name__ == "__main__":
    picture()
