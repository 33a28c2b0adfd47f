"""Candidates that take turns on one device, and what happens when its memory runs out.

Nothing here knows CUDA: a stream queues the work, a turn is a generator's next. While the device
works on the turns of some candidates, the host prepares those of others.
"""

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import final

import torch

from evonas.evaluation.record import Evaluation
from evonas.evaluation.training.cooperative import Cooperative
from evonas.evaluation.training.device_stream import AbstractDeviceStream

Result = tuple[Evaluation, bytes]


@dataclass(frozen=True)
class Ticket:
    """A candidate on its way through a device.

    Attributes:
        number: by which whoever ordered it knows it.
        begin: gives its turns; may be called again when the candidate has to begin again.
        bytes_needed: the bytes that it is expected to need.
        begin_smaller: the same at half the batch, for one that memory does not suffice for though
            it is alone; None where that was tried already.
    """

    number: int
    begin: Callable[[], Cooperative[Result]]
    bytes_needed: int
    begin_smaller: Callable[[], Cooperative[Result]] | None = None


class _Seat:
    def __init__(self, ticket: Ticket, stream: AbstractDeviceStream) -> None:
        self.ticket = ticket
        self.stream = stream
        self.turns = ticket.begin()
        self.has_begun = False


@final
class DeviceSharing:
    """At most so many candidates at once, each a turn, round and round.

    A candidate begins when a slot is free and memory is expected to suffice. When memory runs out
    all the same, half of the slots are given up for good and the candidate begins again later. One
    that was alone and still did not fit begins again at half the batch, once; then it has failed.

    Args:
        make_device_stream: a new stream of the device.
        slots: candidates at once.
        limit_bytes: limit of memory that candidates may need together; None for no limit.
        headroom: what a candidate may need, as a multiple of what is expected.

    Attributes:
        slots: as they are now.
        num_shortages: how often memory has run out.
    """

    def __init__(
        self,
        make_device_stream: Callable[[], AbstractDeviceStream],
        *,
        slots: int,
        limit_bytes: int | None,
        headroom: float,
    ) -> None:
        self._make_lane = make_device_stream
        self.slots = slots
        self.num_shortages = 0
        self._limit_bytes = limit_bytes
        self._headroom = headroom
        self._waiting: deque[Ticket] = deque()
        self._seats: list[_Seat] = []

    @property
    def is_idle(self) -> bool:
        """Whether there is nothing to do."""
        return not (self._waiting or self._seats)

    @property
    def at_work(self) -> set[int]:
        """The numbers of the candidates that have begun."""
        return {seat.ticket.number for seat in self._seats}

    def add(self, ticket: Ticket) -> None:
        """A candidate more; those that were added before it begin before it."""
        self._waiting.append(ticket)

    def round(self) -> list[tuple[int, Result]]:
        """A turn for every candidate whose stream is free; the results of those that ended."""
        self.fill()
        free = [seat for seat in self._seats if seat.stream.is_free()]
        if not free and self._seats:
            self._seats[0].stream.wait()
            free = self._seats[:1]
        done = []
        for seat in free:
            result = self._turn(seat)
            if result is not None:
                done.append((seat.ticket.number, result))
        return done

    def fill(self) -> None:
        """Let those in that a slot and memory are free for; they work from the next round on."""
        while self._waiting and len(self._seats) < self.slots:
            wanted = self._headroom * self._waiting[0].bytes_needed
            if self._seats and not self._fits(wanted):
                return
            self._seats.append(_Seat(self._waiting.popleft(), self._make_lane()))

    def _fits(self, more_bytes: float) -> bool:
        taken = sum(seat.ticket.bytes_needed for seat in self._seats)
        return self._limit_bytes is None or taken + more_bytes <= self._limit_bytes

    def _turn(self, seat: _Seat) -> Result | None:
        try:
            with seat.stream.open():
                if self._fits(0) or not seat.has_begun:
                    seat.has_begun = True
                    next(seat.turns)
                else:  # as the device itself would refuse, in the midst of the work
                    seat.turns.throw(torch.OutOfMemoryError(self._shortage()))
        except StopIteration as end:
            result: Result = end.value
            return self._leave(seat, result)
        return None

    def _leave(self, seat: _Seat, result: Result) -> Result | None:
        was_alone = len(self._seats) == 1
        self._seats.remove(seat)
        if not result[0].ran_out_of_memory:
            return result
        self.num_shortages += 1
        ticket = seat.ticket
        if not was_alone:
            self.slots = max(1, self.slots // 2)
            self._waiting.appendleft(ticket)
        elif ticket.begin_smaller is not None:
            smaller = replace(
                ticket, begin=ticket.begin_smaller, begin_smaller=None,
                bytes_needed=ticket.bytes_needed // 2,
            )  # fmt: skip
            self._waiting.appendleft(smaller)
        else:
            return result
        return None

    def _shortage(self) -> str:
        needed = sum(seat.ticket.bytes_needed for seat in self._seats)
        return (
            f"{len(self._seats)} candidates need about {needed / 2**20:.1f} MiB, the limit is "
            f"{(self._limit_bytes or 0) / 2**20:.1f} MiB"
        )


def finish_all(side: DeviceSharing) -> Iterable[tuple[int, Result]]:
    """Rounds until nothing is left to do."""
    while not side.is_idle:
        yield from side.round()
