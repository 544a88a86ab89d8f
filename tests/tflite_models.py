"""LiteRT models of one quantised operator, made with LiteRT's own flatbuffers classes, and what
they compute.  Importing this needs ai-edge-litert."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert import interpreter
from ai_edge_litert import schema_py_generated as schema

RESOLVERS = {
    "reference": interpreter.OpResolverType.BUILTIN_REF,
    "ruy": interpreter.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
    "xnnpack": interpreter.OpResolverType.AUTO,
}
TYPES = {
    np.dtype(dtype): getattr(schema.TensorType, dtype.__name__.upper())
    for dtype in (np.int8, np.int16, np.int32, np.int64)
}
ACTIVATIONS = ("none", "relu", "relu_n1_to_1", "relu6")  # by their numbers


@dataclass
class Layer:
    """One operator: int8 or int16 inputs, int8 weights of zero point 0, whose first axis is the
    output channel, a scale for each or one; biases of int32 or int64."""

    operator: str  # CONV_2D or FULLY_CONNECTED
    weights: np.ndarray
    biases: np.ndarray
    scales: tuple[Any, Any, Any]  # of input, weights, output: float32
    zeros: tuple[int, int] = (0, 0)  # of input and output
    activation: str = "none"
    dtype: Any = np.int8
    options: dict[str, Any] = field(default_factory=dict)  # of the convolution

    def run(self, x: np.ndarray, shape: tuple[int, ...], resolver: str) -> np.ndarray:
        """The outputs, of that shape."""
        model = interpreter.Interpreter(
            model_content=self.packed(x.shape, shape),
            experimental_op_resolver_type=RESOLVERS[resolver],
            num_threads=1,
        )
        model.allocate_tensors()
        model.set_tensor(model.get_input_details()[0]["index"], x)
        model.invoke()
        return model.get_tensor(model.get_output_details()[0]["index"])

    def packed(self, x_shape: tuple[int, ...], y_shape: tuple[int, ...]) -> bytes:
        """The model file."""
        sx, sw, sy = self.scales
        graph = schema.SubGraphT()
        graph.tensors = [
            tensor("x", x_shape, self.dtype, sx, self.zeros[0], 0),
            tensor("w", self.weights.shape, np.int8, sw, 0, 1),
            tensor("b", self.biases.shape, self.biases.dtype, np.float32(sx) * sw, 0, 2),
            tensor("y", y_shape, self.dtype, sy, self.zeros[1], 0),
        ]
        graph.inputs, graph.outputs, graph.operators = [0], [3], [self.node()]
        code = schema.OperatorCodeT()
        code.version = 4
        code.builtinCode = code.deprecatedBuiltinCode = getattr(
            schema.BuiltinOperator, self.operator
        )
        model = schema.ModelT()
        model.version, model.subgraphs, model.operatorCodes = 3, [graph], [code]
        model.buffers = [buffer(data) for data in (None, self.weights, self.biases)]
        builder = flatbuffers.Builder()
        builder.Finish(model.Pack(builder), b"TFL3")
        return bytes(builder.Output())

    def node(self) -> Any:
        """The operator, with its options."""
        node = schema.OperatorT()
        node.opcodeIndex, node.inputs, node.outputs = 0, [0, 1, 2], [3]
        if self.operator == "CONV_2D":
            options = schema.Conv2DOptionsT()
            options.padding = schema.Padding.VALID
            options.strideW = options.strideH = 1
            options.dilationWFactor = options.dilationHFactor = 1
            node.builtinOptionsType = schema.BuiltinOptions.Conv2DOptions
        else:
            options = schema.FullyConnectedOptionsT()
            node.builtinOptionsType = schema.BuiltinOptions.FullyConnectedOptions
        for name, value in self.options.items():
            setattr(options, name, value)
        options.fusedActivationFunction = ACTIVATIONS.index(self.activation)
        node.builtinOptions = options
        return node


def tensor(name: str, shape: Any, dtype: Any, scale: Any, zero: int, place: int) -> Any:
    """A quantised tensor, per tensor or along its first axis."""
    made, quantization = schema.TensorT(), schema.QuantizationParametersT()
    quantization.scale = np.atleast_1d(np.float32(scale))
    quantization.zeroPoint = np.full(quantization.scale.shape, zero, np.int64)
    made.name, made.shape, made.type = name, list(shape), TYPES[np.dtype(dtype)]
    made.buffer, made.quantization = place, quantization
    return made


def buffer(data: np.ndarray | None) -> Any:
    """Its bytes."""
    made = schema.BufferT()
    made.data = None if data is None else np.frombuffer(data.tobytes(), np.uint8)
    return made
