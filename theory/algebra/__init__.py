"""Exact algebra under the engines: bounded rewrites, polynomials, logarithms of weights."""
