"""VITS against the recorded results of the original networks, and batches against single calls."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np
import pytest
import torch
from golden_weights import PARITY, golden, golden_state
from torch import Generator, Tensor, nn

from predictors.models.vits.config import VitsConfig
from predictors.models.vits.converter_network import ToneEmbedder, VitsToneConverter
from predictors.models.vits.network import Synthesis, VitsSynthesizer
from predictors.models.vits.spectrogram import LinearSpectrogram
from predictors.nn.checkpoint import fold_weight_norm, load_strictly
from predictors.nn.checkpoint_errors import CheckpointError
from predictors.nn.cuda_graphs import enable_graphs
from predictors.nn.precision import reduce_precision

WAV_TOLERANCE = 1e-4
N = TypeVar("N", bound=nn.Module)


@pytest.fixture(autouse=True)
def _inference() -> Iterator[None]:
    # Tiny layers lose more to waiting for a second thread than they gain, most of all when the
    # cores are shared.
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with torch.inference_mode():
        yield
    torch.set_num_threads(threads)


# The recorded results, full size ---------------------------------------------------------------


def public_config(name: str) -> dict[str, Any]:
    config: dict[str, Any] = json.loads((PARITY / "configs" / f"{name}.json").read_text())
    return config


def filled(network: N, weights: str) -> N:
    load_strictly(network, fold_weight_norm(golden_state(weights)), family=weights)
    return network.eval()


@pytest.fixture(scope="module")
def openvoice() -> VitsSynthesizer:
    config = VitsConfig.from_public(public_config("openvoice_v1_base_EN"))
    return filled(VitsSynthesizer(config), "OpenVoiceV1Synthesizer")


@pytest.fixture(scope="module")
def melo() -> VitsSynthesizer:
    config = VitsConfig.from_public(public_config("melotts"))
    return filled(VitsSynthesizer(config), "MeloTTSSynthesizer")


@pytest.fixture(scope="module", params=["false", "true"], ids=["v1", "v2_zero_g"])
def converter_case(
    request: pytest.FixtureRequest,
) -> tuple[VitsToneConverter, dict[str, np.ndarray[Any, Any]]]:
    version = {"false": "openvoice_v1_converter", "true": "openvoice_v2_converter"}[request.param]
    network = VitsToneConverter(VitsConfig.from_public(public_config(version)))
    filled(network, "OpenVoiceToneConverter_V1_V2")
    return network, golden(f"OpenVoiceToneConverter_zero_g_{request.param}_tau0")


def column(values: np.ndarray[Any, Any] | Tensor) -> Tensor:
    """One item as a batch of one."""
    return torch.as_tensor(values).unsqueeze(0)


def assert_speaks_as_recorded(
    network: VitsSynthesizer, case: dict[str, np.ndarray[Any, Any]], speed: float
) -> None:
    seen: dict[str, Tensor] = {}
    hooks = [
        network.flow.register_forward_pre_hook(lambda _, args: seen.update(m_p=args[0])),
        network.dec.register_forward_pre_hook(lambda _, args: seen.update(z=args[0])),
    ]
    optional = {"tones": "tones", "languages": "langs", "ja_bert": "ja_bert"}
    try:
        result = network.synthesize(
            column(case["ids"]),
            torch.tensor([case["ids"].size]),
            column(case["sid"]),
            **{name: column(case[key]) for name, key in optional.items() if key in case},
            noise_scale=0.0,
            noise_scale_w=0.0,
            sdp_ratio=float(case["sdp_ratio"]),
            length_scale=1 / speed,
        )
    finally:
        for hook in hooks:
            hook.remove()
    np.testing.assert_array_equal(result.durations[0].numpy(), case["durations"])
    # Without noise, what enters the flow is the prior's mean.
    np.testing.assert_allclose(seen["m_p"][0].numpy(), case["m_p"], atol=1e-4)
    np.testing.assert_allclose(seen["z"][0].numpy(), case["z"], atol=1e-4)
    np.testing.assert_allclose(result.audio[0].numpy(), case["wav"], atol=WAV_TOLERANCE)
    assert result.audio_lengths.tolist() == [case["wav"].size]


@pytest.mark.parametrize("speed", ["1.00", "1.25"])
def test_openvoice_speaks_as_the_original(openvoice: VitsSynthesizer, speed: str) -> None:
    case = golden(f"OpenVoiceV1Synthesizer_speed{speed}_noise0")
    assert_speaks_as_recorded(openvoice, case, float(speed))


@pytest.mark.parametrize("speed", ["1.0", "1.2"])
def test_melo_speaks_as_the_original(melo: VitsSynthesizer, speed: str) -> None:
    case = golden(f"MeloTTSSynthesizer_speed{speed}_noise0")
    assert_speaks_as_recorded(melo, case, float(speed))


def test_converter_matches_the_original_from_wave_to_wave(
    converter_case: tuple[VitsToneConverter, dict[str, np.ndarray[Any, Any]]],
) -> None:
    network, case = converter_case
    config = network.config
    spectrogram = LinearSpectrogram(config.filter_length, config.hop_length)
    spec, lengths = spectrogram([torch.as_tensor(case["wav_in"])])
    np.testing.assert_allclose(spec[0].numpy(), case["spec"], atol=1e-4)
    embedding = network.embed(spec, lengths)
    np.testing.assert_allclose(embedding.numpy(), case["se"], atol=1e-5)
    result = network.convert(spec, lengths, embedding, torch.as_tensor(case["tgt"]), tau=0.0)
    np.testing.assert_allclose(result.audio[0].numpy(), case["wav_out"], atol=WAV_TOLERANCE)
    assert result.audio_lengths.tolist() == [case["wav_out"].size]


# Tiny networks: batches, edges, loading --------------------------------------------------------


def tiny_config(kind: str) -> dict[str, Any]:
    """A public config of the same make, a few thousand weights."""
    config = public_config(kind)
    config["model"] |= {
        "inter_channels": 8,
        "hidden_channels": 16,
        "filter_channels": 24,
        "n_layers": 3,
        "upsample_initial_channel": 32,
        "gin_channels": 8,
    }
    config["data"] |= {"n_speakers": min(config["data"]["n_speakers"], 5)}
    return config


def seeded(network: N) -> N:
    """Weights a trained network could have: nothing is left at zero, no activation explodes."""
    generator = Generator().manual_seed(7)
    for name, parameter in network.named_parameters():
        fan_in = max(parameter[0].numel(), 1) if parameter.dim() > 1 else 16
        noise = torch.randn(parameter.shape, generator=generator) / fan_in**0.5
        parameter.data = 1 + 0.1 * noise if name.endswith("gamma") else noise
    return network.eval()


def tiny_synthesizer(kind: str) -> VitsSynthesizer:
    network = seeded(VitsSynthesizer(VitsConfig.from_public(tiny_config(kind))))
    # Phones of one to five frames, as in speech; raw seeds would draw some of thousands.
    network.sdp.flows["0"].logs.data.fill_(1.5)
    network.dp.proj.weight.data.mul_(0.2)
    return network


def tiny_converter(kind: str) -> VitsToneConverter:
    return seeded(VitsToneConverter(VitsConfig.from_public(tiny_config(kind))))


LENGTHS = (9, 31, 1, 2, 17)
NOISES = ({"noise_scale": 0.0, "noise_scale_w": 0.0}, {"noise_scale": 0.6, "noise_scale_w": 0.8})


class Speaking:
    """A ragged batch of random phones for a tiny synthesizer, which can be asked for any part."""

    def __init__(self, kind: str) -> None:
        self.network = tiny_synthesizer(kind)
        config = self.network.config
        shape = (len(LENGTHS), max(LENGTHS))
        generator = Generator().manual_seed(3)
        # Padding holds garbage on purpose: no item may hear it.
        self.fields = {"ids": torch.randint(config.n_symbols, shape, generator=generator)}
        if config.n_tones:
            self.fields |= {
                "tones": torch.randint(config.n_tones, shape, generator=generator),
                "languages": torch.randint(config.n_languages, shape, generator=generator),
                "bert": torch.randn(shape[0], 1024, shape[1], generator=generator),
                "ja_bert": torch.randn(shape[0], 768, shape[1], generator=generator),
            }
        self.lengths = torch.tensor(LENGTHS)
        self.speakers = torch.arange(len(LENGTHS))
        self.length_scales = torch.linspace(0.7, 2.5, len(LENGTHS))

    def __call__(self, items: slice, **noise: float) -> Synthesis:
        lengths = self.lengths[items]
        longest = int(lengths.max())
        return self.network.synthesize(
            lengths=lengths,
            speaker_ids=self.speakers[items],
            length_scale=self.length_scales[items],
            generators=[Generator().manual_seed(seed) for seed in self.speakers[items].tolist()],
            sdp_ratio=0.3,
            **{name: values[items][..., :longest] for name, values in self.fields.items()},
            **noise,
        )


SYNTHESIZERS = pytest.mark.parametrize("kind", ["openvoice_v1_base_EN", "melotts"])
CONVERTERS = pytest.mark.parametrize("kind", ["openvoice_v1_converter", "openvoice_v2_converter"])


@SYNTHESIZERS
@pytest.mark.parametrize("noise", NOISES, ids=["silent", "seeded"])
def test_a_batch_speaks_what_its_items_speak_alone(kind: str, noise: dict[str, float]) -> None:
    speak = Speaking(kind)
    batch = speak(slice(None), **noise)
    assert len(set(batch.audio_lengths.tolist())) > 1, "the batch must be ragged to prove anything"
    for item in range(len(LENGTHS)):
        single = speak(slice(item, item + 1), **noise)
        length = int(single.audio_lengths)
        assert batch.audio_lengths[item] == length == single.audio.shape[1]
        assert torch.equal(batch.durations[item, : LENGTHS[item]], single.durations[0])
        torch.testing.assert_close(batch.audio[item, :length], single.audio[0], atol=1e-4, rtol=0)
        assert not batch.audio[item, length:].any()
        assert single.audio.std() > 1e-3


@SYNTHESIZERS
def test_a_seed_repeats_and_another_seed_differs(kind: str) -> None:
    speak = Speaking(kind)
    first, again = (speak(slice(0, 2), **NOISES[1]).audio for _ in range(2))
    assert torch.equal(first, again)
    other = speak.network.synthesize(
        lengths=speak.lengths[:1],
        speaker_ids=speak.speakers[:1],
        generators=[Generator().manual_seed(99)],
        sdp_ratio=0.0,
        length_scale=float(speak.length_scales[0]),
        **{name: values[:1][..., :9] for name, values in speak.fields.items()},
        **NOISES[1],
    ).audio
    assert other.shape != first[:1].shape or not torch.allclose(other, first[:1], atol=1e-3)


@SYNTHESIZERS
def test_slower_speech_lasts_longer(kind: str) -> None:
    speak = Speaking(kind)
    normal = speak(slice(1, 2), **NOISES[0])
    speak.length_scales = speak.length_scales * 3
    assert speak(slice(1, 2), **NOISES[0]).audio_lengths > normal.audio_lengths


@SYNTHESIZERS
def test_one_phone_is_spoken(kind: str) -> None:
    result = Speaking(kind)(slice(2, 3), **NOISES[1])
    assert result.durations.shape == (1, 1)
    assert result.audio.isfinite().all()


def test_absent_bert_features_count_as_zero() -> None:
    speak = Speaking("melotts")
    zeros = {name: torch.zeros_like(speak.fields[name]) for name in ("bert", "ja_bert")}
    speak.fields |= zeros
    given = speak(slice(0, 2), **NOISES[0]).audio
    for name in zeros:
        del speak.fields[name]
    torch.testing.assert_close(speak(slice(0, 2), **NOISES[0]).audio, given, atol=1e-5, rtol=0)


def test_melo_asks_for_its_tones() -> None:
    speak = Speaking("melotts")
    del speak.fields["tones"]
    with pytest.raises(ValueError, match="tones and languages"):
        speak(slice(0, 1), **NOISES[0])


SPEC_LENGTHS = (70, 1, 129, 33)


def random_specs(network: ToneEmbedder) -> tuple[Tensor, Tensor]:
    shape = (len(SPEC_LENGTHS), network.config.spec_channels, max(SPEC_LENGTHS))
    return torch.rand(shape, generator=Generator().manual_seed(5)), torch.tensor(SPEC_LENGTHS)


@CONVERTERS
@pytest.mark.parametrize("tau", [0.0, 0.3])
def test_a_batch_converts_to_what_its_items_convert_to_alone(kind: str, tau: float) -> None:
    network = tiny_converter(kind)
    spec, lengths = random_specs(network)
    source, target = torch.randn(2, len(lengths), 8, 1, generator=Generator().manual_seed(6))

    def convert(items: slice) -> Tensor:
        frames = int(lengths[items].max())
        generators = [Generator().manual_seed(s) for s in range(len(lengths))[items]]
        part = spec[items, :, :frames], lengths[items], source[items], target[items]
        return network.convert(*part, tau, generators).audio

    batch = convert(slice(None))
    for item, frames in enumerate(SPEC_LENGTHS):
        single = convert(slice(item, item + 1))[0]
        assert single.shape == (frames * network.config.hop_length,)
        torch.testing.assert_close(batch[item, : len(single)], single, atol=1e-4, rtol=0)
        assert not batch[item, len(single) :].any()
        assert single.std() > 1e-3


@CONVERTERS
@pytest.mark.parametrize(
    ("dtype", "tolerance"), [(torch.float32, 1e-4), (torch.bfloat16, 2e-2)], ids=["full", "half"]
)
def test_padding_to_the_sizes_of_graphs_converts_alike(
    kind: str, dtype: torch.dtype, tolerance: float
) -> None:
    network = tiny_converter(kind)
    reduce_precision(network, dtype)
    spec, lengths = random_specs(network)
    spec = spec * (torch.arange(spec.shape[2]) < lengths[:, None])[:, None]
    source, target = torch.randn(2, len(lengths), 8, 1, generator=Generator().manual_seed(6))

    def convert(items: slice) -> Tensor:
        generators = [Generator().manual_seed(s) for s in range(len(lengths))[items]]
        part = (spec[items], lengths[items], source[items], target[items])
        return network.convert(*part, 0.3, generators).audio

    parts = (slice(None), slice(0, 3), slice(1, 2))
    plain = [convert(part) for part in parts]
    enable_graphs(network)
    for one, part in zip(plain, parts, strict=True):
        torch.testing.assert_close(convert(part), one, atol=tolerance, rtol=0)


@SYNTHESIZERS
@pytest.mark.parametrize("noise", NOISES, ids=["silent", "seeded"])
def test_padding_to_the_sizes_of_graphs_speaks_alike(kind: str, noise: dict[str, float]) -> None:
    speak = Speaking(kind)
    parts = (slice(None), slice(0, 3), slice(2, 3))
    plain = [speak(part, **noise) for part in parts]
    enable_graphs(speak.network)
    for one, part in zip(plain, parts, strict=True):
        found = speak(part, **noise)
        assert torch.equal(found.durations, one.durations)
        assert torch.equal(found.audio_lengths, one.audio_lengths)
        torch.testing.assert_close(found.audio, one.audio, atol=1e-4, rtol=0)


@CONVERTERS
def test_a_batch_embeds_as_its_items_do_alone(kind: str) -> None:
    network = tiny_converter(kind)
    spec, lengths = random_specs(network)
    batch = network.embed(spec, lengths)
    assert batch.shape == (len(lengths), 8, 1)
    for item, frames in enumerate(SPEC_LENGTHS):
        single = network.embed(spec[item : item + 1, :, :frames], lengths[item : item + 1])
        torch.testing.assert_close(batch[item : item + 1], single, atol=1e-5, rtol=0)
    assert (batch[0] - batch[2]).abs().max() > 1e-3


def test_only_v1_hears_the_speaker_at_both_ends() -> None:
    network = tiny_converter("openvoice_v1_converter")
    spec, lengths = random_specs(network)
    g = torch.randn(len(lengths), 8, 1, generator=Generator().manual_seed(6))
    v1 = network.convert(spec, lengths, g, g, 0.0).audio
    network.config = replace(network.config, zero_g=True)
    assert (network.convert(spec, lengths, g, g, 0.0).audio - v1).abs().max() > 1e-3


def test_the_embedder_loads_alone_from_a_converter() -> None:
    network = tiny_converter("openvoice_v2_converter")
    embedder = ToneEmbedder(network.config).eval()
    load_strictly(embedder, network.state_dict(), family="tone embedder")
    spec, lengths = random_specs(network)
    assert torch.equal(embedder.embed(spec, lengths), network.embed(spec, lengths))


def test_a_missing_weight_is_refused_by_name() -> None:
    network = tiny_synthesizer("melotts")
    state = network.state_dict()
    del state["flow.flows.4.enc.attn_layers.1.emb_rel_k"]
    with pytest.raises(CheckpointError, match=r"flow\.flows\.4\.enc\.attn_layers\.1\.emb_rel_k"):
        load_strictly(network, state, family="MeloTTSSynthesizer")


# The config file -------------------------------------------------------------------------------


def test_config_ignores_unknown_keys_and_reads_both_families() -> None:
    public = public_config("melotts")
    public["model"]["ssl_dim"] = 768
    melo = VitsConfig.from_public(public)
    assert (melo.samples_per_frame, melo.spec_channels, melo.n_symbols) == (512, 1025, 219)
    assert (melo.transformer_flow_layers, melo.n_tones, melo.n_languages) == (3, 16, 10)
    assert melo.speaker_conditioned_text
    openvoice = VitsConfig.from_public(public_config("openvoice_v1_base_EN"))
    assert (openvoice.samples_per_frame, openvoice.n_tones, openvoice.n_speakers) == (256, 0, 10)
    assert not openvoice.speaker_conditioned_text


def without(path: str) -> Callable[[dict[str, Any]], None]:
    section, _, name = path.rpartition(".")
    return lambda config: (config[section] if section else config).pop(name)


@pytest.mark.parametrize(
    "path", ["model.upsample_rates", "data.n_speakers", "symbols", "num_tones", "model", "data"]
)
def test_config_names_what_is_missing(path: str) -> None:
    config = public_config("melotts")
    without(path)(config)
    with pytest.raises(ValueError, match=rf"lacks '{path}"):
        VitsConfig.from_public(config)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("hidden_channels", "192"),
        ("n_heads", True),
        ("upsample_rates", []),
        ("upsample_kernel_sizes", [16, "16"]),
        ("resblock_dilation_sizes", [1, 3, 5]),
        ("use_spk_conditioned_encoder", "yes"),
        ("resblock", "2"),
    ],
)
def test_config_names_what_is_unusable(name: str, value: object) -> None:
    config = public_config("melotts")
    config["model"][name] = value
    with pytest.raises(ValueError, match=f"model.{name}"):
        VitsConfig.from_public(config)
