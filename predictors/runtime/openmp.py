"""How the native threads of the model libraries wait for each other."""

from __future__ import annotations

import os


def set_openmp_passive() -> None:
    """Make OpenMP's threads (CTranslate2, torch) sleep where they wait for another one.

    By default GNU's OpenMP spins there for a millisecond or more. It stops doing so by itself when
    it manages more threads than there are cores, as in a program that loads its model in the main
    thread; here models load in threads of their own, which end. On a machine that is shared, or in
    a pod with a CPU limit, the spinning takes the very core that the other thread needs: a 2 s clip
    took ten times as long and four times the processor time (docs/benchmarks.md).

    OpenMP reads the variable when it is loaded, so call this before a model library is imported. An
    operator's own OMP_WAIT_POLICY stays.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
