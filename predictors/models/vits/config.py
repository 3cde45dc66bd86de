"""The sizes of a VITS network, read from the config.json that is published with its weights."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

from predictors.nn.checkpoint_errors import CheckpointError

LICENSE = "MIT, unverified"
"""Of OpenVoice's and MeloTTS' public weights, by pages of third parties."""


@dataclass(frozen=True)
class VitsConfig:
    """Everything that shapes the network or its spectrogram; rates and lengths in samples."""

    sampling_rate: int
    filter_length: int
    hop_length: int
    n_speakers: int
    """Size of the speaker table; 0 makes a tone converter, which has no text side."""
    n_symbols: int
    inter_channels: int
    hidden_channels: int
    filter_channels: int
    n_heads: int
    n_layers: int
    kernel_size: int
    resblock_kernel_sizes: tuple[int, ...]
    resblock_dilation_sizes: tuple[tuple[int, ...], ...]
    upsample_rates: tuple[int, ...]
    upsample_initial_channel: int
    upsample_kernel_sizes: tuple[int, ...]
    gin_channels: int
    """Size of a speaker embedding."""
    transformer_flow_layers: int = 0
    """Layers inside each flow, which only MeloTTS has; 0 means WaveNets instead."""
    n_tones: int = 0
    n_languages: int = 0
    """Tones, languages and BERT features enter the text encoder when these are not 0."""
    speaker_conditioned_text: bool = False
    zero_g: bool = False
    """Posterior encoder and decoder were trained without the speaker (OpenVoice V2)."""

    @property
    def spec_channels(self) -> int:
        """Frequency bins of the linear spectrogram."""
        return self.filter_length // 2 + 1

    @property
    def samples_per_frame(self) -> int:
        """Audio samples the decoder makes of one frame."""
        return prod(self.upsample_rates)

    @classmethod
    def from_public(cls, config: Mapping[str, Any]) -> "VitsConfig":
        """Read an OpenVoice or MeloTTS config.json; unknown keys are ignored.

        Raises CheckpointError, a ValueError, that names the first key that is missing or unusable.
        """
        _refuse_other_decoders(config)
        n_speakers = _integer(config, "data.n_speakers")
        is_melo = "n_layers_trans_flow" in _value(config, "model")
        return cls(
            sampling_rate=_integer(config, "data.sampling_rate"),
            filter_length=_integer(config, "data.filter_length"),
            hop_length=_integer(config, "data.hop_length"),
            n_speakers=n_speakers,
            n_symbols=len(_list(config, "symbols")) if n_speakers else 0,
            inter_channels=_integer(config, "model.inter_channels"),
            hidden_channels=_integer(config, "model.hidden_channels"),
            filter_channels=_integer(config, "model.filter_channels"),
            n_heads=_integer(config, "model.n_heads"),
            n_layers=_integer(config, "model.n_layers"),
            kernel_size=_integer(config, "model.kernel_size"),
            resblock_kernel_sizes=_integers(config, "model.resblock_kernel_sizes"),
            resblock_dilation_sizes=_integer_rows(config, "model.resblock_dilation_sizes"),
            upsample_rates=_integers(config, "model.upsample_rates"),
            upsample_initial_channel=_integer(config, "model.upsample_initial_channel"),
            upsample_kernel_sizes=_integers(config, "model.upsample_kernel_sizes"),
            gin_channels=_integer(config, "model.gin_channels"),
            transformer_flow_layers=_integer(config, "model.n_layers_trans_flow") if is_melo else 0,
            n_tones=_integer(config, "num_tones") if is_melo else 0,
            n_languages=_integer(config, "num_languages") if is_melo else 0,
            speaker_conditioned_text=is_melo
            and _flag(config, "model.use_spk_conditioned_encoder", default=True),
            zero_g=_flag(config, "model.zero_g", default=False),
        )


def _refuse_other_decoders(config: Mapping[str, Any]) -> None:
    resblock = _value(config, "model.resblock")
    if resblock != "1":
        raise CheckpointError(
            f"The config file's 'model.resblock' is {resblock!r}; only \"1\" is supported."
        )


def _value(config: Mapping[str, Any], path: str) -> Any:  # JSON: the callers check the type
    """Follow a dotted path into the config."""
    value: Any = config
    for name in path.split("."):
        if not isinstance(value, Mapping) or name not in value:
            raise CheckpointError(
                f"The config file lacks '{path}'. Check that it is the config.json of the weights."
            )
        value = value[name]
    return value


def _integer(config: Mapping[str, Any], path: str) -> int:
    return _checked_integer(_value(config, path), path)


def _integers(config: Mapping[str, Any], path: str) -> tuple[int, ...]:
    return tuple(_checked_integer(item, path) for item in _list(config, path))


def _integer_rows(config: Mapping[str, Any], path: str) -> tuple[tuple[int, ...], ...]:
    rows = _list(config, path)
    if not all(isinstance(row, list | tuple) for row in rows):
        raise _unusable(path, rows)
    return tuple(tuple(_checked_integer(item, path) for item in row) for row in rows)


def _list(config: Mapping[str, Any], path: str) -> Sequence[Any]:
    value = _value(config, path)
    if not isinstance(value, list | tuple) or not value:
        raise _unusable(path, value)
    return value


def _flag(config: Mapping[str, Any], path: str, *, default: bool) -> bool:
    section, name = path.split(".")
    value = config[section].get(name, default)
    if not isinstance(value, bool):
        raise _unusable(path, value)
    return value


def _checked_integer(value: object, path: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise _unusable(path, value)
    return value


def _unusable(path: str, value: object) -> CheckpointError:
    return CheckpointError(f"The config file's '{path}' is {value!r}, which is not usable.")
