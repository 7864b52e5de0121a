"""A catalogued result to numbers."""

from neurenorm.numerics.evaluate.core import Answer, Evaluation, answer, evaluate

__all__ = ["Answer", "Evaluation", "answer", "evaluate"]
