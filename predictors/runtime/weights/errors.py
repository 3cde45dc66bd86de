"""The error of weights that cannot be had."""

from contract.errors import ModelFailed


class WeightsMissing(ModelFailed):
    """The configured weights are not there; the message says what to install or correct."""

    code = "weights_missing"
