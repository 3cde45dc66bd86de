"""Every object of every values file, read as the API server and its webhooks would."""

import json
from collections import Counter
from functools import cache

import graph_rules
import helm_models
import helm_shapes
import kubernetes_validate
import pytest
import webhook_rules
from chart import CHART, NAMESPACE, helm
from helm_values import NAMES, of_kind, prepared, services

KUBERNETES = ("1.32", "1.37")
FOREIGN = ("serving.kserve.io", "monitoring.", "gateway.", "route.openshift.io")


@pytest.mark.parametrize("name", NAMES)
def test_lint_finds_nothing(name: str) -> None:
    values = () if name == "default" else ("--values", str(CHART / "ci" / f"{name}-values.yaml"))
    assert "0 chart(s) failed" in helm("lint", "--strict", str(CHART), *values)


@pytest.mark.parametrize("name", NAMES)
def test_the_models_of_kserve_and_kubernetes_know_every_field(name, rendered) -> None:
    for one in rendered(name):
        if one["kind"] in helm_models.ROOTS:
            helm_models.parse(one)
        else:
            helm_shapes.check(one)


@pytest.mark.parametrize("name", NAMES)
def test_core_objects_fit_the_schemas_of_kubernetes(name, rendered) -> None:
    core = [one for one in rendered(name) if not one["apiVersion"].startswith(FOREIGN)]
    assert len(core) >= 6
    for one in core:
        _validate(json.dumps(one))


@cache
def _validate(text: str) -> None:
    """Once for objects that are equal in several values files: every call reads the schemas."""
    for version in KUBERNETES:
        kubernetes_validate.validate(json.loads(text), version, strict=True)


@pytest.mark.parametrize("name", NAMES)
def test_webhooks_accept_every_service_and_graph(name, rendered) -> None:
    """With the features that the chart's notes ask for; test_notes.py checks that they do."""
    objects = rendered(name)
    errors = {
        key: found
        for key, one in services(objects).items()
        if (found := webhook_rules.service_errors(one, prepared(name)))
    }
    errors |= {
        key: found
        for key, one in of_kind(objects, "InferenceGraph").items()
        if (found := graph_rules.graph_errors(one))
    }
    assert errors == {}


def test_a_stock_knative_admits_the_default_values(rendered) -> None:
    """Nothing patched: an initial scale of zero in the component's annotations would be refused."""
    for service in services(rendered("default")).values():
        assert webhook_rules.service_errors(service) == []


@pytest.mark.parametrize("name", NAMES)
def test_names_are_unique_and_everything_is_in_the_namespace(name, rendered) -> None:
    objects = rendered(name)
    names = Counter((one["kind"], one["metadata"]["name"]) for one in objects)
    assert [key for key, count in names.items() if count > 1] == []
    for one in objects:
        assert one["metadata"]["namespace"] == NAMESPACE
        assert one["metadata"]["labels"]["app.kubernetes.io/instance"] == "harmony-speech"


@pytest.mark.parametrize("name", NAMES)
def test_no_pod_runs_as_root_or_writes_into_its_image(name, rendered) -> None:
    found = [container for one in rendered(name) for container in _containers(one)]
    assert found
    for container in found:
        security = container["securityContext"]
        assert security["runAsNonRoot"] is True
        assert security["readOnlyRootFilesystem"] is True
        assert security["allowPrivilegeEscalation"] is False
        assert security["capabilities"] == {"drop": ["ALL"]}


def _containers(one):
    spec = one.get("spec", {})
    pods = [
        spec,
        spec.get("predictor"),
        spec.get("transformer"),
        spec.get("template", {}).get("spec"),
    ]
    return [container for pod in pods if pod for container in pod.get("containers", ())]
