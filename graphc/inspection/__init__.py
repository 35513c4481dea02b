"""Looking at graphs, compilations and runs; nothing else needs these modules."""
