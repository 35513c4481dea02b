"""`tf.random`: random tensors, under the names that later programs use."""

from .ir.default_graph import get_seed
from .nn import all_candidate_sampler, fixed_unigram_candidate_sampler, log_uniform_candidate_sampler, uniform_candidate_sampler
from .ops import random_stateless
from .ops.random import categorical, multinomial, random_normal, random_shuffle, random_uniform, set_random_seed, truncated_normal
from .ops.random_draws import random_gamma, random_poisson
from .ops.random_stateless import *  # noqa: F403
from .tf1_names import namespace as _namespace

__all__ = ["all_candidate_sampler", "categorical", "fixed_unigram_candidate_sampler", "gamma", "get_seed", "log_uniform_candidate_sampler",
           "multinomial", "normal", "poisson", "set_random_seed", "shuffle", "truncated_normal", "uniform", "uniform_candidate_sampler",
           *random_stateless.__all__]

gamma = random_gamma
normal = random_normal
poisson = random_poisson
shuffle = random_shuffle
uniform = random_uniform

_namespace(globals())
