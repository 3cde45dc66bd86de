"""What the installer reads, and whether it is enough for Knative to accept the pods."""

import json
import re
import shutil
from pathlib import Path

import knative_rules
import pytest
import yaml
from chart import CHART, render
from helm_values import KNATIVE, NAMES, of_kind, services

PROBE = """apiVersion: v1
kind: ConfigMap
metadata: {name: notes, namespace: x, labels: {}}
data:
  notes: {{ include "harmony-speech.notes" . | toJson }}
"""


@pytest.fixture(scope="module")
def chart(tmp_path_factory) -> Path:
    """The chart with one more template, since `helm template` does not show the notes."""
    copied = tmp_path_factory.mktemp("chart") / "harmony-speech"
    shutil.copytree(CHART, copied)
    (copied / "templates" / "notes-probe.yaml").write_text(PROBE, encoding="utf-8")
    return copied


def _notes(chart, name, sets=()) -> str:
    values = () if name == "default" else (CHART / "ci" / f"{name}-values.yaml",)
    return of_kind(render(*values, sets=sets, chart=chart), "ConfigMap")["notes"]["data"]["notes"]


def _features(notes: str) -> frozenset[str]:
    command = re.search(r"config-features .* -p '(.*)'", notes)
    return frozenset(json.loads(command[1])["data"]) if command else frozenset()


@pytest.mark.parametrize("name", NAMES)
def test_the_notes_name_exactly_the_features_that_knative_needs(name, chart, rendered) -> None:
    needed = frozenset()
    if name in KNATIVE:
        components = [
            service["spec"][role]
            for service in services(rendered(name)).values()
            for role in ("predictor", "transformer")
            if role in service["spec"]
        ]
        needed = needed.union(*map(knative_rules.needed_features, components))
    assert _features(_notes(chart, name)) == needed


def test_without_a_voice_the_notes_ask_for_the_models(chart) -> None:
    notes = _notes(chart, "default", sets=["models.piper-en.enabled=false"])
    assert "curl http://127.0.0.1:8080/v1/models\n" in notes
    assert "audio/speech" not in notes


def test_the_notes_say_what_to_type_next(chart) -> None:
    notes = _notes(chart, "default")
    assert '"model": "piper-en"' in notes
    assert "kubectl port-forward -n harmony-speech service/harmony-speech-ingress 8080:80" in notes
    assert "helm test harmony-speech -n harmony-speech --timeout 600s" in notes


@pytest.mark.parametrize(
    ("name", "warning", "expected"),
    [
        ("default", "every cold start downloads its weights", True),
        ("laptop", "every cold start downloads its weights", False),
        ("default", "everybody who reaches the ingress", True),
        ("gpu-pool", "everybody who reaches the ingress", False),
        ("standard", "keeps at least one pod", True),
        ("standard-keda", "get 503 until one has started", True),
        ("single-gpu", "initialScale is 0 for whisper-large-v3: a new revision takes over", True),
        ("default", "initialScale is 0", False),
    ],
)
def test_the_notes_warn_of_what_costs_or_leaks(name, warning, expected, chart) -> None:
    assert (warning in _notes(chart, name)) is expected


def test_the_notes_name_the_address_of_a_toolchain_that_is_a_graph_only(chart) -> None:
    sets = [f"models.voicefixer-{one}.enabled=true" for one in ("restorer", "vocoder")]
    sets.append('toolchains.voicefixer={"enabled": true, "mode": "graph"}')
    notes = _notes(chart, "default", sets)
    assert "http://voicefixer-graph.harmony-speech.svc.cluster.local" in notes


def test_the_notes_file_is_the_template() -> None:
    assert "harmony-speech.notes" in (CHART / "templates" / "NOTES.txt").read_text("utf-8")
    assert yaml.safe_load(PROBE.replace("{{", "#"))["kind"] == "ConfigMap"
