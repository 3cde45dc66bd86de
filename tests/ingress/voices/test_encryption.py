"""What is encrypted decrypts with its key, in its place, and nowhere else."""

from __future__ import annotations

import base64

import pytest
from pydantic import ValidationError

from ingress.settings import Settings
from ingress.voices.encryption import CannotDecrypt, RecordCipher
from ingress.voices.encryption_keys import read_encryption_keys

OLD, NEW = bytes(range(32)), bytes(range(32, 64))
DATA, PLACE = b"the sound of a voice" * 100, "key-ann/voice_1"


def test_it_comes_back_and_reads_as_noise_meanwhile() -> None:
    encrypted = RecordCipher([OLD]).encrypt(DATA, PLACE)
    assert b"voice" not in encrypted
    assert encrypted != RecordCipher([OLD]).encrypt(DATA, PLACE)
    assert RecordCipher([OLD]).decrypt(encrypted, PLACE) == DATA


def test_keys_can_be_changed() -> None:
    before = RecordCipher([OLD]).encrypt(DATA, PLACE)
    both = RecordCipher([NEW, OLD])
    assert both.decrypt(before, PLACE) == DATA
    after = both.encrypt(DATA, PLACE)
    assert RecordCipher([NEW]).decrypt(after, PLACE) == DATA
    with pytest.raises(CannotDecrypt):
        RecordCipher([OLD]).decrypt(after, PLACE)


def test_what_was_stored_before_there_was_a_key_stays_readable() -> None:
    assert RecordCipher([OLD]).decrypt(RecordCipher([]).encrypt(DATA, PLACE), PLACE) == DATA


@pytest.mark.parametrize("keys", [[], [NEW]])
def test_another_key_decrypts_nothing(keys: list[bytes]) -> None:
    with pytest.raises(CannotDecrypt, match="SPEECH_VOICES_KEYS"):
        RecordCipher(keys).decrypt(RecordCipher([OLD]).encrypt(DATA, PLACE), PLACE)


def test_it_decrypts_only_where_it_stood() -> None:
    encrypted = RecordCipher([OLD]).encrypt(DATA, PLACE)
    with pytest.raises(CannotDecrypt):
        RecordCipher([OLD]).decrypt(encrypted, "key-bob/voice_1")
    for spoiled in (
        *(encrypted[:-1], encrypted[:12], encrypted[:-1] + bytes([encrypted[-1] ^ 1])),
        *(b"", b"\x07abc"),
    ):
        with pytest.raises(CannotDecrypt):
            RecordCipher([OLD]).decrypt(spoiled, PLACE)


def test_keys_are_read_from_base64() -> None:
    text = ",".join(base64.b64encode(key).decode() for key in (NEW, OLD))
    assert read_encryption_keys(f" {text} ,") == (NEW, OLD)
    assert read_encryption_keys("") == ()


@pytest.mark.parametrize("text", ["secret", base64.b64encode(OLD[:16]).decode(), "é"])
def test_wrong_keys_stop_the_start_and_are_not_shown(text: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Settings(voices_keys=text)
    (error,) = caught.value.errors()
    assert "32 bytes in base64" in error["msg"]
    assert text not in error["msg"]


@pytest.mark.parametrize("text", ["mysql://host/db", "sqlite:///", "voices.db"])
def test_an_unknown_database_stops_the_start(text: str) -> None:
    with pytest.raises(ValidationError, match="sqlite:///path/of/a/file"):
        Settings(voices_db=text)
