"""Layer graphs: signals as nodes, operations as typed edges, weights with labels."""
