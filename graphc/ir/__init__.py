"""What every level works on: types, nodes, graphs, operators and their reference evaluation."""
