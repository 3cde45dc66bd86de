"""Names that Kubernetes allows and YAML reads as something else: 42, true, null."""

import re

import helm_models
import kubernetes_validate
import pytest
import yaml
from chart import APIS, CHART, LOCAL_IMAGES, HelmFailed, Object, helm
from helm_values import of_kind, services

SETS = (
    *("hub.tokenSecret=1", "hub.tokenKey=2", "serviceAccount.name=4", "images.pullSecrets={5}"),
    *("ingress.apiKeys.existingSecret=6", "ingress.apiKeys.key=7", "hub.cache.existingClaim=8"),
    *("ingress.expose.className=9", "ingress.expose.tlsSecret=10", "pods.priorityClassName=11"),
    *("networkPolicy.fromNamespaces={12}", "hub.cache.type=pvc", "pods.runtimeClassName=13"),
    *("models.true.model=a", "models.true.model_type=FasterWhisper"),
    *("models.null.model=a", "models.null.model_type=FasterWhisper"),
)
VOICES = (
    *("store=postgresql", "database.existingSecret=14", "database.key=15"),
    *("encryption.existingSecret=16", "encryption.key=17"),
)
DNS_LABEL = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
"""RFC 1035: what a Service may be called."""


def _rendered(release: str, *sets: str, namespace: str = "n") -> list[Object]:
    apis = [part for api in APIS for part in ("--api-versions", api)]
    given = [part for one in sets for part in ("--set-string", one)]
    switched_on = ["--set-json", "ingress.expose.enabled=true"]
    run = ["template", release, str(CHART), "-n", namespace, *LOCAL_IMAGES, *apis]
    return list(filter(None, yaml.safe_load_all(helm(*run, *switched_on, *given))))


def test_names_of_digits_and_words_of_yaml_stay_names() -> None:
    voices = (f"ingress.voices.{one}" for one in VOICES)
    objects = _rendered("true", *SETS, *voices, namespace="456")
    for one in objects:
        assert one["metadata"]["namespace"] == "456"
        if not one["apiVersion"].startswith("serving.kserve.io"):
            kubernetes_validate.validate(one, "1.34", strict=True)
        else:
            helm_models.parse(one)
    assert {"true", "null"} <= services(objects).keys()


@pytest.mark.parametrize("release", ["team.speech", "a.b.harmony-speech", "null"])
def test_services_of_any_release_have_names_that_dns_allows(release: str) -> None:
    names = of_kind(_rendered(release), "Service").keys()
    assert names
    assert all(DNS_LABEL.fullmatch(one) for one in names)


def test_a_release_called_by_a_number_is_refused_with_another_name() -> None:
    with pytest.raises(HelmFailed, match="choose another name, for example speech-123"):
        _rendered("123")
