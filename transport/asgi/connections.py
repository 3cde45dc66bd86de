"""How many connections a server holds, in all and from one address."""

from __future__ import annotations

from typing import Generic, Protocol, TypeVar


class Connection(Protocol):
    @property
    def address(self) -> str: ...

    @property
    def is_waiting(self) -> bool:
        """No request is under way."""
        ...

    def end(self) -> None: ...


C = TypeVar("C", bound=Connection)


class Connections(Generic[C]):
    """When there is no room, the oldest connection without a request makes way for a new one.

    Where the server is full, one of the address that holds most: idle or half-open connections
    cannot keep others out.
    """

    def __init__(self, most: int, most_per_address: int) -> None:
        self._most, self._most_per_address = most, most_per_address
        self._by_address: dict[str, dict[C, None]] = {}
        self._count = 0

    def admit(self, connection: C) -> bool:
        """False when every connection in the way has a request under way."""
        own = self._by_address.get(connection.address, {})
        if len(own) >= self._most_per_address and not self._make_room([own]):
            return False
        if self._count >= self._most and not self._make_room(self._largest_first()):
            return False
        self._by_address.setdefault(connection.address, {})[connection] = None
        self._count += 1
        return True

    def discard(self, connection: C) -> None:
        own = self._by_address.get(connection.address, {})
        if connection in own:
            del own[connection]
            self._count -= 1
            if not own:
                del self._by_address[connection.address]

    def _make_room(self, groups: list[dict[C, None]]) -> bool:
        for group in groups:
            for connection in group:
                if connection.is_waiting:
                    self.discard(connection)
                    connection.end()
                    return True
        return False

    def _largest_first(self) -> list[dict[C, None]]:
        return sorted(self._by_address.values(), key=len, reverse=True)
