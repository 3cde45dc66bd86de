"""A BERT of a few layers with random weights, in the layout of the Hub."""

from pathlib import Path

import torch
from transformers import BertConfig, BertForMaskedLM

_SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
_WORDS = ("hello", "world", "the", "quick", "brown", "fox", "jump", "over", "yes")
_MARKS = (".", ",", "!", "?", "'", "-")
_LETTERS = tuple("abcdefghijklmnopqrstuvwxyz")


def write_bert(folder: Path, *, dims: int, layers: int = 4, longest: int = 64) -> Path:
    """config.json, vocab.txt, tokenizer_config.json and model.safetensors; returns `folder`."""
    vocabulary = [*_SPECIAL, *_WORDS, *_MARKS, *_LETTERS, *(f"##{one}" for one in _LETTERS)]
    config = BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=dims,
        num_hidden_layers=layers,
        num_attention_heads=2,
        intermediate_size=16,
        max_position_embeddings=longest,
        initializer_range=0.3,
    )
    torch.manual_seed(0)
    BertForMaskedLM(config).save_pretrained(folder)
    (folder / "vocab.txt").write_text("\n".join(vocabulary))
    (folder / "tokenizer_config.json").write_text('{"tokenizer_class": "BertTokenizer"}')
    return folder
