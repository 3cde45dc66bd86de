"""What is known of a model type before it is imported."""

from __future__ import annotations

from pydantic import TypeAdapter

from contract.model_types import ModelType
from contract.tasks import Task


def test_a_type_that_needs_nothing_is_its_task_alone() -> None:
    """The table leaves out what is empty, as in a new type's first spec; all rooms read it."""
    read = TypeAdapter(ModelType).validate_json(b'{"task": "synthesize"}')
    assert read.task is Task.SYNTHESIZE
    assert (read.packages, read.extra, read.image) == ((), "", "")
