"""Where the ingress keeps voices: nowhere, on a volume of one pod, or in a database."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

import pytest
from chart import render
from helm_values import of_kind, variables

from ingress.settings import Settings
from ingress.voices.location import location_of


def deployment(objects: Any) -> Any:
    return of_kind(objects, "Deployment")["harmony-speech-ingress"]["spec"]


def ingress(objects: Any) -> Any:
    return deployment(objects)["template"]["spec"]["containers"][0]


def test_no_voice_is_stored_unless_a_place_is_named(rendered: Any) -> None:
    objects = rendered("default")
    assert location_of(variables(ingress(objects))["SPEECH_VOICES_DB"]) is None
    assert "harmony-speech-voices" not in of_kind(objects, "PersistentVolumeClaim")


def test_a_file_stands_on_a_volume_of_its_own(rendered: Any) -> None:
    objects = rendered("laptop")
    location = location_of(variables(ingress(objects))["SPEECH_VOICES_DB"])
    assert location is not None
    assert location.path is not None
    mounts = {one["name"]: one["mountPath"] for one in ingress(objects)["volumeMounts"]}
    assert PurePosixPath(location.path).parent == PurePosixPath(mounts["voices"])
    spec = deployment(objects)
    volumes = {one["name"]: one for one in spec["template"]["spec"]["volumes"]}
    claim = volumes["voices"]["persistentVolumeClaim"]["claimName"]
    made = of_kind(objects, "PersistentVolumeClaim")[claim]
    assert made["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep"
    assert made["spec"]["resources"]["requests"]["storage"] == "1Gi"
    assert spec["strategy"] == {"type": "Recreate"}
    assert spec["replicas"] == 1
    assert spec["template"]["spec"]["securityContext"]["fsGroup"]


def test_a_claim_of_the_cluster_s_own_is_used_and_none_is_made() -> None:
    sets = ["ingress.replicas=1", 'ingress.voices={"store": "sqlite", "existingClaim": "kept"}']
    objects = render(sets=sets)
    volumes = deployment(objects)["template"]["spec"]["volumes"]
    assert {"name": "voices", "persistentVolumeClaim": {"claimName": "kept"}} in volumes
    assert "harmony-speech-voices" not in of_kind(objects, "PersistentVolumeClaim")


def test_a_database_s_url_and_the_keys_come_from_secrets(rendered: Any) -> None:
    objects = rendered("gpu-pool")
    env = {one["name"]: one.get("valueFrom") for one in ingress(objects)["env"]}
    assert env["SPEECH_VOICES_DB"] == {"secretKeyRef": {"name": "speech-database", "key": "url"}}
    keys = {"secretKeyRef": {"name": "speech-voices-keys", "key": "keys"}}
    assert env["SPEECH_VOICES_KEYS"] == keys
    assert "rollingUpdate" in deployment(objects)["strategy"]


@pytest.mark.parametrize("cloning", ["open", "consent", "off"])
def test_cloning_is_a_setting(cloning: str) -> None:
    env = variables(ingress(render(sets=[f'ingress.settings={{"cloning": "{cloning}"}}'])))
    assert Settings(cloning=env["SPEECH_CLONING"]).cloning == cloning
