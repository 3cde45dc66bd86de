"""MeloTTS: English, Spanish, French, Chinese, Japanese and Korean voices at 44.1 kHz."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

from contract.config import InvalidConfig, ModelConfig
from contract.errors import ModelFailed
from contract.tasks import AudioOutput, SynthesizeInput, Task
from predictors.models.vits.bert_features import NONE, BertFeatures, bert_for
from predictors.models.vits.checkpoints import shared_vits
from predictors.models.vits.config import LICENSE
from predictors.models.vits.network import VitsSynthesizer
from predictors.models.vits.synthesis import MAX_RUN_IDS, Piece, PieceSynthesizer, SynthesisOptions
from predictors.models.vits.voices import VoiceTable, check_language, language_key, voice_table
from predictors.nn.loading import Loaded
from predictors.nn.public_config import read_config
from predictors.nn.tempo import Recording
from predictors.nn.text_errors import text_errors
from predictors.nn.transfer import to_device
from predictors.runtime.model import Model, ModelSpec, Prepared, Unit, Weights
from predictors.runtime.options import read_options
from predictors.runtime.weights.source import resolve
from predictors.text.errors import NoSpeakableText
from predictors.text.melo import LANGUAGES, MeloInput, melo_input, plain_pieces
from predictors.text.splitting import MELO_SPLITTERS

_FILES = ("config.json", "checkpoint.pth")
_FRONT_ENDS = {"ZH": "ZH_MIX_EN"}
"""The Chinese checkpoint was trained on Chinese with English words; others on their language."""
_ENTRANCES = {768: "ja_bert", 1024: "bert"}
"""Where the network takes BERT features in, by their number."""
_GREETINGS = {
    "EN": "Good morning.",
    "ES": "Buenos días.",
    "FR": "Bonjour à tous.",
    "JP": "おはようございます。",
    "KR": "안녕하세요.",
    "ZH": "早上好，大家好。",
}


@dataclass(frozen=True, slots=True)
class MeloOptions:
    bert: str = "auto"
    """auto: the BERT that the language was trained with, and zeros where it cannot be had; none:
    zeros; or a hub id, directory or package to take instead."""


_DEFAULTS = SynthesisOptions(speed=1.0, noise_scale=0.6, noise_scale_w=0.8, sdp_ratio=0.2)


@dataclass(frozen=True, slots=True)
class Sentence:
    """What the network reads of a sentence, and what BERT does."""

    piece: Piece
    read: MeloInput


@dataclass(frozen=True, slots=True)
class Tables:
    """Symbols, voices and blanks of a checkpoint, and the language it speaks."""

    symbols: Sequence[str]
    voices: VoiceTable
    language: str
    add_blank: bool

    @classmethod
    def of(cls, public: Mapping[str, Any], n_speakers: int, config: ModelConfig) -> Self:
        """From a config.json. Raises ModelFailed or InvalidConfig where it does not fit."""
        data = public["data"]
        voices = voice_table(data.get("spk2id"), n_speakers, config)
        language = language_key(config.language or voices.names[0])
        if language not in _GREETINGS:
            raise InvalidConfig(
                f"{config.name}: MeloTTS does not speak {config.language or 'this'}; "
                f"set language to one of: {', '.join(_GREETINGS)}"
            )
        return cls(public["symbols"], voices, language, data.get("add_blank", True) is not False)


class MeloTTSSynthesizer(Model[SynthesizeInput, AudioOutput]):
    """Speaks one language of MeloTTS.

    `model` is myshell-ai/MeloTTS-<Language> or a directory with its config.json and checkpoint.pth;
    `language` is EN, ES, FR, ZH, JP or KR. BERT features make the intonation livelier. The same
    request gives the same sound: without a `seed` of its own it has the entry's.
    """

    spec = ModelSpec(
        Task.SYNTHESIZE,
        packages=("torch", "transformers", "jieba"),
        extra="torch,text",
        image="torch",
        options=MeloOptions,
        license=LICENSE,
    )
    max_batch_cost = MAX_RUN_IDS

    def __init__(
        self,
        config: ModelConfig,
        loaded: Loaded[VitsSynthesizer],
        tables: Tables,
        bert: BertFeatures | None,
    ) -> None:
        self._config, self._tables, self.bert = config, tables, bert
        self.synthesizer = PieceSynthesizer(loaded.network, loaded.device)
        self.size_bytes = loaded.size_bytes

    @classmethod
    def load(cls, config: ModelConfig, weights: Weights) -> Self:
        options = read_options(MeloOptions, config)
        root = resolve(config.model, revision=config.revision, allow=_FILES, required=_FILES)
        loaded = shared_vits(VitsSynthesizer, root, config, weights, part="vits")
        if not loaded.network.config.n_tones:
            raise ModelFailed(
                "MeloTTSSynthesizer: config.json is that of an OpenVoice voice; correct model, or "
                "set model_type to OpenVoiceV1Synthesizer"
            )
        public = read_config(root / "config.json", family=config.model_type)
        tables = Tables.of(public, loaded.network.config.n_speakers, config)
        # Some checkpoints were trained without.
        wanted = NONE if public["data"].get("disable_bert", False) is True else options.bert
        bert = bert_for(tables.language, wanted, loaded.device, weights)
        if bert is not None and bert.dims not in _ENTRANCES:
            raise InvalidConfig(
                f"{config.name}: options.bert has {bert.dims} features per word piece; "
                f"MeloTTS reads {' or '.join(map(str, _ENTRANCES))}"
            )
        return cls(config, loaded, tables, bert)

    def prepare(self, request: SynthesizeInput) -> Prepared[SynthesisOptions]:
        check_language(request.language, self._tables.language)
        speaker_id = self._tables.voices.speaker_id(request.voice)
        with text_errors():
            sentences = self.sentences(request.text)
        options = _DEFAULTS.asked_by(request)
        seed = self._config.seed if request.seed is None else request.seed
        is_alone = request.seed is not None  # the same bytes whatever else is spoken
        pieces = [
            Piece(
                *(one.phone_ids, speaker_id, options, seed, number),
                tones=one.tones,
                languages=one.language_ids,
            )
            for number, one in enumerate(sentences)
        ]
        units = [
            Unit(Sentence(piece, one), len(piece.ids), is_alone=is_alone)
            for piece, one in zip(pieces, sentences, strict=True)
        ]
        return Prepared(units, options)

    def run(self, batch: Sequence[Sentence]) -> list[Recording]:
        return self.synthesizer.recordings(self.with_features(batch))

    def finish(
        self, prepared: Prepared[SynthesisOptions], results: Sequence[Recording]
    ) -> AudioOutput:
        return self.synthesizer.joined(results, prepared.context)

    def warm_up_request(self) -> SynthesizeInput:
        return SynthesizeInput(_GREETINGS[self._tables.language])

    def sentences(self, text: str) -> list[MeloInput]:
        """Sentences without a sound, such as a lone dash, are left out. Raises NoSpeakableText."""
        tables = self._tables
        language = _FRONT_ENDS.get(tables.language, tables.language)
        word_pieces = self.bert.word_pieces if self.bert else plain_pieces
        sentences: list[MeloInput] = []
        for piece in MELO_SPLITTERS[language](text):
            try:
                sentences.append(
                    melo_input(
                        piece,
                        language,
                        tables.symbols,
                        word_pieces=word_pieces,
                        add_blank=tables.add_blank,
                    )
                )
            except NoSpeakableText:
                continue
        if not sentences:
            raise NoSpeakableText(LANGUAGES[language].name)
        return sentences

    def with_features(self, batch: Sequence[Sentence]) -> list[Piece]:
        """The pieces with their BERT features [dims, phones], named for where they enter."""
        if self.bert is None:
            return [one.piece for one in batch]
        name = _ENTRANCES[self.bert.dims]
        states = self.bert.features([one.read.pieces for one in batch])
        spread = [
            own.index_select(1, to_device(_pieces_of_phones(one.read.word2ph), own.device))
            for one, own in zip(batch, states, strict=True)
        ]
        return [
            replace(one.piece, **{name: own})  # type: ignore[arg-type]  # by name
            for one, own in zip(batch, spread, strict=True)
        ]


def _pieces_of_phones(word2ph: Sequence[int]) -> list[int]:
    """Index of the word piece that each phone belongs to."""
    return [piece for piece, phones in enumerate(word2ph) for _ in range(phones)]
