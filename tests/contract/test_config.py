"""A configuration is right, or its author learns which entry, which key and what to do."""

import pytest

from contract.config import InvalidConfig, ModelConfig, load_config, parse_config
from contract.tasks import Task

GOOD = """
model_configs:
  - name: whisper-base
    model: Systran/faster-whisper-base
    model_type: FasterWhisper
    max_batch_size: 4
    dtype: float32
    device_config: {device: cpu}
    fallback: whisper-tiny
    options: {compute_type: int8, cpu_threads: 2}
  - name: whisper-tiny
    model: Systran/faster-whisper-tiny
    model_type: FasterWhisper
  - name: melo-en
    model: package:some_voices/melo
    model_type: MeloTTSSynthesizer
    language: EN
    voices: [EN-US, EN-BR]
  - name: my-own
    model: ./weights
    model_type: SomethingFromAPlugin
    task: synthesize
aliases:
  models: {whisper-1: whisper-base, tts-1: openvoice_v2}
  voices: {alloy: EN-US}
memory_budget_mb: 4096
"""
ENTRY = "{name: one, model: x, model_type: SileroVAD%s}"


def one(extra="", rest=""):
    return f"model_configs:\n  - {ENTRY % (', ' + extra if extra else '')}\n{rest}"


def test_a_whole_configuration():
    config = parse_config(GOOD)
    whisper, _, melo, plugin = config.model_configs
    assert (whisper.max_batch_size, whisper.device_config.device) == (4, "cpu")
    assert whisper.options == {"compute_type": "int8", "cpu_threads": 2}
    assert whisper.resolved_task is Task.TRANSCRIBE
    assert (melo.language, melo.voices) == ("EN", ("EN-US", "EN-BR"))
    assert plugin.resolved_task is Task.SYNTHESIZE
    assert config.aliases.models["tts-1"] == "openvoice_v2"
    assert config.memory_budget_mb == 4096


def test_what_is_left_out_has_a_default():
    entry = parse_config(one()).model_configs[0]
    assert (entry.max_batch_size, entry.dtype, entry.device_config.device) == (8, "auto", "auto")
    assert (entry.voices, entry.options, entry.fallback, entry.seed) == ((), {}, None, 0)


def test_a_plugin_that_is_not_installed_has_no_known_task():
    entry = ModelConfig(name="x", model="y", model_type="Unheard")
    assert entry.resolved_task is None


def test_options_keep_their_types():
    options = parse_config(one("options: {a: true, b: 1, c: 1.5, d: x}")).model_configs[0].options
    assert [type(value) for value in options.values()] == [bool, int, float, str]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            one("max_bach_size: 4"),
            r"model_configs\[0\] \(one\): max_bach_size: unknown key; remove",
        ),
        (one("max_batch_size: 0"), r"\(one\): max_batch_size: is 0; the least is 1"),
        (one("max_batch_size: many"), r"\(one\): max_batch_size: must be a whole number"),
        (one("dtype: int3"), r"\(one\): dtype: must be one of: float32, .*, auto"),
        (
            one("device_config: {device: tpu}"),
            r"\(one\): device_config.device: must be auto, cpu, cuda,",
        ),
        (one("device_config: {gpu: 1}"), r"\(one\): device_config.gpu: unknown key"),
        (one("task: sing"), r"\(one\): task: .*'transcribe'"),
        (one("language: no"), r"\(one\): language: must be a string"),
        (one("options: {a: [1]}"), r"\(one\): options.a"),
        ("model_configs: [{model: x, model_type: y}]", r"model_configs\[0\]: name: required; add"),
        ("model_configs: [{name: a, model_type: y}]", r"model_configs\[0\] \(a\): model: required"),
        (
            "model_configs: [{name: A b, model: x, model_type: y}]",
            r"name: must be lower-case letters and digits",
        ),
        ("model_configs: [just a word]", r"model_configs\[0\]: must be a mapping"),
        ("model_configs: []", "model_configs is empty; add an entry"),
        ("model_configs: {a: 1}", "model_configs: must be a list"),
        ("models: []", "model_configs: required; add it\nmodels: unknown key"),
        (
            f"model_configs: [{ENTRY % ''}, {ENTRY % ''}]",
            "name 'one' is used twice; every entry needs its own",
        ),
        (one("fallback: two"), "one: fallback must be the name of another entry"),
        (one("fallback: one"), "one: fallback must be the name of another entry"),
        (
            f"model_configs: [{ENTRY % ', fallback: two'}, "
            "{name: two, model: x, model_type: FasterWhisper}]",
            "one: fallback two serves another task",
        ),
        (one(rest="aliases: {models: {tts-1: ghost}}"), "aliases.models.tts-1 names 'ghost'"),
        (one(rest="memory_budget_mb: 1"), "memory_budget_mb: is 1; the least is 64"),
        ("", "must be a mapping with the key model_configs"),
        ("- a", "must be a mapping"),
        ("a: [1", "not YAML at line"),
        ("\tx: 1", "not YAML at line 1"),
    ],
)
def test_what_is_wrong_is_found_at_its_place(text, words):
    with pytest.raises(InvalidConfig, match=words) as error:
        parse_config(text)
    assert "pydantic" not in error.value.message
    assert error.value.status == 400


def test_every_error_has_its_line():
    with pytest.raises(InvalidConfig) as error:
        parse_config(one("dtype: x, seed: y", rest="extra: 1"))
    lines = error.value.message.splitlines()
    assert [line.split(": ")[1] for line in lines] == [
        "dtype",
        "seed",
        "unknown key; remove it or correct its spelling",
    ]


def test_yaml_makes_no_objects():
    with pytest.raises(InvalidConfig, match="not YAML"):
        parse_config("model_configs: !!python/object/apply:os.getcwd []")


def test_a_file_is_read(tmp_path):
    path = tmp_path / "config.yml"
    path.write_text(GOOD, encoding="utf-8")
    assert load_config(path) == parse_config(GOOD)


def test_a_file_that_is_not_there_is_named_without_its_path(tmp_path):
    with pytest.raises(InvalidConfig, match=r"cannot read gone.yml: No such file") as error:
        load_config(tmp_path / "gone.yml")
    assert str(tmp_path) not in error.value.message


def test_a_file_that_is_no_text_is_refused(tmp_path):
    path = tmp_path / "config.yml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InvalidConfig, match=r"config.yml is not UTF-8"):
        load_config(path)


def test_a_configuration_cannot_be_changed():
    config = parse_config(GOOD)
    with pytest.raises(ValueError, match="frozen"):
        config.model_configs[0].name = "other"
