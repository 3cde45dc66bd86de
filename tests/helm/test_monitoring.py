"""Alerts and dashboard ask for metrics that the rooms really have."""

import json
import re

import prometheus_client
import pytest
from chart import CHART, render
from helm_values import container, of_kind, services, variables

import ingress.metrics
import predictors.runtime.metrics
import transport.client.resilience
import transport.discovery.watch
from contract.errors import QueueFull

METRIC = re.compile(r"\bspeech_[a-z_]+")


def _known() -> set[str]:
    """Sample names of every metric that the rooms count."""
    found: set[str] = set()
    for room in (
        ingress.metrics,
        predictors.runtime.metrics,
        transport.client.resilience,
        transport.discovery.watch,
    ):
        for one in vars(room).values():
            if isinstance(one, prometheus_client.metrics.MetricWrapperBase):
                for family in one.describe():
                    found |= _samples(family.name, family.type)
    return found


def _samples(name: str, kind: str) -> set[str]:
    endings = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count")}
    return {name + ending for ending in endings.get(kind, ("",))}


def _rules(objects):
    groups = of_kind(objects, "PrometheusRule")["harmony-speech"]["spec"]["groups"]
    return [rule for group in groups for rule in group["rules"]]


def test_alerts_ask_for_metrics_that_exist(rendered) -> None:
    rules = _rules(rendered("gpu-pool"))
    asked = {name for rule in rules for name in METRIC.findall(rule["expr"])}
    assert len(rules) >= 7
    assert asked
    assert asked <= _known()
    assert any(f'code="{QueueFull.code}"' in rule["expr"] for rule in rules)
    assert all('namespace="harmony-speech"' in rule["expr"] for rule in rules)


def test_every_alert_leads_into_the_operations_guide(rendered) -> None:
    guide = (CHART.parents[1] / "docs" / "operations.md").read_text(encoding="utf-8")
    for rule in _rules(rendered("gpu-pool")):
        for heading in re.findall(r'see "(.+?)"', rule["annotations"]["description"]):
            assert f"\n### {heading}" in guide


def test_the_dashboard_asks_for_metrics_that_exist(rendered) -> None:
    data = of_kind(rendered("gpu-pool"), "ConfigMap")["harmony-speech-dashboard"]["data"]
    panels = json.loads(data["harmony-speech.json"])["panels"]
    asked = {
        name
        for panel in panels
        for target in panel["targets"]
        for name in METRIC.findall(target["expr"])
    }
    assert len(panels) == len({panel["id"] for panel in panels}) >= 9
    assert asked <= _known()


@pytest.mark.parametrize("kind", ["PodMonitor", "PrometheusRule"])
def test_monitors_carry_the_labels_by_which_prometheus_finds_them(kind, rendered) -> None:
    for one in of_kind(rendered("gpu-pool"), kind).values():
        assert one["metadata"]["labels"]["release"] == "prometheus"


def test_keda_asks_for_metrics_that_exist(rendered) -> None:
    for service in of_kind(rendered("standard-keda"), "InferenceService").values():
        for metric in service["spec"]["predictor"]["autoScaling"]["metrics"]:
            asked = set(METRIC.findall(metric["external"]["metric"]["query"]))
            assert len(asked) == 3
            assert asked <= _known()


def test_lost_discovery_is_an_alert_where_there_is_discovery(rendered) -> None:
    assert "SpeechDiscoveryLost" in {rule["alert"] for rule in _rules(rendered("gpu-pool"))}
    rules = _rules(render(sets=["monitoring.rules=true"]))
    assert "SpeechDiscoveryLost" not in {rule["alert"] for rule in rules}


def test_every_room_sends_its_traces_where_the_values_say() -> None:
    sets = ['tracing={"endpoint": "http://otel:4318", "ratio": 0.1}']
    sets += [f"models.voicefixer-{one}.enabled=true" for one in ("restorer", "vocoder")]
    objects = render(sets=[*sets, "toolchains.voicefixer.enabled=true"])
    deployment = of_kind(objects, "Deployment")["harmony-speech-ingress"]["spec"]["template"]
    found = [variables(deployment["spec"]["containers"][0])]
    for service in services(objects).values():
        found += [variables(container(service, role)) for role in service["spec"]]
    assert len({env["OTEL_SERVICE_NAME"] for env in found}) == len(found) == 7
    assert {env["OTEL_EXPORTER_OTLP_ENDPOINT"] for env in found} == {"http://otel:4318"}
    assert {env["OTEL_TRACES_SAMPLER_ARG"] for env in found} == {"0.1"}


def test_the_metrics_of_a_guarded_ingress_are_on_a_port_without_keys(rendered) -> None:
    objects = rendered("gpu-pool")
    monitor = of_kind(objects, "PodMonitor")["harmony-speech-ingress"]["spec"]
    pod = of_kind(objects, "Deployment")["harmony-speech-ingress"]["spec"]["template"]
    assert monitor["selector"]["matchLabels"].items() <= pod["metadata"]["labels"].items()
    (port,) = {one["port"] for one in monitor["podMetricsEndpoints"]}
    one = pod["spec"]["containers"][0]
    number = {entry["name"]: entry["containerPort"] for entry in one["ports"]}[port]
    assert variables(one)["SPEECH_METRICS_PORT"] == str(number)
    service = of_kind(objects, "Service")["harmony-speech-ingress"]["spec"]
    assert [entry["targetPort"] for entry in service["ports"]] == ["http"]
    rules = of_kind(objects, "NetworkPolicy")["harmony-speech-ingress"]["spec"]["ingress"]
    (scraping,) = (rule for rule in rules if rule["ports"][0]["port"] == number)
    assert scraping["from"]


def test_metrics_are_closed_where_no_namespace_may_scrape() -> None:
    """A rule whose list of sources is empty would admit everybody."""
    policies = of_kind(render(sets=["networkPolicy.fromNamespaces=[]"]), "NetworkPolicy")
    (rule,) = policies["harmony-speech-ingress"]["spec"]["ingress"]
    assert rule == {"ports": [{"port": 8080, "protocol": "TCP"}]}
    (sources,) = policies["harmony-speech-predictors"]["spec"]["ingress"]
    assert sources == {"from": [{"podSelector": {}}]}


def test_queue_proxies_are_scraped_by_choice(rendered) -> None:
    def ports(objects):
        monitor = of_kind(objects, "PodMonitor")["harmony-speech-predictors"]
        return {one.get("port") for one in monitor["spec"]["podMetricsEndpoints"]}

    assert "http-usermetric" in ports(rendered("gpu-pool"))
    assert "http-usermetric" not in ports(rendered("standard-keda"))


def test_the_pod_monitor_selects_pods_of_every_service(rendered) -> None:
    objects = rendered("gpu-pool")
    selector = of_kind(objects, "PodMonitor")["harmony-speech-predictors"]["spec"]["selector"]
    for one in of_kind(objects, "InferenceService").values():
        assert selector["matchLabels"].items() <= one["metadata"]["labels"].items()
