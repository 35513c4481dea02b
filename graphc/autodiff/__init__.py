"""Graph from graph: gradients, products with Jacobians, and functions applied to one more leading axis."""
