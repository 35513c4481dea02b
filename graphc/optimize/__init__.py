"""`tf.optimize`: minimisers of a scalar loss over graph variables, by the order of derivative they use."""

from ..tf1_names import namespace as _namespace
from .first import FirstOrder
from .least_squares import GaussNewton, LevenbergMarquardt
from .lipschitz import Lipschitz, lipschitz_estimate
from .minimizer import Minimizer
from .objective import Evaluations, Result
from .scipy_interface import NelderMead, ScipyOptimizerInterface
from .second import Newton, NewtonCG
from .zeroth import GeneticSearch, RandomSearch, SimulatedAnnealing

__all__ = ["Evaluations", "FirstOrder", "GaussNewton", "GeneticSearch", "LevenbergMarquardt", "Lipschitz", "Minimizer", "NelderMead",
           "Newton", "NewtonCG", "RandomSearch", "Result", "ScipyOptimizerInterface", "SimulatedAnnealing", "lipschitz_estimate"]

_namespace(globals())
