"""The schema is closed: a typo is refused with its place, and every key has its comment."""

import json

import pytest
import values_docs
import yaml
from chart import CHART, HelmFailed, render

from contract.config import ModelConfig

VALUES = (CHART / "values.yaml").read_text(encoding="utf-8")
MODEL = '{"model": "a/b", "model_type": "FasterWhisper"'


@pytest.mark.parametrize(
    ("setting", "place", "complaint"),
    [
        ('mode="Serverless"', "/mode", "must be one of 'Knative', 'Standard'"),
        (
            'images.registry="registry.example.com/TEAM"',
            "/images/registry",
            "does not match pattern",
        ),
        ("minReplica=1", "", "'minReplica' not allowed"),
        ("scaling.timeoutSeconds=900", "/scaling/timeoutSeconds", "maximum: got 900, want 600"),
        ("scaling.window=60", "/scaling", "'window' not allowed"),
        (f'models.x={MODEL}, "typ": 1}}', "/models/x", "'typ' not allowed"),
        ('models.x={"model": "a/b"}', "/models/x", "missing property 'model_type'"),
        (f"models.Bad_Name={MODEL}}}", "", "invalid propertyName 'Bad_Name'"),
        (f'models.x={MODEL}, "max_batch_size": 0}}', "/models/x/max_batch_size", "minimum"),
        (f'models.x={MODEL}, "dtype": "int8"}}', "/models/x/dtype", "must be one of"),
        (f'models.x={MODEL}, "scaling": {{"min": 1}}}}', "/models/x/scaling", "'min' not allowed"),
        (
            f'models.x={MODEL}, "weights": {{"storageUri": "ftp://x"}}}}',
            "/models/x/weights/storageUri",
            "does not match pattern",
        ),
        (
            'toolchains.openvoice={"enabled": true}',
            "",
            "must be one of 'harmonyspeech', 'openvoice_v1'",
        ),
        ('toolchains.openvoice_v2.mode="auto"', "/toolchains/openvoice_v2/mode", "must be one of"),
        ('profiles.x={"device": "tpu"}', "/profiles/x/device", "must be one of"),
        ('profiles.cpu-small.resources.limits.cpu="2 cores"', "/profiles", "pattern"),
        ("ingress.settings.max_body=1", "/ingress/settings", "'max_body' not allowed"),
        ('ingress.settings.api_keys="k"', "/ingress/settings", "'api_keys' not allowed"),
        (
            'predictors.settings.max_queue="many"',
            "/predictors/settings/max_queue",
            "want integer",
        ),
        ('hub.cache.type="hostPath"', "/hub/cache/type", "must be one of"),
        ('discovery.enabled="yes"', "/discovery/enabled", "want boolean"),
        ('modelTypes.X={"task": "sing", "image": "torch"}', "/modelTypes/X/task", "must be one of"),
        (f'models.x={MODEL}, "language": "en us"}}', "/models/x/language", "does not match"),
        (
            'models.x={"model": "a", "model_type": "Bark v2"}',
            "/models/x/model_type",
            "does not match pattern",
        ),
    ],
)
def test_a_mistake_is_refused_with_its_place(setting, place, complaint) -> None:
    with pytest.raises(HelmFailed) as refusal:
        render(sets=[setting])
    assert f"at '{place}" in str(refusal.value)
    assert complaint in str(refusal.value)


def test_every_key_is_documented() -> None:
    """Entries of open maps are examples; everything else has a comment of its own."""
    documented = {value.path for value in values_docs.read_values(VALUES) if value.doc}
    opened = {
        value.path
        for value in values_docs.read_values(VALUES)
        if isinstance(value.default, dict) and value.fragment.keys() - {"$defs"}
    }

    def leaves(node, path=()):
        if path in opened or not isinstance(node, dict) or not node:
            yield path
            return
        for key, value in node.items():
            yield from leaves(value, (*path, key))

    undocumented = [path for path in leaves(yaml.safe_load(VALUES)) if path not in documented]
    assert undocumented == []


def test_a_model_may_say_all_that_the_config_file_may() -> None:
    schema = json.loads((CHART / "values.schema.json").read_text(encoding="utf-8"))
    entry = set(schema["$defs"]["model"]["properties"])
    assert set(ModelConfig.model_fields) - {"name", "device_config"} <= entry


def test_an_undocumented_default_stops_the_generator() -> None:
    with pytest.raises(values_docs.Undocumented, match=r"a\.b: @schema must say"):
        values_docs.schema_of("modelDefaults: {x: 1}\ntoolchainDefaults: {x: 1}\na:\n  b: []\n")


def test_a_catalog_entry_is_short() -> None:
    """At most eight lines, which is what adding a model may cost."""
    for name, entry in yaml.safe_load(VALUES)["models"].items():
        assert len(yaml.safe_dump({name: entry}).splitlines()) <= 8, name


def test_the_values_are_no_longer_than_those_of_a_comparable_chart_with_its_catalog() -> None:
    """substratusai/kubeai 2f32ef4: charts/kubeai/values.yaml has 378 lines, 258 of them settings;
    its catalog, charts/models/values.yaml, 649 and 575. Ours documents every key.
    """
    lines = VALUES.splitlines()
    settings = [line for line in lines if line.strip() and not line.lstrip().startswith("#")]
    assert len(lines) < 378 + 649
    assert len(settings) < 258 + 575
    above, line, below = VALUES.partition("# Most installations never touch what follows.")
    assert line
    keys = yaml.safe_load(above).keys()
    assert keys <= {
        "mode",
        "autoscaler",
        "images",
        "models",
        "toolchains",
        "aliases",
        "hub",
        "ingress",
    }
    assert yaml.safe_load(below).keys().isdisjoint(keys)
