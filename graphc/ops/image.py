"""The public picture operators: those of the modules image_*, and the patches of `blocks`."""

from __future__ import annotations

from . import image_boxes, image_boxes_combined, image_colour, image_files, image_formats, image_quality, image_resize, image_space
from .blocks import extract_image_patches as extract_image_patches
from .image_boxes import *  # noqa: F403
from .image_boxes_combined import *  # noqa: F403
from .image_colour import *  # noqa: F403
from .image_files import *  # noqa: F403
from .image_formats import *  # noqa: F403
from .image_quality import *  # noqa: F403
from .image_resize import *  # noqa: F403
from .image_space import *  # noqa: F403
from .image_warp import extract_glimpse as extract_glimpse

extract_patches = extract_image_patches
transpose = transpose_image     # noqa: F405

__all__ = [*image_boxes.__all__, *image_boxes_combined.__all__, *image_colour.__all__, *image_files.__all__, *image_formats.__all__,
           *image_quality.__all__, *image_resize.__all__, *image_space.__all__,
           "extract_glimpse", "extract_image_patches", "extract_patches", "transpose"]
