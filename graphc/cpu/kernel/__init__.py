"""The kernel language: all that decides what machine code the text of a kernel becomes."""
