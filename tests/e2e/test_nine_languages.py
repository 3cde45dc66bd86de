"""The official client speaks in each of Kokoro's nine languages to what `make serve` starts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import jiwer
import openai
import pytest
from harmony_server import harmony_server

from benchmarks.intelligibility import SPELLINGS, words
from contract.config import load_config
from predictors.runtime.weights.errors import WeightsMissing
from predictors.runtime.weights.source import resolve

pytestmark = pytest.mark.weights
CONFIG = Path(__file__).parents[2] / "config.yml"
SPOKEN = {
    "af_heart": ("en", "The train to the mountains leaves at noon."),
    "bf_emma": ("en", "We should have tea in the garden this afternoon."),
    "ef_dora": ("es", "El tren sale mañana por la mañana."),
    "ff_siwis": ("fr", "Les enfants jouent dans le jardin."),
    "if_sara": ("it", "Il treno per Milano parte domani mattina."),
    "pf_dora": ("pt", "A reunião de amanhã começa na sala grande."),
    "jf_alpha": ("ja", "今日はいい天気ですね。"),
    "zf_xiaobei": ("zh", "我们去北京的图书馆看书。"),
}
HINDI = "नमस्ते, आप कैसे हैं? आज मौसम बहुत अच्छा है।"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[openai.OpenAI]:
    [kokoro] = (one for one in load_config(CONFIG).model_configs if one.name == "kokoro")
    try:
        resolve(kokoro.model)
    except WeightsMissing as exc:
        pytest.skip(exc.message)
    with (
        harmony_server(tmp_path_factory.mktemp("serve") / "log") as server,
        openai.OpenAI(
            base_url=f"{server.url}/v1", api_key="any", timeout=120, max_retries=0
        ) as made,
    ):
        yield made


@pytest.mark.parametrize("voice", SPOKEN)
def test_what_the_client_has_spoken_is_heard(client: openai.OpenAI, voice: str) -> None:
    language, text = SPOKEN[voice]
    spoken = client.audio.speech.create(model="tts-1-hd", voice=voice, input=text).read()
    heard = client.audio.transcriptions.create(
        model="whisper-1", file=("speech.mp3", spoken), language=language
    )
    spell = SPELLINGS.get(language, words)
    assert jiwer.wer(spell(text), spell(heard.text)) <= 0.15, heard.text


def test_hindi_is_heard_as_hindi(client: openai.OpenAI) -> None:
    """Whisper base writes it in the letters of Urdu, so its words are not compared."""
    spoken = client.audio.speech.create(model="tts-1-hd", voice="hf_alpha", input=HINDI).read()
    heard = client.audio.transcriptions.create(
        model="whisper-1", file=("speech.mp3", spoken), response_format="verbose_json"
    )
    assert heard.language in {"hindi", "urdu"}
    assert 2 < heard.duration < 8
