"""What the examples that draw share: where the picture goes, asked and checked before the computation, and pyplot without a screen."""

import argparse
from pathlib import Path
from typing import Any


def add_arguments(parser: argparse.ArgumentParser, name: str, what: str) -> None:
    """--out and --no-plot."""
    parser.add_argument("--out", type=Path, default=Path(name), help=f"picture of {what} (default %(default)s)")
    parser.add_argument("--no-plot", action="store_true", help="no picture, and no need of matplotlib")


def check_arguments(parser: argparse.ArgumentParser, args: argparse.Namespace) -> None:
    """Says before the computation, not after it, that no picture could be written."""
    if args.no_plot:
        return
    try:
        from matplotlib.figure import Figure
    except ImportError:
        parser.error("the picture needs matplotlib: pip install '.[examples]', or ask for --no-plot")
    formats = Figure().canvas.get_supported_filetypes()
    if args.out.suffix[1:] not in formats:
        parser.error(f"--out must end in one of {', '.join(sorted(formats))}: {args.out}")
    if not args.out.parent.is_dir():
        parser.error(f"there is no folder {args.out.parent} to write {args.out.name} into")


def pyplot() -> Any:
    """matplotlib.pyplot, which draws into files, on machines without a screen too."""
    import matplotlib
    matplotlib.use("Agg")
    from matplotlib import pyplot
    return pyplot
