"""Thousands of spoiled files in more than ten formats: each is sound or a refusal, and the memory
of the server and of its decoders stays where it was."""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections.abc import Iterator

from container_files import FORMATS, written
from mutations import mutated
from processes import memory_bytes, peak_memory_bytes

from contract.errors import InvalidRequest, PayloadTooLarge
from transport.decoding.decoders import Decoders
from transport.decoding.refusals import AudioLimits
from transport.decoding.settings import DecodingSettings

MEGABYTE = 1 << 20
LIMITS = AudioLimits(max_seconds=60)
DEADLINE_S = 60.0


async def test_a_spoiled_file_is_sound_or_a_refusal(fuzz_cases: int, fuzz_seed: int) -> None:
    seeds = [written(container, codec) for container, codec in FORMATS]
    assert len(seeds) >= 10
    settings = DecodingSettings()
    async with Decoders(settings) as decoders:
        for seed in seeds:
            assert (await decoders.decode(seed, param="file", limits=LIMITS)).duration_s > 0.2
        idle = memory_bytes(os.getpid())
        numbers = iter(range(fuzz_cases))
        looking = (_look(decoders, seeds, fuzz_seed, numbers) for _ in range(2 * settings.decoders))
        heard = sum(await asyncio.gather(*looking))
        assert memory_bytes(os.getpid()) < idle + 64 * MEGABYTE
        for one in decoders.process_ids:
            assert peak_memory_bytes(one) < (settings.decoder_memory_mb + 96) * MEGABYTE
    assert 0.1 * fuzz_cases < heard < fuzz_cases  # neither was nothing spoiled nor everything


async def _look(
    decoders: Decoders, seeds: list[bytes], fuzz_seed: int, numbers: Iterator[int]
) -> int:
    """Try cases until none is left. Returns how many were sound all the same."""
    heard = 0
    for number in numbers:
        data = mutated(seeds, random.Random(f"{fuzz_seed} {number}"))
        deadline_s = time.monotonic() + DEADLINE_S
        try:
            audio = await decoders.decode(data, param="file", limits=LIMITS, deadline_s=deadline_s)
        except (InvalidRequest, PayloadTooLarge):
            continue
        except BaseException as exc:
            exc.add_note(f"case {number} of seed {fuzz_seed}, {len(data)} bytes")
            raise
        assert 0 < audio.duration_s <= LIMITS.max_seconds + 1, number
        heard += 1
    return heard
