"""Several threads at once get the digits of one, and Ctrl-C at any moment ends in one line."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from sympy import Rational

from neurenorm.numerics.evaluate import evaluate

POINTS = [
    ("lattice/ising-decimation", {"K": Rational(k, 7), "b": b}, digits)
    for k, b, digits in ((1, 2, 15), (2, 3, 40), (3, 2, 25), (5, 4, 60))
] + [
    ("complexity/neuron-profile", {"r": Rational(1, 2)}, 20),
    ("field-theory/correlation-fixed-point", {"activation": "relu", "sw2": Rational(8, 5), "sb2": Rational(1, 5)}, 25),
]  # fmt: skip


def answered(point):
    name, parameters, digits = point
    found = evaluate(name, **parameters, digits=digits)
    return found.as_dict()


def test_threads_give_the_digits_of_one():
    alone = [answered(point) for point in POINTS]
    many = [point for _ in range(4) for point in POINTS]
    with ThreadPoolExecutor(6) as threads:
        together = list(threads.map(answered, many))
    assert together == alone * 4


STARTED = """
import sys
from neurenorm.__main__ import main
print("started", flush=True)
sys.exit(main())
"""


def interruptible():
    """In the child: Ctrl-C means what it means at a terminal, whatever this process ignores."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.mark.parametrize("wait", [0.0, 0.1, 0.4, 1.5])
def test_an_interrupt_at_any_moment_is_one_line(tmp_path, wait):
    process = subprocess.Popen(
        [sys.executable, "-c", STARTED, "evaluate", "active-paths/thresholds", "p=3", "T=0.5"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
        env={**os.environ},
        start_new_session=True,
        preexec_fn=interruptible,
    )
    assert process.stdout.readline() == "started\n"
    time.sleep(wait)
    ended = process.poll()
    os.killpg(process.pid, signal.SIGINT)
    _, complaints = process.communicate(timeout=60)
    assert "Traceback" not in complaints and len(complaints.splitlines()) <= 1, complaints
    assert process.returncode == 130 or ended == 0
