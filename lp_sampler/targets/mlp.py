"""Classification by a multilayer perceptron, forward and backward through the machine."""

from __future__ import annotations

import copy
import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from .._arithmetic import in_float32
from .._errors import SamplerError
from .._numfmt import Format, Key, gaussian
from .._rounding import round_to
from ._averages import averaged_scores
from ._target import Array, Rows, Target

SINGLE, DOUBLE = np.dtype(np.float32), np.dtype(np.float64)
SCALES = ("sum", "mean")
NAMED_SIZE = 10_000


class MLP(Target):
    """A network of rectified linear layers and a softmax, prior N(0, prior_scale**2) on each
    parameter.

    `X` has shape (rows, inputs), `y` (rows,) with classes 0, 1, ..., `classes` of them (by default
    up to the largest); `hidden` are the widths of the layers between; `test` is a pair of rows that
    are only predicted. Parameters are the layers' weights (inputs, outputs) and biases (outputs,),
    one layer after the other.  ``scale="mean"`` divides log density and gradient by the number of
    rows, as networks are trained: a step size of theirs then has its usual meaning, and the
    posterior is sampled at temperature 1 / rows.

    On a machine, layers and their gradients are products by its datapaths (``fprop``, ``dgrad``,
    ``wgrad``), activations and errors are stored in the formats of these roles, and what lies
    between is done by its vector unit.  Chains do not start from 0, where all units are equal, but
    from weights of variance 2 / inputs (He et al. 2015).

    >>> import numpy as np
    >>> net = MLP(np.eye(3), [0, 1, 2], hidden=(4,))
    >>> net.size, net.names[0], net.gradient(np.zeros((1, 31), np.float32)).shape
    (31, 'W1[0,0]', (1, 31))
    """

    def __init__(
        self,
        X: npt.ArrayLike,
        y: npt.ArrayLike,
        hidden: Sequence[int] = (32,),
        *,
        classes: int | None = None,
        prior_scale: float = 1.0,
        scale: str = "sum",
        test: tuple[npt.ArrayLike, npt.ArrayLike] | None = None,
    ) -> None:
        inputs, labels = _checked_data(X, y, "X", "y", classes)
        self.classes = int(labels.max()) + 1 if classes is None else classes
        if self.classes < 2:
            raise SamplerError(f"classes: at least two are needed; got {self.classes}")
        if not all(int(width) == width > 0 for width in hidden):
            raise SamplerError(f"hidden: positive widths are allowed; got {hidden}")
        if not 0 < prior_scale < np.inf:
            raise SamplerError(
                f"prior_scale: a finite positive number is allowed; got {prior_scale}"
            )
        if scale not in SCALES:
            raise SamplerError(f"scale: one of {', '.join(SCALES)} is allowed; got {scale!r}")
        self.data_size = len(inputs)
        self.hidden, self.prior_scale, self.scale = (
            tuple(map(int, hidden)),
            float(prior_scale),
            scale,
        )
        self._widths = (inputs.shape[1], *self.hidden, self.classes)
        self.size = sum((m + 1) * n for m, n in itertools.pairwise(self._widths))
        self.names = _names(self._widths, self.size)
        self._test = (
            None if test is None else _checked_data(*test, "test X", "test y", self.classes)
        )
        if self._test is not None and self._test[0].shape[1] != self._widths[0]:
            raise SamplerError(
                f"test: {self._widths[0]} inputs are needed; got shape {self._test[0].shape}"
            )
        self._labels = labels
        self._inputs = {SINGLE: inputs.astype(np.float32), DOUBLE: inputs}

    def arguments(self) -> dict[str, Any]:
        """Rows, labels, widths, prior, scale and test rows."""
        return {
            "X": self._inputs[DOUBLE],
            "y": self._labels,
            "hidden": self.hidden,
            "classes": self.classes,
            "prior_scale": self.prior_scale,
            "scale": self.scale,
            "test": self._test,
        }

    def with_inputs(self, format: Format, key: Key) -> MLP:
        """The target with `X` rounded to the machine's input format, at least to float32."""
        rounded, exact = copy.copy(self), self._inputs[DOUBLE]
        rounded._inputs = {SINGLE: round_to(exact, format, key).astype(np.float32), DOUBLE: exact}
        return rounded

    def start(self, key: Key, shape: tuple[int, int]) -> Array:
        """Weights of variance 2 / inputs, biases 0."""
        spread = np.concatenate(
            [
                np.append(np.full(m * n, math.sqrt(2 / m)), np.zeros(n))
                for m, n in itertools.pairwise(self._widths)
            ]
        )
        return np.asarray(gaussian(key, shape) * spread, np.float32)

    def log_density(self, params: Array, rows: Rows | None = None) -> Array:
        """The log density up to a constant, shape (chains,)."""
        return self._density(params, self._logits(params, self._batch(params, rows)), rows)

    def gradient(self, params: Array, rows: Rows | None = None) -> Array:
        """The gradient of the log density, shape (chains, size)."""
        return self.evaluate(params, rows, with_density=False)[1]

    def evaluate(
        self, params: Array, rows: Rows | None = None, with_density: bool = True
    ) -> tuple[Array, Array]:
        """Log density and gradient, with the forward pass in common."""
        layers, inputs = self._layers(params), self._batch(params, rows)
        activations = self._forward(layers, inputs)
        logits = activations.pop()
        density = self._density(params, logits, rows) if with_density else np.zeros(len(params))
        slopes = self._backward(layers, activations, self._residuals(logits, rows))
        gradient = np.concatenate([slope.reshape(len(params), -1) for slope in slopes], axis=1)
        return density, self._with_prior(gradient, params)

    def _batch(self, params: Array, rows: Rows | None) -> Array:
        inputs = self._inputs[params.dtype]
        return inputs if rows is None else inputs[rows]

    def _layers(self, params: Array) -> list[tuple[Array, Array]]:
        """(weights (chains, inputs, outputs), bias (chains, 1, outputs)) of each layer."""
        layers, begin = [], 0
        for m, n in itertools.pairwise(self._widths):
            weights = params[:, begin : begin + m * n].reshape(-1, m, n)
            begin += (m + 1) * n
            layers.append((weights, params[:, None, begin - n : begin]))
        return layers

    def _forward(self, layers: list[tuple[Array, Array]], inputs: Array) -> list[Array]:
        """What goes into each layer, and the logits."""
        unit, found = self.arithmetic.unit, [inputs[None]]
        for number, (weights, bias) in enumerate(layers, 1):
            sums = unit.add(self.arithmetic.matmul(found[-1], weights, "fprop"), bias)
            if number < len(layers):
                sums = self.arithmetic.store(np.maximum(sums, 0), "activation")
            found.append(sums)
        return found

    def _logits(self, params: Array, inputs: Array) -> Array:
        return self._forward(self._layers(params), inputs)[-1]

    def _residuals(self, logits: Array, rows: Rows | None) -> Array:
        """The log likelihood's gradient in the logits, scaled to the whole data or to its mean."""
        unit, labels = self.arithmetic.unit, self._labels if rows is None else self._labels[rows]
        chances = self.arithmetic.exp(self._log_softmax(logits))
        hits = (labels[:, None] == np.arange(self.classes)).astype(logits.dtype)
        residuals = unit.subtract(hits, chances)
        factor = self._factor(len(labels))
        if factor != 1:
            residuals = unit.multiply(residuals, logits.dtype.type(factor))
        return self.arithmetic.store(residuals, "error")

    def _factor(self, count: int) -> float:
        """What the sum over a batch is multiplied by."""
        return (self.data_size or 1) / count if self.scale == "sum" else 1 / count

    def _backward(
        self, layers: list[tuple[Array, Array]], activations: list[Array], errors: Array
    ) -> list[Array]:
        """Gradients of weights and bias of each layer, first layer first."""
        slopes: list[Array] = []
        ones = np.ones((1, 1, errors.shape[1]), errors.dtype)
        for place in reversed(range(len(layers))):
            inputs = activations[place]
            turned = np.ascontiguousarray(inputs.swapaxes(-1, -2))
            bias = self.arithmetic.matmul(ones, errors, "wgrad")
            slopes[:0] = [self.arithmetic.matmul(turned, errors, "wgrad"), bias]
            if place:
                weights = np.ascontiguousarray(layers[place][0].swapaxes(-1, -2))
                back = self.arithmetic.matmul(errors, weights, "dgrad")
                errors = self.arithmetic.store(np.where(inputs > 0, back, 0), "error")
        return slopes

    def _with_prior(self, gradient: Array, params: Array) -> Array:
        unit, number = self.arithmetic.unit, params.dtype.type
        return unit.subtract(gradient, unit.multiply(params, number(self._prior_precision)))

    @property
    def _prior_precision(self) -> float:
        return self.prior_scale**-2 / (1 if self.scale == "sum" else self.data_size or 1)

    def log_prior(self, params: Array) -> Array:
        """The prior's part of the log density, shape (chains,)."""
        return np.asarray(self._prior(params), params.dtype)

    def row_log_likelihoods(self, params: Array, rows: Rows) -> Array:
        """Log probabilities of the rows' classes (chains, rows); divided by the number of all rows
        where ``scale="mean"``.
        """
        logits = self._logits(params, self._batch(params, rows))
        factor, found = self._factor(self.data_size or 1), self._likelihoods(logits, rows)
        if factor == 1:
            return found
        return self.arithmetic.unit.multiply(found, found.dtype.type(factor))

    def _prior(self, params: Array) -> Array:
        squares = np.square(params, dtype=np.float64).sum(axis=1)
        return np.asarray(squares * -(self._prior_precision / 2))

    def _likelihoods(self, logits: Array, rows: Rows | None) -> Array:
        labels = self._labels if rows is None else self._labels[rows]
        return self._log_softmax(logits)[:, np.arange(len(labels)), labels]

    def _density(self, params: Array, logits: Array, rows: Rows | None) -> Array:
        likelihoods = self._likelihoods(logits, rows)
        total = likelihoods.sum(axis=1, dtype=np.float64) * self._factor(likelihoods.shape[1])
        return np.asarray(total + self._prior(params), params.dtype)

    def _log_softmax(self, logits: Array) -> Array:
        total = self.arithmetic.log_sum_exp([logits[..., i] for i in range(self.classes)])
        return self.arithmetic.unit.subtract(logits, total[..., None])

    @property
    def test_classes(self) -> Array | None:
        """Labels of the test rows."""
        return None if self._test is None else self._test[1]

    def predict(self, params: Array, X: npt.ArrayLike | None = None) -> Array:
        """Probabilities of the classes by each of `params` (draws, size), of rows `X`, the test
        rows by default: shape (draws, rows, classes).  SamplerError where there are no rows.
        """
        if X is None and self._test is None:
            raise SamplerError("X: rows to predict are needed; the target has no test rows")
        inputs = np.asarray(self._test[0] if X is None and self._test else X, np.float32)
        plain = copy.copy(self)
        plain.arithmetic = in_float32()
        pieces = np.ascontiguousarray(params, np.float32)
        return plain.arithmetic.exp(plain._log_softmax(plain._logits(pieces, inputs)))

    def scores(self, draws: Array) -> dict[str, float]:
        """Of the test rows, predicted by the mean over draws (chain, draw, parameter): `nll` a row,
        and `accuracy`.
        """
        return {} if self._test is None else averaged_scores(self.predict, draws, self._test[1])


