"""What a BERT makes of a sentence, as MeloTTS was trained to hear it. Imports torch.

MeloTTS reads the third hidden state from the end, one vector per word piece, and its front ends
group words by the same tokenizer's pieces.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from contract.errors import ModelFailed
from predictors.nn.transfer import to_device
from predictors.runtime.model import Weights
from predictors.runtime.weights.source import Fetch, WeightsMissing, fetch_snapshot, resolve

logger = logging.getLogger(__name__)

BERTS = {
    "EN": "google-bert/bert-base-uncased",
    "ES": "dccuchile/bert-base-spanish-wwm-uncased",
    "FR": "dbmdz/bert-base-french-europeana-cased",
    "JP": "tohoku-nlp/bert-base-japanese-v3",
    "KR": "kykim/bert-kor-base",
    "ZH": "google-bert/bert-base-multilingual-uncased",
}
"""The BERT that MeloTTS was trained with, by language."""
AUTO, NONE = "auto", "none"

_UNUSED_LAYERS = 2  # hidden_states[-3] is what comes out before the last two layers
_FILES = ("*.json", "vocab.txt", "*.model", "model.safetensors", "pytorch_model.bin")


class BertFeatures:
    """A tokenizer and all of its BERT but the last two layers."""

    def __init__(self, folder: Path, device: torch.device) -> None:
        """Raises ModelFailed when the directory holds no BERT that transformers can read."""
        self._device = device
        self._tokenizer, self._network = _read(folder, device)
        config = self._network.config
        self.dims: int = config.hidden_size
        self._most_pieces: int = config.max_position_embeddings - 2  # beside [CLS] and [SEP]

    def word_pieces(self, text: str) -> list[str]:
        """Pieces of a text, without [CLS] and [SEP]."""
        return cast("list[str]", self._tokenizer.tokenize(text))

    def features(self, sentences: Sequence[Sequence[str]]) -> list[Tensor]:
        """One pass: for each sentence, given as word pieces, [dims, pieces + 2]: [CLS] first, [SEP]
        last. A sentence longer than BERT reads is read in windows.
        """
        cut = [_windows(pieces, self._most_pieces) for pieces in sentences]
        windows = [window for one in cut for window in one]
        states = iter(self._run(windows))
        return [_rejoined([next(states) for _ in one]) for one in cut]

    def _run(self, windows: Sequence[Sequence[str]]) -> list[Tensor]:
        """States [dims, pieces + 2] of each window."""
        tokenizer = self._tokenizer
        framed = [[tokenizer.cls_token, *window, tokenizer.sep_token] for window in windows]
        ids = [torch.tensor(tokenizer.convert_tokens_to_ids(one)) for one in framed]
        padded = pad_sequence(ids, batch_first=True)
        lengths = torch.tensor([len(one) for one in ids])
        with torch.inference_mode():
            states = self._network(
                input_ids=to_device(padded, self._device),
                attention_mask=_seen(lengths, padded.shape[1], self._device),
            ).last_hidden_state
        return [one[: len(own)].T for one, own in zip(states, ids, strict=True)]


def _seen(lengths: Tensor, size: int, device: torch.device) -> Tensor | None:
    """[B, 1, 1, size], True where a piece may be looked at; None: everywhere. Of a mask in two
    dimensions transformers asks the device whether it is full (5.x, masking_utils.py)."""
    if bool((lengths == size).all()):
        return None
    inside = torch.arange(size) < lengths[:, None]
    return to_device(inside[:, None, None], device)


def _windows(pieces: Sequence[str], most: int) -> list[Sequence[str]]:
    return [pieces[at : at + most] for at in range(0, max(len(pieces), 1), most)]


def _rejoined(windows: Sequence[Tensor]) -> Tensor:
    """[CLS] of the first window, the pieces of all, [SEP] of the last."""
    inner = [window[:, 1:-1] for window in windows]
    return torch.cat([windows[0][:, :1], *inner, windows[-1][:, -1:]], dim=1)


def _read(folder: Path, device: torch.device) -> tuple[Any, Any]:  # classes without annotations
    """The tokenizer, and the network without its last layers and its pooling head."""
    from transformers import AutoTokenizer, BertConfig, BertModel

    network: Any  # transformers wraps to() in a way that hides its types
    try:
        config = BertConfig.from_pretrained(folder, local_files_only=True)
        config.num_hidden_layers -= _UNUSED_LAYERS
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        with _quiet():
            network = BertModel.from_pretrained(
                folder,
                config=config,
                add_pooling_layer=False,
                local_files_only=True,
                attn_implementation="sdpa",  # which takes masks in four dimensions
            )
    except (OSError, ValueError, KeyError, ImportError, RuntimeError) as exc:
        raise ModelFailed(
            "the BERT of this language cannot be read; download it again, correct options.bert, "
            "or set it to none to speak without"
        ) from exc
    return tokenizer, network.to(device).eval()


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep transformers from reporting the layers that are left out on purpose."""
    from transformers.utils import logging as transformers_log

    reports: Any = transformers_log  # its functions have no annotations
    level, has_bars = reports.get_verbosity(), reports.is_progress_bar_enabled()
    reports.set_verbosity_error()
    reports.disable_progress_bar()
    try:
        yield
    finally:
        reports.set_verbosity(level)
        if has_bars:
            reports.enable_progress_bar()


def bert_for(
    language: str,
    wanted: str,
    device: torch.device,
    weights: Weights,
    fetch: Fetch = fetch_snapshot,
) -> BertFeatures | None:
    """The BERT of a language, loaded once per process; None: speak without.

    `wanted` is AUTO, NONE, or a model of the user's. Without its BERT MeloTTS stays intelligible,
    so AUTO does without one that cannot be had and says so in the log. Raises ModelFailed,
    WeightsMissing among them, for one that was named.
    """
    if wanted == NONE:
        return None
    try:
        folder = resolve(
            BERTS[language] if wanted == AUTO else wanted,
            allow=_FILES,
            required=("config.json",),
            fetch=fetch,
        )
    except WeightsMissing as exc:
        if wanted != AUTO:
            raise
        logger.warning("MeloTTS speaks %s without BERT features: %s", language, exc.message)
        return None
    return weights.share(
        ("bert", folder.resolve(), str(device)), lambda: BertFeatures(folder, device)
    )
