"""Networks that a user brings: read from ONNX files or from torch modules, run by the reference of ONNX, measured and compared with the theory."""

from numerics.networks.layers import layer_graph
from numerics.networks.maps import LayerMaps
from numerics.networks.model import Model, ModelError, Operation
from numerics.networks.observe import LayerReport, observe
from numerics.networks.onnx_file import read_onnx
from numerics.networks.prediction import initial_variances, predict
from numerics.networks.torch_module import from_torch

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
