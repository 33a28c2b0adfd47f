"""Share one device among candidates, and handle running out of its memory.

Nothing here depends on CUDA: a stream queues work, and a turn is one ``next`` of a generator.
While the device works on some candidates' turns, the host prepares those of others.
"""

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import final

import torch

from evonas.counted import counted
from evonas.evaluation.record import Evaluation
from evonas.evaluation.training.cooperative import Cooperative
from evonas.evaluation.training.device_stream import AbstractDeviceStream

Result = tuple[Evaluation, bytes]


@dataclass(frozen=True)
class Ticket:
    """A candidate on a device.

    Attributes:
        number: identifies the order.
        begin: returns its turns; called again if the candidate must restart.
        bytes_needed: its estimated memory.
        begin_smaller: the same at half the batch size, for a candidate that does not fit even
            alone; None if already tried.
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
    """Runs up to ``slots`` candidates in turn, round-robin.

    A candidate starts when a slot is free and the estimated memory suffices. If memory still runs
    out, half of the slots are given up for good and the candidate restarts later. A candidate that
    does not fit alone restarts once at half the batch size; after that it has failed.

    Args:
        make_device_stream: creates a stream of the device.
        slots: number of candidates in parallel.
        limit_bytes: limit of memory that candidates may need together; None for no limit.
        headroom: memory that a candidate may need, as a multiple of the estimate.

    Attributes:
        slots: current number of slots.
        num_shortages: how often memory ran out.
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
        """The numbers of the started candidates."""
        return {seat.ticket.number for seat in self._seats}

    def add(self, ticket: Ticket) -> None:
        """Add a candidate; candidates start in the order in which they were added."""
        self._waiting.append(ticket)

    def round(self) -> list[tuple[int, Result]]:
        """Give each candidate with a free stream a turn; return the results of finished ones."""
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
        """Start candidates while a slot and memory are free; they work from the next round."""
        while self._waiting and len(self._seats) < self.slots:
            # those that have started may also outgrow their estimates
            together = self._headroom * (self._needed + self._waiting[0].bytes_needed)
            if self._seats and not self._fits(together):
                return
            self._seats.append(_Seat(self._waiting.popleft(), self._make_lane()))

    @property
    def _needed(self) -> int:
        return sum(seat.ticket.bytes_needed for seat in self._seats)

    def _fits(self, needed_bytes: float) -> bool:
        return self._limit_bytes is None or needed_bytes <= self._limit_bytes

    def _turn(self, seat: _Seat) -> Result | None:
        try:
            with seat.stream.open():
                if self._fits(self._needed) or not seat.has_begun:
                    seat.has_begun = True
                    next(seat.turns)
                else:  # as the device itself would fail during the work
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
        needed = self._needed / 2**20
        return (
            f"{counted(len(self._seats), 'candidate')} at once, expected to need "
            f"{needed:.1f} MiB; the limit is {(self._limit_bytes or 0) / 2**20:.1f} MiB"
        )


def finish_all(side: DeviceSharing) -> Iterable[tuple[int, Result]]:
    """Run rounds until nothing is left to do."""
    while not side.is_idle:
        yield from side.round()