def _names(widths: tuple[int, ...], size: int) -> tuple[str, ...]:
    """W1[input,output] and b1[output] of each layer; numbers alone in large networks."""
    if size > NAMED_SIZE:
        return tuple(f"theta{i}" for i in range(size))
    names: list[str] = []
    for layer, (m, n) in enumerate(itertools.pairwise(widths), 1):
        names += [f"W{layer}[{i},{j}]" for i in range(m) for j in range(n)]
        names += [f"b{layer}[{j}]" for j in range(n)]
    return tuple(names)


def _checked_data(
    X: npt.ArrayLike, y: npt.ArrayLike, name: str, label: str, classes: int | None
) -> tuple[Array, Array]:
    inputs, labels = np.asarray(X, np.float64), np.asarray(y)
    if inputs.ndim != 2 or 0 in inputs.shape or not np.isfinite(inputs).all():
        raise SamplerError(
            f"{name}: a finite array (rows, inputs) is needed; got shape {inputs.shape}"
        )
    high = np.inf if classes is None else classes
    fits = labels.shape == inputs.shape[:1] and labels.dtype.kind in "iu"
    if not fits or not ((labels >= 0) & (labels < high)).all():
        raise SamplerError(
            f"{label}: a class 0, 1, ... below {high} for each of the {len(inputs)} rows is "
            f"needed; got shape {labels.shape}, {labels.dtype}"
        )
    return inputs, labels.astype(np.int64)
