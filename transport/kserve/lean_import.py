"""The KServe SDK's server without what only its client needs.

`kserve/__init__.py` imports a client for Kubernetes and two hundred classes of its resources; two
modules of its server import pandas for methods that make data frames (kserve/kserve,
python/kserve/kserve/protocol/infer_type.py and utils/utils.py). That is two fifths of a
predictor's imports and 53 MB; whoever uses any of it gets it then.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec, module_from_spec
from types import ModuleType
from typing import Any


class _OnDemand(ModuleType):
    """Stands for a module; imports it when an attribute is asked for."""

    def __getattr__(self, name: str) -> Any:
        return getattr(import_module(self.__name__), name)


@contextmanager
def pandas_on_demand() -> Iterator[None]:
    """Modules imported in the body import pandas when they first use it."""
    if "pandas" in sys.modules:
        yield
        return
    stand_in = _OnDemand("pandas")
    vars(stand_in)["DataFrame"] = object  # for annotations, which the import evaluates
    sys.modules["pandas"] = stand_in
    try:
        yield
    finally:
        del sys.modules["pandas"]
        del vars(stand_in)["DataFrame"]


def register_package(name: str) -> None:
    """Let modules of a package be imported without its initializer, which runs when something is
    asked of the package that is no module of it."""
    spec = find_spec(name) if name not in sys.modules else None
    if spec is None or spec.loader is None:
        return
    package, loader = module_from_spec(spec), spec.loader

    def from_initializer(attribute: str) -> Any:
        if attribute.startswith("_") or find_spec(f"{name}.{attribute}"):
            raise AttributeError(attribute)
        vars(package).pop("__getattr__", None)
        loader.exec_module(package)
        return getattr(package, attribute)

    vars(package)["__getattr__"] = from_initializer
    sys.modules[name] = package
