"""What the KServe SDK's server does not import, and that it is there for whoever asks for it."""

import subprocess
import sys


def _printed(program: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_a_server_starts_without_pandas_and_a_client_for_kubernetes() -> None:
    heavy = "{'pandas', 'kubernetes', 'requests', 'rich', 'kserve.models', 'kserve.api'}"
    program = "import sys, predictors.server, transport.kserve.server; "
    program += f"print(sorted({heavy} & set(sys.modules)))"
    assert _printed(program) == "[]"


def test_the_sdk_makes_data_frames_all_the_same() -> None:
    program = """
import transport.kserve.sdk
from kserve.protocol.infer_type import InferInput, InferRequest
numbers = InferInput("x", [2], "INT32", [3, 4])
print(InferRequest("model", [numbers]).as_dataframe()["x"].tolist())
import pandas
print(pandas.DataFrame({"y": [1]}).shape)
"""
    assert _printed(program) == "[3, 4]\n(1, 1)"


def test_a_plugin_may_import_the_whole_sdk() -> None:
    program = """
import transport.kserve.sdk as ours
import kserve
print(kserve.Model is ours.Model, kserve.V1beta1InferenceService.__name__)
from kserve import KServeClient, ModelServer, logging
print(KServeClient.__name__, ModelServer is ours.model_server.ModelServer, logging.__name__)
"""
    assert _printed(program) == ("True V1beta1InferenceService\nKServeClient True kserve.logging")


def test_nothing_changes_where_the_sdk_was_imported_before() -> None:
    program = (
        "import pandas, kserve, transport.kserve.sdk as ours; print(kserve.Model is ours.Model)"
    )
    assert _printed(program) == "True"
