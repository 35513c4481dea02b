"""From nodes to a schedule and a layout of memory: rewriting, fusion, storage; it knows no machine."""
