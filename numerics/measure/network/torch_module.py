"""Reads a ``torch.nn.Module`` by torch's own exporter; nothing here imports torch before it is
asked for.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from importlib import import_module
from io import BytesIO
from typing import Any

import numpy as np

from neurenorm.numerics.measure.network.model import Model, ModelError
from neurenorm.numerics.measure.network.onnx_file import from_proto
from neurenorm.numerics.measure.network.reference import library

__all__ = ["from_torch"]


def from_torch(module: Any, shape: Sequence[int]) -> Model:
    """Return a module of torch as a model, in evaluation mode, as ``torch.onnx.export`` writes it.

    Parameters
    ----------
    module : torch.nn.Module
    shape : sequence of int
        Shape of one sample, without the sample axis.

    Returns
    -------
    Model

    Raises
    ------
    ImportError
        Without torch, or without onnx.
    ModelError
        If torch cannot export the module.
    """
    try:
        torch = import_module("torch")
    except ImportError as error:
        raise ImportError(
            "a torch module can only be read where torch is installed; or export it to an ONNX file"
        ) from error
    onnx, was_training, buffer = library(), module.training, BytesIO()
    first = next(module.parameters(), None)
    sample = torch.zeros((2, *shape), dtype=None if first is None else first.dtype)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torch.onnx.export(
                module.eval(),
                (sample,),
                buffer,
                dynamo=False,
                input_names=["x"],
                dynamic_axes={"x": {0: "samples"}},
            )
    except Exception as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise ModelError(f"torch cannot export the module: {reason}") from error
    finally:
        module.train(was_training)
    model = from_proto(onnx.load_from_string(buffer.getvalue()), "the module")
    _check_same(torch, module, model, sample)
    return model


def _check_same(torch: Any, module: Any, model: Model, sample: Any) -> None:
    """Refuse a module whose export computes something else, as where an argument of a layer has no
    place in ONNX.
    """
    was_training, data = (
        module.training,
        torch.randn(sample.shape, dtype=sample.dtype, generator=torch.Generator().manual_seed(1)),
    )
    with torch.no_grad():
        wanted = module.eval()(data)
    module.train(was_training)
    first = wanted if hasattr(wanted, "detach") else wanted[0]
    found = model.run(data.numpy(), model.outputs[:1])[model.outputs[0]]
    if found.shape != tuple(first.shape) or not np.allclose(
        found, first.numpy(), rtol=1e-3, atol=1e-4
    ):
        kinds = ", ".join(sorted({type(layer).__name__ for layer in module.modules()}))
        raise ModelError(
            "torch exports the module as something else than what it computes, though each of its "
            f"layers ({kinds}) has an operator: write it with other layers"
        )
