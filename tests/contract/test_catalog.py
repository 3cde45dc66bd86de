"""What can be called, by name, by type, by task, by language."""

import pytest

from contract.catalog import Catalog
from contract.config import ModelConfig, ServiceConfig, parse_config
from contract.errors import Unroutable
from contract.tasks import Task
from contract.toolchains import TOOLCHAINS


def config(*entries, rest=""):
    lines = [
        f"  - {{name: {name}, model: x, model_type: {kind}, language: {language}}}"
        for name, kind, language in entries
    ]
    return parse_config("model_configs:\n" + "\n".join(lines) + "\n" + rest)


OPENVOICE = (
    ("melo-en", "MeloTTSSynthesizer", "EN"),
    ("melo-en-newest", "MeloTTSSynthesizer", "EN"),
    ("melo-fr", "MeloTTSSynthesizer", "FR"),
    ("converter", "OpenVoiceV2ToneConverter", "null"),
    ("encoder", "OpenVoiceV2ToneConverterEncoder", "null"),
    ("vad", "SileroVAD", "null"),
)


def snapshot(*entries, rest=""):
    return Catalog(config(*entries, rest=rest)).current


def test_models_are_found_by_name_and_type():
    found = snapshot(*OPENVOICE)
    assert found.find("vad").model_type == "SileroVAD"
    assert found.find("ghost") is None
    assert [one.name for one in found.of_types(["SileroVAD", "OpenVoiceV2ToneConverter"])] == [
        "converter",
        "vad",
    ]
    assert [one.name for one in found.of_types(["MeloTTSSynthesizer"])] == [
        "melo-en",
        "melo-en-newest",
        "melo-fr",
    ]
    assert found.of_types(["VoiceFixerRestorer"]) == ()


def test_the_first_in_the_file_is_picked():
    found = snapshot(*OPENVOICE)
    assert found.pick(("MeloTTSSynthesizer",)).name == "melo-en"
    assert found.pick(("MeloTTSSynthesizer",), language="EN").name == "melo-en"
    assert found.pick(("MeloTTSSynthesizer",), language="FR").name == "melo-fr"
    assert found.pick(("FasterWhisper", "SileroVAD")).name == "vad"


def test_what_is_not_there_is_named():
    found = snapshot(*OPENVOICE)
    with pytest.raises(Unroutable, match="no FasterWhisper or Whisper is configured; add one"):
        found.pick(("FasterWhisper", "Whisper"))
    with pytest.raises(Unroutable, match="speaks KR; configured: EN, FR") as error:
        found.pick(("MeloTTSSynthesizer",), language="KR")
    assert error.value.param == "language"
    with pytest.raises(Unroutable, match="configured: none"):
        found.pick(("SileroVAD",), language="EN")


def names(found, task):
    return [spec.name for spec in found.toolchains(task)]


def test_a_toolchain_exists_when_all_its_models_do():
    found = snapshot(*OPENVOICE)
    assert names(found, Task.SPEAK) == ["openvoice_v2"]
    assert names(found, Task.EMBED_SPEAKER) == ["openvoice_v2"]
    assert names(found, Task.CONVERT_VOICE) == ["openvoice_v2"]
    assert names(found, Task.RESTORE_AUDIO) == []


@pytest.mark.parametrize(
    ("without", "task"),
    [
        ("MeloTTSSynthesizer", Task.SPEAK),
        ("OpenVoiceV2ToneConverter", Task.SPEAK),
        ("OpenVoiceV2ToneConverterEncoder", Task.EMBED_SPEAKER),
        ("SileroVAD", Task.EMBED_SPEAKER),
    ],
)
def test_one_missing_model_takes_the_task_away(without, task):
    found = snapshot(*(entry for entry in OPENVOICE if entry[1] != without))
    assert names(found, task) == []


def test_either_finder_of_speech_will_do():
    entries = [entry for entry in OPENVOICE if entry[0] != "vad"]
    found = snapshot(*entries, ("detector", "FasterWhisper", "null"))
    assert names(found, Task.EMBED_SPEAKER) == ["openvoice_v2"]


@pytest.mark.parametrize("spec", TOOLCHAINS.values(), ids=TOOLCHAINS)
def test_every_toolchain_comes_up_with_the_types_it_names(spec):
    kinds = sorted({need[0] for needs in spec.needs.values() for need in needs})
    found = snapshot(*((f"m{n}", kind, "null") for n, kind in enumerate(kinds)))
    for task in spec.needs:
        assert spec.name in names(found, task)
    assert spec.last_model_type in kinds


def test_a_reader_keeps_its_snapshot_when_the_catalog_is_replaced():
    catalog = Catalog(config(*OPENVOICE, rest="aliases: {voices: {alloy: EN-US}}"))
    before = catalog.current
    catalog.replace(config(("vad", "SileroVAD", "null")))
    assert before.find("melo-en") is not None
    assert before.voice_aliases == {"alloy": "EN-US"}
    assert catalog.current.find("melo-en") is None
    assert catalog.current.voice_aliases == {}


def test_only_served_toolchains_are_offered() -> None:
    models = tuple(
        ModelConfig(name=name.lower(), model="m", model_type=name)
        for name in ("VoiceFixerRestorer", "VoiceFixerVocoder")
    )
    offered = {
        served: [
            spec.name
            for spec in Catalog(
                ServiceConfig(model_configs=models, toolchains=served)
            ).current.toolchains(Task.RESTORE_AUDIO)
        ]
        for served in (None, (), ("voicefixer",), ("harmonyspeech",))
    }
    assert offered == {
        None: ["voicefixer"],
        (): [],
        ("voicefixer",): ["voicefixer"],
        ("harmonyspeech",): [],
    }
