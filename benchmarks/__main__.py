"""``python -m benchmarks [NAME …]``: run all benchmarks, or those named, each printing its table of
ratios.
"""

import runpy
import sys
from pathlib import Path


def main(names: list[str]) -> int:
    """Run the benchmarks with these names, or all."""
    known = sorted(
        path.stem for path in Path(__file__).parent.glob("*.py") if not path.stem.startswith("_")
    )
    unknown = [name for name in names if name not in known]
    if unknown:
        print(
            f"there is no benchmark {unknown[0]!r}; there are {', '.join(known)}", file=sys.stderr
        )
        return 2
    for name in names or known:
        print(f"\n== {name}", flush=True)
        runpy.run_module(f"benchmarks.{name}", run_name="__main__")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
