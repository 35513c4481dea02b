"""graphc's benchmark: the same steps in graphc, NumPy and whichever peers are installed (`python -m tests.bench`)."""
