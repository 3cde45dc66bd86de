"""One catalog: the values, config.yml and the predictors' arguments say the same."""

import json

import pytest
import yaml
from chart import CHART, render
from helm_values import NAMES, container, model_config, of_kind, services, variables

from contract.config import ModelConfig, parse_config
from contract.model_types import MODEL_TYPE_TASKS
from contract.toolchains import TOOLCHAINS
from ingress.settings import Settings as IngressSettings
from predictors.runtime.settings import Settings as PredictorSettings
from transformer.settings import Settings as TransformerSettings
from transport.client.connection import ConnectionSettings

VALUES = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))


def _config(objects):
    return parse_config(
        of_kind(objects, "ConfigMap")["harmony-speech-config"]["data"]["config.yml"]
    )


@pytest.mark.parametrize("name", NAMES)
def test_config_yml_is_valid_and_names_every_predictor(name, rendered) -> None:
    objects = rendered(name)
    configured = {entry.name: entry for entry in _config(objects).model_configs}
    deployed = {model_config(one)["name"]: one for one in services(objects).values()}
    assert configured.keys() == deployed.keys()
    for key, service in deployed.items():
        assert _alone(service) == configured[key].model_copy(update={"fallback": None})


def _alone(service) -> ModelConfig:
    """The entry as the predictor reads it, which sees no other."""
    (entry,) = parse_config(json.dumps({"model_configs": [model_config(service)]})).model_configs
    return entry


@pytest.mark.parametrize("name", NAMES)
def test_services_carry_what_discovery_reads(name, rendered) -> None:
    for service in services(rendered(name)).values():
        labels, annotations = service["metadata"]["labels"], service["metadata"]["annotations"]
        config = ModelConfig.model_validate_json(annotations["harmony-speech/model-config"])
        assert labels["harmony-speech/model"] == config.name
        assert labels["harmony-speech/model-type"] == config.model_type
        assert labels["harmony-speech/task"] == config.resolved_task
        assert labels.get("harmony-speech/language") == config.language
        assert tuple(annotations.get("harmony-speech/voices", "").split(",")) == (
            config.voices or ("",)
        )
        assert config.model_copy(update={"fallback": None}) == _alone(service)


@pytest.mark.parametrize("name", NAMES)
def test_probes_ask_for_the_model_that_the_container_serves(name, rendered) -> None:
    for service in services(rendered(name)).values():
        path = container(service)["readinessProbe"]["httpGet"]["path"]
        assert path == f"/v2/models/{model_config(service)['name']}/ready"
        if "transformer" in service["spec"]:
            path = container(service, "transformer")["readinessProbe"]["httpGet"]["path"]
            assert (
                path
                == f"/v2/models/{service['metadata']['labels']['harmony-speech/toolchain']}/ready"
            )


def test_the_chart_knows_the_model_types_of_the_project() -> None:
    assert {key: one["task"] for key, one in VALUES["modelTypes"].items()} == MODEL_TYPE_TASKS
    assert {entry["model_type"] for entry in VALUES["models"].values()} == set(MODEL_TYPE_TASKS)
    assert set(VALUES["toolchains"]) == set(TOOLCHAINS)


def test_a_toolchain_stands_before_its_last_model(rendered) -> None:
    found = {
        one["metadata"]["labels"]["harmony-speech/toolchain"]: model_config(one)["model_type"]
        for one in services(rendered("toolchains")).values()
        if "transformer" in one["spec"]
    }
    assert found == {name: spec.last_model_type for name, spec in TOOLCHAINS.items()}


@pytest.mark.parametrize("name", NAMES)
def test_rooms_find_every_predictor_where_it_is(name, rendered) -> None:
    """The addresses that the ingress works out are hosts of InferenceServices that exist."""
    objects = rendered(name)
    found = services(objects)
    hosts = {f"http://{key}-predictor.harmony-speech.svc.cluster.local" for key in found}
    env = variables(container_of_ingress(objects))
    urls = json.loads(env.get("SPEECH_PREDICTOR_URLS", "{}"))
    for entry in _config(objects).model_configs:
        default = env["SPEECH_PREDICTOR_URL_TEMPLATE"].format(name=entry.name)
        assert urls.get(entry.name, default) in hosts
    for service in found.values():
        if "transformer" in service["spec"]:
            own = variables(container(service, "transformer"))
            assert own["SPEECH_PREDICTOR_URL_TEMPLATE"] == env["SPEECH_PREDICTOR_URL_TEMPLATE"]
            assert json.loads(own["SPEECH_PREDICTOR_URLS"]) == urls


@pytest.mark.parametrize("name", NAMES)
def test_the_rooms_understand_their_environment(name, rendered) -> None:
    """Every SPEECH_ value is one that the room's own settings class accepts."""
    objects = rendered(name)
    _accept(IngressSettings, container_of_ingress(objects))
    for service in services(objects).values():
        _accept(PredictorSettings, container(service))
        if "transformer" in service["spec"]:
            _accept(TransformerSettings, container(service, "transformer"))
            _accept(ConnectionSettings, container(service, "transformer"))


def container_of_ingress(objects):
    deployment = of_kind(objects, "Deployment")["harmony-speech-ingress"]
    return deployment["spec"]["template"]["spec"]["containers"][0]


def _accept(settings, one) -> None:
    given = {key.removeprefix("SPEECH_").lower(): value for key, value in variables(one).items()}
    known = {key: value for key, value in given.items() if key in settings.model_fields}
    settings.model_validate(
        {k: json.loads(v) if v.startswith(('{"', "[")) else v for k, v in known.items()}
    )


def test_disabled_and_unknown_aliases_do_not_reach_the_config() -> None:
    objects = render(sets=["models.piper-en.enabled=false", 'aliases.models.chat="nobody"'])
    assert set(_config(objects).aliases.models) == {"whisper-1"}


def test_a_plugin_model_type_needs_one_entry() -> None:
    entry = '{"model": "a/b", "model_type": "Bark", "task": "synthesize", "image": "r/bark:1"}'
    service = services(render(sets=[f"models.bark={entry}"]))["bark"]
    assert container(service)["image"] == "r/bark:1"
    assert service["metadata"]["labels"]["harmony-speech/task"] == "synthesize"


def test_weights_come_by_kserve_where_a_storage_uri_is_given() -> None:
    entry = '{"storageUri": "pvc://models/whisper", "path": "base"}'
    objects = render(sets=[f"models.whisper-base.weights={entry}", 'hub.tokenSecret="hub"'])
    service = services(objects)["whisper-base"]
    env = variables(container(service))
    assert env["STORAGE_URI"] == "pvc://models/whisper"
    assert "HF_TOKEN" not in env
    assert model_config(service)["model"] == "/mnt/models/base"
    other = container(services(objects)["piper-en"])["env"]
    secret = {"secretKeyRef": {"name": "hub", "key": "HF_TOKEN"}}
    assert {"name": "HF_TOKEN", "valueFrom": secret} in other


@pytest.mark.parametrize(
    ("limit", "threads"),
    [('"500m"', "1"), ('"2"', "2"), ("4", "4"), ('"3500m"', "3"), ("2.5", "2")],
)
def test_threads_follow_the_cpu_limit(limit, threads) -> None:
    sets = [f"profiles.cpu-small.resources.limits.cpu={limit}"]
    sets.append('profiles.cpu-small.resources.requests.cpu="100m"')
    env = variables(container(services(render(sets=sets))["whisper-base"]))
    assert env["OMP_NUM_THREADS"] == threads
