"""A catalogued result to numbers."""

from numerics.evaluate.core import Answer, Evaluation, answer, evaluate

__all__ = ["Answer", "Evaluation", "answer", "evaluate"]
