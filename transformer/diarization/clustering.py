"""How many voices there are, and what each is like: agglomerative clustering of stretches.

A stretch is a few neighbouring windows, most likely of one voice. Two clusters are as far apart as
their windows are from each other, less than windows of one cluster are among themselves (half the
energy distance of Székely and Rizzo, https://doi.org/10.1016/j.jspi.2013.03.018). So a noisy voice,
whose windows are far apart, is not taken for two, and two alike clear ones are not taken for one.
No library's linkage subtracts that; docs/decisions/0020 compares them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from contract.tasks import FloatArray
from transformer.diarization.windows import Window

Matrix = NDArray[np.float64]

USUAL_DISTANCE = 0.07
"""Clusters nearer than this are one voice. This and the figures below were tuned for GE2E, on
mixtures of voices that are in no benchmark and no test."""
_WITHIN = 0.26
"""Mean cosine distance between windows of one voice, believed until a cluster shows its own …"""
_BELIEF = 4
"""… by pairs of windows that outweigh these."""
_CHANCE = 0.13
"""A cluster of n stretches may show a distance by chance; this / n of it is not believed."""
_STRETCH_WINDOWS = 3
_TRUSTED_S = 1.2
"""Shorter windows say too little of a voice to found a cluster."""
_LEAST_WINDOWS, _LEAST_SHARE, _LEAST_SHARE_OF_SHORT = 5, 0.005, 0.15
"""A smaller cluster is no speaker but a noise, or two voices at once. In a recording so short that
few windows are much of it, a share decides."""
_MOST_STRETCHES = 600
"""Of a longer recording so many are clustered, evenly chosen."""


def find_voices(
    vectors: FloatArray, windows: Sequence[Window], distance: float, count: int | None = None
) -> FloatArray:
    """Unit vectors [voices, dims] of those who speak in `windows`, by their `vectors` [n, dims].

    `count`: how many there are, if that is known. Rows of zeros are windows without a voice; where
    all are, no voice is found.
    """
    stretches = _stretches(vectors, windows, _TRUSTED_S) or _stretches(vectors, windows, 0.0)
    chosen = stretches[:: -(-len(stretches) // _MOST_STRETCHES) or 1]
    if not chosen:
        return vectors[:0]
    means = np.stack([vectors[one].mean(axis=0) for one in chosen]).astype(np.float64)
    sizes = np.array([len(one) for one in chosen], np.float64)
    clusters = _Clusters.of(means, sizes).merged(distance, count)
    weights = [sizes[one].sum() for one in clusters]
    usual = min(_LEAST_WINDOWS, _LEAST_SHARE_OF_SHORT * sizes.sum())
    least = min(max(usual, _LEAST_SHARE * sizes.sum()), max(weights))
    return unit(
        np.stack(
            [
                (means[one] * sizes[one, None]).sum(axis=0)
                for one, weight in zip(clusters, weights, strict=True)
                if count or weight >= least
            ]
        )
    )


def _stretches(vectors: FloatArray, windows: Sequence[Window], least_s: float) -> list[list[int]]:
    """Numbers of neighbouring windows of one segment, each at least so long."""
    heard = np.linalg.norm(vectors, axis=1) > 0
    found: list[list[int]] = []
    for index, one in enumerate(windows):
        if not heard[index] or one.duration_s < least_s:
            continue
        last = found[-1] if found else []
        if last and len(last) < _STRETCH_WINDOWS and windows[last[-1]].segment == one.segment:
            last.append(index)
        else:
            found.append([index])
    return found


@dataclass(slots=True, eq=False)
class _Clusters:
    """Sums of cosine distances and numbers of pairs, between clusters and within each."""

    between: Matrix
    pairs: Matrix
    within: Matrix
    own_pairs: Matrix
    stretches: Matrix
    """How many a cluster has."""
    members: list[list[int]]

    @classmethod
    def of(cls, means: Matrix, sizes: Matrix) -> _Clusters:
        """Every stretch a cluster: the overlapping windows of one tell nothing about its voice."""
        pairs = np.outer(sizes, sizes)
        nothing = np.zeros(len(sizes))
        members = [[index] for index in range(len(sizes))]
        between = (1 - means @ means.T) * pairs
        return cls(between, pairs, nothing, nothing.copy(), nothing + 1, members)

    def merged(self, distance: float, count: int | None) -> list[list[int]]:
        """Join the two nearest until all are further apart, or `count` are left."""
        left = len(self.members)
        while left > (count or 1):
            apart = self._distances()
            first, second = np.unravel_index(apart.argmin(), apart.shape)
            if count is None and apart[first, second] >= distance:
                break
            self._join(int(first), int(second))
            left -= 1
        return [one for one in self.members if one]

    def _distances(self) -> Matrix:
        spread = (self.within + _BELIEF * _WITHIN) / (self.own_pairs + _BELIEF)
        apart = self.between / self.pairs - (spread[:, None] + spread) / 2
        apart -= _CHANCE / np.minimum.outer(self.stretches, self.stretches)
        gone = [index for index, one in enumerate(self.members) if not one]
        apart[gone], apart[:, gone] = np.inf, np.inf
        np.fill_diagonal(apart, np.inf)
        return np.asarray(apart)

    def _join(self, first: int, second: int) -> None:
        self.within[first] += self.within[second] + self.between[first, second]
        self.own_pairs[first] += self.own_pairs[second] + self.pairs[first, second]
        self.stretches[first] += self.stretches[second]
        for sums in (self.between, self.pairs):
            sums[first] += sums[second]
            sums[:, first] += sums[:, second]
        self.members[first] += self.members[second]
        self.members[second] = []


def unit(vectors: NDArray[np.floating]) -> FloatArray:
    """Rows of length 1; rows of zeros stay."""
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.where(lengths > 0, lengths, 1), np.float32)
