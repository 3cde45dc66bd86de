"""Weights: on a shared volume ahead of requests, by KServe with its secrets, on nodes' disks."""

import json

import helm_models
import pytest
import yaml
from chart import CHART, HelmFailed, helm, render
from helm_values import model_config, of_kind, services

from contract.config import parse_config

LOCAL_MODELS = CHART.parent / "speech-local-models"
CACHES = ("--set-json", 'caches.w={"uri": "hf://a/b", "size": "4Gi", "nodeGroups": ["gpu"]}')
CACHE_API = ("--api-versions", "serving.kserve.io/v1alpha1/LocalModelCache")


def _jobs(objects):
    return {
        next(arg for arg in job["spec"]["template"]["spec"]["containers"][0]["args"] if "/" in arg)
        .rpartition("/")[2]
        .removesuffix(".yml"): job
        for job in of_kind(objects, "Job").values()
    }


@pytest.mark.parametrize("name", ["laptop", "single-gpu", "gpu-pool"])
def test_every_model_from_the_hub_is_fetched_by_a_job_of_its_own(name, rendered) -> None:
    objects = rendered(name)
    expected = {
        model_config(one)["name"]: model_config(one)
        for one in services(objects).values()
        if not model_config(one)["model"].startswith("/mnt/models")
    }
    jobs = _jobs(objects)
    assert jobs.keys() == expected.keys()
    files = of_kind(objects, "ConfigMap")["harmony-speech-prefetch"]["data"]
    for model, job in jobs.items():
        pod = job["spec"]["template"]["spec"]
        assert pod["containers"][0]["command"] == ["harmony", "pull"]
        (entry,) = parse_config(files[f"{model}.yml"]).model_configs
        assert entry.model == expected[model]["model"]
        assert entry.device_config.device == "cpu"
        assert not [key for key in pod["containers"][0]["resources"]["limits"] if "/" in key]


def test_job_and_predictor_share_image_volume_and_cache_folder(rendered) -> None:
    objects = rendered("laptop")
    for model, job in _jobs(objects).items():
        predictor = services(objects)[model]["spec"]["predictor"]
        pods = (job["spec"]["template"]["spec"], predictor)
        images = {pod["containers"][0]["image"] for pod in pods}
        claims = {
            volume["persistentVolumeClaim"]["claimName"]
            for pod in pods
            for volume in pod["volumes"]
            if "persistentVolumeClaim" in volume
        }
        homes = {
            entry["value"]
            for pod in pods
            for entry in pod["containers"][0]["env"]
            if entry["name"] == "HF_HOME"
        }
        assert (len(images), len(claims), homes) == (1, 1, {"/weights/huggingface"})
        assert pods[0]["securityContext"]["fsGroup"] == 65532


def test_other_weights_make_another_job_and_the_same_weights_none(rendered) -> None:
    values = CHART / "ci" / "laptop-values.yaml"
    before, same = rendered("laptop"), render(values, sets=["scaling.minReplicas=1"])
    other = render(values, sets=['models.whisper-base.model="Systran/faster-whisper-small"'])
    assert of_kind(before, "Job").keys() == of_kind(same, "Job").keys()
    changed = of_kind(before, "Job").keys() ^ of_kind(other, "Job").keys()
    assert {name.rpartition("-")[0] for name in changed} == {"harmony-speech-pull-whisper-base"}


def test_without_a_volume_or_by_choice_nothing_is_fetched_ahead(rendered) -> None:
    values = CHART / "ci" / "laptop-values.yaml"
    assert not of_kind(rendered("default"), "Job")
    assert not of_kind(render(values, sets=["hub.cache.prefetch=false"]), "Job")


def test_a_volume_of_one_node_keeps_its_pods_together() -> None:
    """A ReadWriteOnce volume cannot be attached to a second node."""
    values = CHART / "ci" / "laptop-values.yaml"
    objects = render(values, sets=["hub.cache.oneNode=true"])
    claims = of_kind(objects, "PersistentVolumeClaim")
    assert any(name.endswith("-weights") for name in claims)
    assert {tuple(one["spec"]["accessModes"]) for one in claims.values()} == {("ReadWriteOnce",)}
    labelled = [one["metadata"]["labels"] for one in services(objects).values()]
    pods = [one["spec"]["predictor"] for one in services(objects).values()]
    for job in of_kind(objects, "Job").values():
        labelled.append(job["spec"]["template"]["metadata"]["labels"])
        pods.append(job["spec"]["template"]["spec"])
    for labels, pod in zip(labelled, pods, strict=True):
        (term,) = pod["affinity"]["podAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
        assert term["topologyKey"] == "kubernetes.io/hostname"
        assert term["labelSelector"]["matchLabels"].items() <= labels.items()


def test_kserve_finds_the_secrets_for_its_downloads_at_the_account() -> None:
    sets = ['hub.tokenSecret="hub"', 'serviceAccount.storageSecrets=["s3"]']
    account = of_kind(render(sets=sets), "ServiceAccount")["harmony-speech"]
    assert account["secrets"] == [{"name": "hub"}, {"name": "s3"}]


def test_a_cache_on_nodes_is_a_release_of_its_own() -> None:
    """In one release KServe would see the model first, and refuse to delete the cache after it."""
    text = helm("template", "w", str(LOCAL_MODELS), *CACHES, *CACHE_API)
    (cache,) = (one for one in yaml.safe_load_all(text) if one)
    helm_models.parse(cache)
    assert cache["spec"] == {
        "sourceModelUri": "hf://a/b",
        "modelSize": "4Gi",
        "nodeGroups": ["gpu"],
    }
    assert "localModelCache" not in (CHART / "values.yaml").read_text(encoding="utf-8")
    helm("lint", "--strict", str(LOCAL_MODELS), *CACHES)


def test_a_cache_without_kserves_part_or_with_a_typo_is_refused() -> None:
    with pytest.raises(HelmFailed, match="local model cache is not installed"):
        helm("template", "w", str(LOCAL_MODELS), *CACHES)
    with pytest.raises(HelmFailed, match="uri"):
        helm(
            "template",
            "w",
            str(LOCAL_MODELS),
            "--set-json",
            f"caches.w={json.dumps({'size': '1Gi'})}",
        )
