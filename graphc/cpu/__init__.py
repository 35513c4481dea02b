"""From a schedule to machine code on the processor's threads, and how it is run."""
