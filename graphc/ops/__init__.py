"""The operators, by subject; importing this package declares them all."""
