"""OpenVoice V1's own voices: English in nine styles, and Chinese."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

from contract.config import InvalidConfig, ModelConfig
from contract.tasks import AudioOutput, SynthesizeInput, Task
from predictors.models.vits.checkpoints import shared_vits
from predictors.models.vits.config import LICENSE
from predictors.models.vits.network import VitsSynthesizer
from predictors.models.vits.synthesis import MAX_RUN_IDS, Piece, PieceSynthesizer, SynthesisOptions
from predictors.models.vits.voices import VoiceTable, check_language, language_key, voice_table
from predictors.nn.loading import Loaded
from predictors.nn.public_config import read_config
from predictors.nn.tempo import Recording
from predictors.nn.text_errors import text_errors
from predictors.runtime.model import Model, ModelSpec, Prepared, Unit, Weights
from predictors.runtime.options import NoOptions, read_options
from predictors.runtime.weights.source import resolve
from predictors.text.openvoice import LANGUAGES, text_to_ids

_GREETINGS = {"EN": "Good morning.", "ZH": "早上好。"}
_DEFAULTS = SynthesisOptions(speed=1.0, noise_scale=0.667, noise_scale_w=0.6, sdp_ratio=0.2)


class OpenVoiceV1Synthesizer(Model[SynthesizeInput, AudioOutput]):
    """Speaks English in nine styles, or Chinese, at 22.05 kHz.

    `model` is myshell-ai/OpenVoice or a directory of its layout; `language` is EN (the default) or
    ZH and picks the checkpoint. The same request gives the same sound: without a `seed` of its own
    it has the entry's.
    """

    spec = ModelSpec(
        Task.SYNTHESIZE,
        packages=("torch", "text_unidecode"),
        extra="torch,text",
        image="torch",
        license=LICENSE,
    )
    max_batch_cost = MAX_RUN_IDS

    def __init__(
        self,
        config: ModelConfig,
        loaded: Loaded[VitsSynthesizer],
        symbols: Sequence[str],
        voices: VoiceTable,
    ) -> None:
        self._config, self._symbols, self._voices = config, symbols, voices
        self._language = _language(config)
        self.synthesizer = PieceSynthesizer(loaded.network, loaded.device)
        self.size_bytes = loaded.size_bytes

    @classmethod
    def load(cls, config: ModelConfig, weights: Weights) -> Self:
        read_options(NoOptions, config)
        folder = f"checkpoints/base_speakers/{_language(config)}"
        files = (f"{folder}/config.json", f"{folder}/checkpoint.pth")
        root = resolve(config.model, revision=config.revision, allow=files, required=files)
        loaded = shared_vits(VitsSynthesizer, root / folder, config, weights, part="vits")
        public = read_config(root / folder / "config.json", family=config.model_type)
        voices = voice_table(public.get("speakers"), loaded.network.config.n_speakers, config)
        return cls(config, loaded, public["symbols"], voices)

    def prepare(self, request: SynthesizeInput) -> Prepared[SynthesisOptions]:
        check_language(request.language, self._language)
        speaker_id = self._voices.speaker_id(request.voice)
        with text_errors():
            pieces = text_to_ids(request.text, self._language, self._symbols)
        options = _DEFAULTS.asked_by(request)
        seed = self._config.seed if request.seed is None else request.seed
        is_alone = request.seed is not None  # the same bytes whatever else is spoken
        units = [
            Unit(Piece(ids, speaker_id, options, seed, number), len(ids), is_alone=is_alone)
            for number, ids in enumerate(pieces)
        ]
        return Prepared(units, options)

    def run(self, batch: Sequence[Piece]) -> list[Recording]:
        return self.synthesizer.recordings(batch)

    def finish(
        self, prepared: Prepared[SynthesisOptions], results: Sequence[Recording]
    ) -> AudioOutput:
        return self.synthesizer.joined(results, prepared.context)

    def warm_up_request(self) -> SynthesizeInput:
        return SynthesizeInput(_GREETINGS[self._language])


def _language(config: ModelConfig) -> str:
    language = language_key(config.language or "EN")
    if language not in LANGUAGES:
        raise InvalidConfig(
            f"{config.name}: OpenVoice V1 does not speak {config.language}; "
            f"set language to one of: {', '.join(LANGUAGES)}"
        )
    return language
