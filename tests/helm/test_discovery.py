"""What discovery makes of the rendered chart: the same catalog as config.yml."""

import json
from pathlib import PurePosixPath

import pytest
from helm_values import NAMES, container, of_kind, services, variables
from kubernetes.config import incluster_config

from contract.catalog import Availability, Catalog
from contract.config import parse_config
from transport.discovery.api import NAMESPACE_FILE
from transport.discovery.services import SELECTOR, read_service
from transport.discovery.settings import DiscoverySettings
from transport.discovery.snapshot import snapshot_of


def _file(objects):
    data = of_kind(objects, "ConfigMap")["harmony-speech-config"]["data"]
    return parse_config(data["config.yml"])


@pytest.mark.parametrize("name", NAMES)
def test_the_cluster_tells_what_the_file_tells(name, rendered) -> None:
    objects, file = rendered(name), _file(rendered(name))
    deployed = services(objects).values()
    assert all(SELECTOR in one["metadata"]["labels"] for one in deployed)
    found = snapshot_of([read_service(one) for one in deployed], file.aliases)
    configured = Catalog(file).current
    assert found.models == configured.models
    assert found.aliases == configured.aliases
    assert set(found.served_toolchains) == set(configured.served_toolchains)
    assert set(found.availability.values()) == {Availability.NOT_READY}  # nothing has run yet


@pytest.mark.parametrize("name", NAMES)
def test_addresses_by_kserve_s_rule_are_those_that_the_chart_sets(name, rendered) -> None:
    objects = rendered(name)
    deployed = services(objects).values()
    found = snapshot_of([read_service(one) for one in deployed], _file(objects).aliases)
    env = variables(container_of_ingress(objects))
    urls = json.loads(env.get("SPEECH_PREDICTOR_URLS", "{}"))
    for model in found.models:
        implied = env["SPEECH_PREDICTOR_URL_TEMPLATE"].format(name=model.name)
        assert urls.get(model.name, implied).startswith(found.addresses[model.name])
    for toolchain in found.served_toolchains:
        service = toolchain.replace("_", "-")
        implied = env["SPEECH_TOOLCHAIN_URL_TEMPLATE"].format(name=service)
        assert implied.startswith(found.addresses[toolchain])


def test_both_doors_are_told_where_to_watch(rendered) -> None:
    objects = rendered("gpu-pool")
    callers = [container_of_ingress(objects)] + [
        container(one, "transformer")
        for one in services(objects).values()
        if "transformer" in one["spec"]
    ]
    assert len(callers) > 1
    for caller in callers:
        env = variables(caller)
        settings = DiscoverySettings(
            discovery=env["SPEECH_DISCOVERY"], namespace=env["SPEECH_NAMESPACE"]
        )
        assert settings.discovery == "kubernetes"
    assert "SPEECH_DISCOVERY" not in variables(container_of_ingress(rendered("default")))


def test_pods_that_watch_find_every_file_of_their_account(rendered) -> None:
    """On a real node a missing `namespace` left discovery without a connection for ever."""
    objects = rendered("gpu-pool")
    pods = [of_kind(objects, "Deployment")["harmony-speech-ingress"]["spec"]["template"]["spec"]]
    pods += [
        one["spec"]["transformer"]
        for one in services(objects).values()
        if "transformer" in one["spec"]
    ]
    assert len(pods) > 1
    wanted = {
        PurePosixPath(incluster_config.SERVICE_TOKEN_FILENAME),
        PurePosixPath(incluster_config.SERVICE_CERT_FILENAME),
        PurePosixPath(NAMESPACE_FILE),
    }
    for pod in pods:
        assert wanted <= _projected_files(pod)


def _projected_files(pod):
    """Where the pod's first container finds the files of its projected volumes."""
    mounts = {one["name"]: one["mountPath"] for one in pod["containers"][0]["volumeMounts"]}
    found = set()
    for volume in pod["volumes"]:
        for source in volume.get("projected", {}).get("sources", []):
            [(kind, body)] = source.items()
            files = [body] if kind == "serviceAccountToken" else body["items"]
            found |= {PurePosixPath(mounts[volume["name"]], one["path"]) for one in files}
    return found


def container_of_ingress(objects):
    deployment = of_kind(objects, "Deployment")["harmony-speech-ingress"]
    return deployment["spec"]["template"]["spec"]["containers"][0]
