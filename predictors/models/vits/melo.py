"""MeloTTS: English, Spanish, French, Chinese, Japanese and Korean voices at 44.1 kHz."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from contract.config import InvalidConfig
from contract.errors import InvalidRequest, ModelFailed, ModelNotReady, SpeechError
from contract.tasks import AudioOutput, SynthesizeInput, Task
from predictors.models.vits.voices import check_language, language_key, voice_table
from predictors.runtime.model import ModelType
from predictors.runtime.options import read_options
from predictors.runtime.weights.source import resolve
from predictors.text.errors import NoSpeakableText
from predictors.text.melo import LANGUAGES, MeloInput, melo_input, plain_pieces
from predictors.text.optional_library import MissingLibraryError
from predictors.text.splitting import MELO_SPLITTERS

if TYPE_CHECKING:  # torch takes seconds to import: load() does it
    import torch

    from predictors.models.vits.bert_features import BertFeatures
    from predictors.models.vits.synthesis import Piece, Speaker, Spoken

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


class MeloTTSSynthesizer(ModelType[SynthesizeInput, AudioOutput]):
    """Speaks one language of MeloTTS.

    `model` is myshell-ai/MeloTTS-<Language> or a directory with its config.json and checkpoint.pth;
    `language` is EN, ES, FR, ZH, JP or KR. BERT features make the intonation livelier. The same
    request gives the same sound: without a `seed` of its own it has the entry's.
    """

    task = Task.SYNTHESIZE
    packages = ("torch", "transformers", "jieba")
    extra = "torch,text"
    max_batch_cost = 2000.0

    _speaker: Speaker | None = None
    _bert: BertFeatures | None = None
    _language = "EN"
    _size = 0

    def load(self) -> None:
        from predictors.models.vits.checkpoints import Checkpoint
        from predictors.models.vits.network import VitsSynthesizer
        from predictors.models.vits.synthesis import Speaker
        from predictors.nn.device import fast_dtype, size_bytes, torch_device

        options = read_options(MeloOptions, self.config)
        root = resolve(
            self.config.model, revision=self.config.revision, allow=_FILES, required=_FILES
        )
        checkpoint = Checkpoint("MeloTTSSynthesizer", root)
        device = torch_device(self.config.device_config)
        dtype = fast_dtype(self.config.dtype, device)
        config = checkpoint.config()
        network = self.weights.share(
            ("vits", checkpoint.weights.resolve(), str(dtype), str(device)),
            lambda: checkpoint.network(VitsSynthesizer, device, dtype),
        )
        if not network.config.n_tones:
            raise ModelFailed(
                "MeloTTSSynthesizer: config.json is that of an OpenVoice voice; correct model, or "
                "set model_type to OpenVoiceV1Synthesizer"
            )
        self._take_tables(config, network.config.n_speakers)
        self._bert = self._find_bert(options.bert, config, device)
        self._speaker, self._size = Speaker(network, device), size_bytes(network)

    def _take_tables(self, config: Mapping[str, Any], n_speakers: int) -> None:
        """Symbols, voices and blanks of the checkpoint, and the language it speaks."""
        data = config["data"]
        self._symbols: Sequence[str] = config["symbols"]
        self._add_blank = data.get("add_blank", True) is not False
        self._voices = voice_table(data.get("spk2id"), n_speakers, self.config)
        self._language = language_key(self.config.language or self._voices.names[0])
        if self._language not in _GREETINGS:
            raise InvalidConfig(
                f"{self.config.name}: MeloTTS does not speak {self.config.language or 'this'}; "
                f"set language to one of: {', '.join(_GREETINGS)}"
            )

    def _find_bert(
        self, wanted: str, config: Mapping[str, Any], device: torch.device
    ) -> BertFeatures | None:
        from predictors.models.vits.bert_features import NONE, bert_for

        if config["data"].get("disable_bert", False) is True:
            wanted = NONE  # the checkpoint was trained without
        bert = bert_for(self._language, wanted, device, self.weights)
        if bert is not None and bert.dims not in _ENTRANCES:
            raise InvalidConfig(
                f"{self.config.name}: options.bert has {bert.dims} features per word piece; "
                f"MeloTTS reads {' or '.join(map(str, _ENTRANCES))}"
            )
        return bert

    def unload(self) -> None:
        self._speaker = self._bert = None

    def check(self, request: SynthesizeInput) -> None:
        if self._speaker is not None:  # before that, infer() finds out
            check_language(request.language, self._language)
            self._voices.speaker_id(request.voice)

    def infer(self, batch: Sequence[SynthesizeInput]) -> Sequence[AudioOutput | SpeechError]:
        if self._speaker is None:
            raise ModelNotReady(f"{self.config.name} is not loaded")
        read = [self._read(request) for request in batch]
        pieces = iter(
            self._pieces([one for text in read if isinstance(text, list) for one in text])
        )
        return self._speaker.answers(
            [
                self._spoken(request, [next(pieces) for _ in text])
                if isinstance(text, list)
                else text
                for request, text in zip(batch, read, strict=True)
            ]
        )

    def _read(self, request: SynthesizeInput) -> list[MeloInput] | SpeechError:
        """The request's sentences as phones, or why they cannot be spoken."""
        try:
            self.check(request)
            return self._sentences(request.text)
        except InvalidRequest as refusal:
            return refusal
        except NoSpeakableText as exc:
            return InvalidRequest(str(exc), param="text")
        except MissingLibraryError as exc:
            return ModelFailed(str(exc))

    def _sentences(self, text: str) -> list[MeloInput]:
        """Sentences without a sound, such as a lone dash, are left out. Raises NoSpeakableText."""
        language = _FRONT_ENDS.get(self._language, self._language)
        word_pieces = self._bert.word_pieces if self._bert else plain_pieces
        sentences: list[MeloInput] = []
        for piece in MELO_SPLITTERS[language](text):
            try:
                sentences.append(
                    melo_input(
                        piece,
                        language,
                        self._symbols,
                        word_pieces=word_pieces,
                        add_blank=self._add_blank,
                    )
                )
            except NoSpeakableText:
                continue
        if not sentences:
            raise NoSpeakableText(LANGUAGES[language].name)
        return sentences

    def _pieces(self, sentences: Sequence[MeloInput]) -> list[Piece]:
        """What the network reads of each sentence; BERT looks at all of them at once."""
        from predictors.models.vits.synthesis import Piece

        features = self._features(sentences)
        return [
            Piece(one.phone_ids, one.tones, one.language_ids, **beside)
            for one, beside in zip(sentences, features, strict=True)
        ]

    def _features(self, sentences: Sequence[MeloInput]) -> list[dict[str, torch.Tensor]]:
        """For each sentence its BERT features [dims, phones], named for where they enter."""
        if self._bert is None or not sentences:
            return [{} for _ in sentences]
        import torch

        name = _ENTRANCES[self._bert.dims]
        heard = self._bert.features([one.pieces for one in sentences])
        return [
            {name: states.repeat_interleave(torch.tensor(one.word2ph).to(states.device), dim=1)}
            for one, states in zip(sentences, heard, strict=True)
        ]

    def _spoken(self, request: SynthesizeInput, pieces: Sequence[Piece]) -> Spoken:
        from predictors.models.vits.synthesis import Delivery, Spoken

        own = Delivery(speed=1.0, noise_scale=0.6, noise_scale_w=0.8, sdp_ratio=0.2)
        return Spoken(
            pieces,
            self._voices.speaker_id(request.voice),
            own.asked_by(request),
            self.config.seed if request.seed is None else request.seed,
        )

    def cost(self, request: SynthesizeInput) -> float:
        return len(request.text)

    def warm_up_request(self) -> SynthesizeInput:
        return SynthesizeInput(_GREETINGS[self._language])

    def footprint_bytes(self) -> int:
        return self._size
