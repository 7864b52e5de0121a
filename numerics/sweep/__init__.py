"""Sweeps: a result, a claim or any function over a grid of parameters, to a labelled dataset and a
netCDF file that a broken-off run resumes.
"""

from neurenorm.numerics.sweep.axes import Axis, parse_axis
from neurenorm.numerics.sweep.command import (
    add_arguments,
    add_plot_arguments,
    plot_command,
    sweep_command,
)
from neurenorm.numerics.sweep.plot import plot_sweep
from neurenorm.numerics.sweep.run import sweep
from neurenorm.numerics.sweep.store import open_sweep

__all__ = [
    "Axis",
    "add_arguments",
    "add_plot_arguments",
    "open_sweep",
    "parse_axis",
    "plot_command",
    "plot_sweep",
    "sweep",
    "sweep_command",
]
