"""Termination signals: the first ends a run cleanly, the second immediately."""

import os
import signal
import sys
from types import FrameType
from typing import final

INTERRUPTED = 130  # the shell's code for a process ended by Ctrl-C: 128 + the signal's number
NAMES = ("SIGINT", "SIGTERM", "SIGHUP")  # the last is sent by a closing terminal


@final
class EndSignals:
    """The signals received.

    Attributes:
        code: exit code of the last signal; None if there was none.
    """

    def __init__(self) -> None:
        self.code: int | None = None

    def listen(self) -> None:
        """Handle the signals from now on, except those that the process ignores."""
        for name in NAMES:
            number = getattr(signal, name, None)  # Windows has no SIGHUP
            # nohup, and a shell that starts a job in the background, switch signals off
            if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self._answer)

    def _answer(self, number: int, _: FrameType | None) -> None:
        is_second, self.code = self.code is not None, 128 + number
        if is_second:
            os._exit(self.code)  # the journal is always consistent, and workers notice our end
        if number == signal.SIGINT:
            raise KeyboardInterrupt
        sys.exit(self.code)  # through every `finally`, as after Ctrl-C
