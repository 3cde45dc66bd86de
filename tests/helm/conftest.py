"""The chart rendered once per values file."""

from collections.abc import Callable
from functools import cache

import pytest
from chart import CHART, Object, render

Rendered = Callable[[str], list[Object]]


@pytest.fixture(scope="session")
def rendered() -> Rendered:
    """Objects for `default` or for a file of ci/ by its name without `-values.yaml`."""

    @cache
    def objects(name: str) -> list[Object]:
        values = () if name == "default" else (CHART / "ci" / f"{name}-values.yaml",)
        return render(*values, with_tests=True)

    return objects
