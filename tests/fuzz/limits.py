"""The compiler's limits that recipes lower or raise, so that small graphs meet what only large ones do otherwise."""

from __future__ import annotations

# "folder.module.NAME" -> values, of which one is drawn.
LIMITS = {
    "compiler.plan.COPIED": (0, 256), "cpu.emit.CHUNK": (16, 64), "cpu.emit.UNROLLED": (0, 3), "compiler.groups.SMALL": (1, 4),
    "compiler.schedule.MAX_MEMBERS": (3, 8), "compiler.schedule.MAX_OPERANDS": (3, 5), "compiler.passes.SMALL_PRODUCT": (0, 100_000),
    "cpu.blas.SMALL": (0, 100_000),
}
# And those that say which products are computed by panels, all at once: small ones are, too.
PANELS = {f"cpu.panels.{name}": value for name, value in [("LEAST_SIDE", 1), ("LEAST_DEPTH", 1), ("LEAST_WORK", 1), ("FILLED", 0)]}
