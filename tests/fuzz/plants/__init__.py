"""Bugs to plant in graphc, each one wrong decision in one place, to see that the fuzzer finds what it is there to find."""

from . import graphs, kernels, loops
from .registry import PLANTS, Plant

__all__ = ["PLANTS", "Plant", "graphs", "kernels", "loops"]
