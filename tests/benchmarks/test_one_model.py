"""What the models are asked when they are measured one by one."""

import pytest

from benchmarks.figures import Line
from benchmarks.networks import _lines
from benchmarks.one_model import REQUESTS
from contract.model_types import MODEL_TYPE_TASKS

_SAME_NETWORK = {"OpenVoiceV1ToneConverter", "OpenVoiceV1ToneConverterEncoder"}
"""As those of V2."""


def test_every_network_is_measured() -> None:
    assert REQUESTS.keys() == MODEL_TYPE_TASKS.keys() - _SAME_NETWORK


@pytest.mark.parametrize("model_type", REQUESTS)
def test_a_request_is_of_the_model_types_task(model_type: str) -> None:
    assert REQUESTS[model_type]().task is MODEL_TYPE_TASKS[model_type]


def test_a_batch_is_compared_with_single_requests_of_the_same_round() -> None:
    found = {
        "one": [1.0, 4.0, 2.0],
        "eight": [0.5, 3.0, 0.8],
        "cpu": {"one": 1.5, "eight": 0.7},
        "start_s": [1.1, 0.6, 0.2],
        "weights_mb": 10.0,
        "loaded_mb": 300.0,
        "peak_mb": 400.0,
    }
    alone, together, *rest = _lines("It", found)
    assert alone == Line("It, 1 request", "s/s", 2.0)
    assert together == Line("It, 8 in a batch", "s/s", 0.8, None, 0.5)
    assert [line.ours for line in rest] == [1.5, 0.7, 1.1, 0.6, 0.2, 10.0, 300.0, 400.0]
