"""Networks from public checkpoints onto their device, shared, or refused by the family's name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

import torch
from torch import nn

from contract.config import ModelConfig
from contract.errors import ModelFailed
from predictors.nn.checkpoint_errors import CheckpointError
from predictors.nn.cuda_graphs import enable_graphs
from predictors.nn.device import fast_dtype, first_damaged, size_bytes, torch_device
from predictors.runtime.model import Weights
from predictors.runtime.out_of_memory import is_out_of_memory
from predictors.runtime.weights.store import CorruptWeights

N = TypeVar("N", bound=nn.Module)


@dataclass(frozen=True, slots=True)
class Loaded(Generic[N]):
    """A network, where it is, and the precision that its entry asks for."""

    network: N
    device: torch.device
    dtype: torch.dtype

    @property
    def size_bytes(self) -> int:
        return size_bytes(self.network)


def shared_network(
    config: ModelConfig,
    weights: Weights,
    place: Path,
    *,
    build: Callable[[], N],
    reduce: Callable[[N, torch.dtype], object],
    part: str = "",
    dtype: torch.dtype | None = None,
) -> Loaded[N]:
    """What `build` reads at `place`, checked, reduced in precision, on the entry's device.

    Entries that want the same share it, and so do model types that name the same `part`; `dtype`
    replaces the entry's. Raises ModelFailed that names the model type, and the cause.
    """
    device = torch_device(config.device_config)
    dtype = dtype or fast_dtype(config.dtype, device)

    def load() -> N:
        network = _built(build, config.model_type)
        if dtype is not torch.float32:
            reduce(network, dtype)
        network.to(device).eval()
        flatten_rnns(network)
        if config.cuda_graphs and device.type == "cuda":
            enable_graphs(network)
        return network

    key = (part or config.model_type, place.resolve(), str(dtype), str(device), config.cuda_graphs)
    return Loaded(weights.share(key, load), device, dtype)


def _built(build: Callable[[], N], family: str) -> N:
    try:
        network = build()
    except CheckpointError as exc:
        raise ModelFailed(f"{family}: {exc}") from exc
    except (RuntimeError, ArithmeticError, ValueError, TypeError, IndexError) as exc:
        if is_out_of_memory(exc):
            raise
        # Sizes that no layer can have, each refused by another class of torch's errors.
        raise ModelFailed(
            f"{family}: the files describe no network that can be built; download them again"
        ) from exc
    damaged = first_damaged(network)
    if damaged is not None:
        raise ModelFailed(f"{family}: {damaged} holds NaN or infinity; download the weights again")
    return network


def refuse_damaged(network: nn.Module) -> None:
    """Raise CorruptWeights when it is the weights in memory that are not finite."""
    damaged = first_damaged(network)
    if damaged is not None:
        raise CorruptWeights(f"the weights in memory are damaged at {damaged}")


def flatten_rnns(network: nn.Module) -> None:
    """Lay the weights of recurrent layers out anew: moved or cast ones are scattered, and cuDNN
    would copy them together in every call, with a warning."""
    for module in network.modules():
        if isinstance(module, nn.RNNBase):
            module.flatten_parameters()
            if module.weight_ih_l0.is_cuda and module.weight_ih_l0.dtype is torch.bfloat16:
                _flatten_bfloat16(module)


def _flatten_bfloat16(rnn: nn.RNNBase) -> None:
    """What flatten_parameters() does for the types in torch.backends.cudnn.CUDNN_TENSOR_DTYPES;
    bfloat16 is not among them, though cuDNN runs it and warns (torch 2.11, nn/modules/rnn.py)."""
    with torch.no_grad(), torch.cuda.device(rnn.weight_ih_l0.device):
        torch._cudnn_rnn_flatten_weight(
            [weight for weight in rnn._flat_weights if weight is not None],
            4 if rnn.bias else 2,
            rnn.input_size,
            torch.backends.cudnn.rnn.get_cudnn_mode(rnn.mode),  # type: ignore[no-untyped-call]
            rnn.hidden_size,
            rnn.proj_size,
            rnn.num_layers,
            rnn.batch_first,
            rnn.bidirectional,
        )
