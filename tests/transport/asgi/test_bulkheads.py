"""What one holder takes, and what it leaves to others."""

from __future__ import annotations

import pytest

from contract.errors import Overloaded
from transport.asgi.bulkheads import Bulkhead, Lease


def bulkhead(most: int, most_per_key: int | None = None) -> Bulkhead:
    return Bulkhead(most, most_per_key, full="all is taken", full_for_key="{key} has enough")


def test_one_key_leaves_room_for_another() -> None:
    bounds, leases = bulkhead(3, 2), [Lease() for _ in range(4)]
    leases[0].take(bounds, "a")
    leases[1].take(bounds, "a")
    with pytest.raises(Overloaded, match="a has enough"):
        leases[2].take(bounds, "a")
    leases[2].take(bounds, "b")
    with pytest.raises(Overloaded, match="all is taken"):
        leases[3].take(bounds, "c")


def test_what_is_held_is_given_back_once() -> None:
    bounds = bulkhead(1)
    for _ in range(3):
        with Lease() as lease:
            lease.take(bounds, "a")
            lease.take(bounds, "a")
            with pytest.raises(Overloaded):
                Lease().take(bounds, "a")


def test_a_suspended_lease_lets_others_in_and_counts_again_afterwards() -> None:
    bounds = bulkhead(1)
    with Lease() as slow, Lease() as other:
        slow.take(bounds, "a")
        slow.suspend()
        other.take(bounds, "a")
        slow.resume()
        with pytest.raises(Overloaded):
            Lease().take(bounds, "a")
    with Lease() as next_one:
        next_one.take(bounds, "a")


def test_a_lease_that_ends_while_suspended_gives_nothing_back_twice() -> None:
    bounds = bulkhead(2)
    with Lease() as lease:
        lease.take(bounds, "a")
        lease.suspend()
    with Lease() as one, Lease() as two:
        one.take(bounds, "a")
        two.take(bounds, "a")
        with pytest.raises(Overloaded):
            Lease().take(bounds, "a")


def test_amounts_stay_held_while_suspended() -> None:
    bounds = bulkhead(10)
    with Lease() as lease:
        lease.hold(bounds, "a", 8)
        lease.suspend()
        with pytest.raises(Overloaded):
            Lease().hold(bounds, "b", 3)
    Lease().hold(bounds, "b", 3)


def test_who_is_alone_may_hold_more_than_there_is() -> None:
    """Otherwise it could never come in; its own size is limited elsewhere."""
    bounds = bulkhead(10, 5)
    with Lease() as large:
        for _ in range(4):
            large.hold(bounds, "a", 5)
        with pytest.raises(Overloaded):
            Lease().hold(bounds, "b", 1)
