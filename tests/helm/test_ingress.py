"""The HTTP API: reachable, guarded, and allowed to see no more than it must."""

import pytest
from chart import render
from fake_client import FakeClient
from helm_values import NAMES, of_kind, services, variables
from ingress_app import make_app


def _pod(objects):
    return of_kind(objects, "Deployment")["harmony-speech-ingress"]["spec"]["template"]


@pytest.mark.parametrize("name", NAMES)
def test_service_and_policies_select_the_pods(name, rendered) -> None:
    objects = rendered(name)
    labels = _pod(objects)["metadata"]["labels"].items()
    service = of_kind(objects, "Service")["harmony-speech-ingress"]["spec"]
    assert service["selector"].items() <= labels
    policies = of_kind(objects, "NetworkPolicy")
    policy = policies["harmony-speech-ingress"]["spec"]["podSelector"]["matchLabels"]
    assert policy.items() <= labels
    assert policy.items() == service["selector"].items()
    guarded = policies["harmony-speech-predictors"]["spec"]["podSelector"]["matchLabels"]
    for one in services(objects).values():
        assert guarded.items() <= one["metadata"]["labels"].items()
        assert not service["selector"].items() <= one["metadata"]["labels"].items()


def test_keys_come_from_a_mounted_secret(rendered) -> None:
    pod = _pod(rendered("gpu-pool"))["spec"]
    container = pod["containers"][0]
    path = variables(container)["SPEECH_API_KEYS_FILE"]
    mount = next(m for m in container["volumeMounts"] if path.startswith(f"{m['mountPath']}/"))
    volume = next(v for v in pod["volumes"] if v["name"] == mount["name"])
    assert mount["readOnly"] is True
    assert volume["secret"]["secretName"] == "speech-api-keys"
    assert volume["secret"]["items"] == [{"key": "keys", "path": "keys"}]


def test_without_discovery_nobody_holds_a_token_for_the_cluster(rendered) -> None:
    objects = rendered("default")
    assert not of_kind(objects, "Role")
    assert of_kind(objects, "ServiceAccount")["harmony-speech"]["automountServiceAccountToken"] is (
        False
    )
    assert _pod(objects)["spec"]["automountServiceAccountToken"] is False
    for one in services(objects).values():
        assert one["spec"]["predictor"]["automountServiceAccountToken"] is False


def test_discovery_may_read_inference_services_here_and_nothing_else(rendered) -> None:
    objects = rendered("gpu-pool")
    assert of_kind(objects, "Role")["harmony-speech-discovery"]["rules"] == [
        {
            "apiGroups": ["serving.kserve.io"],
            "resources": ["inferenceservices"],
            "verbs": ["get", "list", "watch"],
        }
    ]
    binding = of_kind(objects, "RoleBinding")["harmony-speech-discovery"]
    assert binding["roleRef"]["name"] == "harmony-speech-discovery"
    assert [one["name"] for one in binding["subjects"]] == ["harmony-speech"]
    for one in services(objects).values():
        assert one["spec"]["predictor"]["automountServiceAccountToken"] is False
    env = variables(_pod(objects)["spec"]["containers"][0])
    assert (env["SPEECH_DISCOVERY"], env["SPEECH_NAMESPACE"]) == ("kubernetes", "harmony-speech")


def test_autoscaling_owns_the_number_of_pods(rendered) -> None:
    objects = rendered("gpu-pool")
    assert "replicas" not in of_kind(objects, "Deployment")["harmony-speech-ingress"]["spec"]
    scaler = of_kind(objects, "HorizontalPodAutoscaler")["harmony-speech-ingress"]["spec"]
    assert scaler["scaleTargetRef"]["name"] == "harmony-speech-ingress"


def test_a_budget_that_would_block_every_drain_is_not_made() -> None:
    assert not of_kind(render(sets=["ingress.replicas=1"]), "PodDisruptionBudget")
    assert of_kind(render(sets=["ingress.replicas=2"]), "PodDisruptionBudget")


PUBLIC = {"/v1", "/dev/captioned_speech", "/health", "/version", "/assets", "/"}


def test_every_host_publishes_the_api_and_neither_metrics_nor_docs(rendered) -> None:
    spec = of_kind(rendered("standard"), "Ingress")["harmony-speech-ingress"]["spec"]
    hosts = ["speech.example.com", "api.speech.example.com"]
    assert [rule["host"] for rule in spec["rules"]] == spec["tls"][0]["hosts"] == hosts
    for rule in spec["rules"]:
        paths = {one["path"]: one["pathType"] for one in rule["http"]["paths"]}
        assert paths.keys() == PUBLIC
        assert paths["/"] == "Exact"  # as a prefix it would publish everything


def test_a_route_has_filters_and_never_cuts_a_realtime_socket(rendered) -> None:
    spec = of_kind(rendered("gpu-pool"), "HTTPRoute")["harmony-speech-ingress"]["spec"]
    (rule,) = spec["rules"]
    assert rule["filters"][0]["type"] == "ResponseHeaderModifier"
    assert rule["timeouts"] == {"request": "0s"}
    matches = {one["path"]["value"]: one["path"]["type"] for one in rule["matches"]}
    assert matches == {
        "/v1": "PathPrefix",
        "/dev/captioned_speech": "Exact",
        "/health": "PathPrefix",
        "/version": "Exact",
        "/": "Exact",
        "/assets": "PathPrefix",
    }
    assert len(spec["hostnames"]) == 2


def test_the_published_paths_are_those_of_the_api() -> None:
    """Every route that clients call is below a published path."""
    schema = make_app(FakeClient()).openapi()
    prefixes = tuple(f"{path}/" for path in PUBLIC - {"/"})
    hidden = [path for path in schema["paths"] if not f"{path}/".startswith(prefixes)]
    assert hidden == ["/metrics"]


def test_settings_become_environment_variables() -> None:
    sets = [
        'ingress.settings={"max_text_chars": 500, "docs_enabled": false, "middleware": ["a:B"]}'
    ]
    env = variables(_pod(render(sets=sets))["spec"]["containers"][0])
    assert env["SPEECH_MAX_TEXT_CHARS"] == "500"
    assert env["SPEECH_DOCS_ENABLED"] == "false"
    assert env["SPEECH_MIDDLEWARE"] == '["a:B"]'
