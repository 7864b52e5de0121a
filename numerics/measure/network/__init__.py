"""Networks that a user brings: read from ONNX files or from torch modules, run by the reference of
ONNX, measured and compared with the theory.
"""

from neurenorm.numerics.measure.network.layers import layer_graph
from neurenorm.numerics.measure.network.maps import LayerMaps
from neurenorm.numerics.measure.network.model import Model, ModelError, Operation
from neurenorm.numerics.measure.network.observe import LayerReport, observe
from neurenorm.numerics.measure.network.onnx_file import read_onnx
from neurenorm.numerics.measure.network.prediction import initial_variances, predict
from neurenorm.numerics.measure.network.torch_module import from_torch

__all__ = [
    "LayerMaps",
    "LayerReport",
    "Model",
    "ModelError",
    "Operation",
    "from_torch",
    "initial_variances",
    "layer_graph",
    "observe",
    "predict",
    "read_onnx",
]
