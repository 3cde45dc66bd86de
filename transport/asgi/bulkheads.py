"""Bounds on what is under way: one caller, or one model that hangs, never takes all of it."""

from __future__ import annotations

from collections import Counter
from types import TracebackType
from typing import Self

from contract.errors import Overloaded


class Bulkhead:
    """A bounded amount, in all and of each key. Who holds nothing yet is let in if nobody else
    holds anything, whatever the amount: it could never come in otherwise."""

    def __init__(
        self, most: int, most_per_key: int | None = None, *, full: str, full_for_key: str = ""
    ) -> None:
        """`full` and `full_for_key` are what a refused caller reads; `{key}` is filled in."""
        self._most, self._most_per_key = most, most if most_per_key is None else most_per_key
        self._full, self._full_for_key = full, full_for_key
        self._all, self._by_key = 0, Counter[str]()

    def check(self, key: str, amount: int = 1, *, held: int = 0) -> None:
        """Raise Overloaded where `amount` more does not fit; the caller has `held` already."""
        if self._all > held and self._all + amount > self._most:
            raise Overloaded(self._full.format(key=key), retry_after_s=1)
        if self._by_key[key] > held and self._by_key[key] + amount > self._most_per_key:
            raise Overloaded(self._full_for_key.format(key=key), retry_after_s=1)

    def add(self, key: str, amount: int) -> None:
        """Count without asking; a negative amount gives back."""
        self._all += amount
        self._by_key[key] += amount
        if not self._by_key[key]:
            del self._by_key[key]


class Lease:
    """What one request holds; leaving the context gives all of it back."""

    def __init__(self) -> None:
        self._slots: set[tuple[Bulkhead, str]] = set()
        self._amounts: Counter[tuple[Bulkhead, str]] = Counter()
        self._is_suspended = False

    def take(self, bulkhead: Bulkhead, key: str) -> None:
        """One slot of a key, once a request. Raises Overloaded."""
        if (bulkhead, key) not in self._slots:
            bulkhead.check(key)
            self._slots.add((bulkhead, key))
            if not self._is_suspended:
                bulkhead.add(key, 1)

    def hold(self, bulkhead: Bulkhead, key: str, amount: int) -> None:
        """So much more, for example bytes. Raises Overloaded."""
        bulkhead.check(key, amount, held=self._amounts[bulkhead, key])
        self.count(bulkhead, key, amount)

    def count(self, bulkhead: Bulkhead, key: str, amount: int) -> None:
        """So much more, without asking: it exists already."""
        bulkhead.add(key, amount)
        self._amounts[bulkhead, key] += amount

    def suspend(self) -> None:
        """Let others have the slots while nothing is worked on; amounts stay held."""
        if not self._is_suspended:
            self._is_suspended = True
            self._add_slots(-1)

    def resume(self) -> None:
        if self._is_suspended:
            self._is_suspended = False
            self._add_slots(1)

    def _add_slots(self, sign: int) -> None:
        for bulkhead, key in self._slots:
            bulkhead.add(key, sign)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        self.suspend()
        self._slots.clear()
        for (bulkhead, key), amount in self._amounts.items():
            bulkhead.add(key, -amount)
        self._amounts.clear()
