"""Being asked to end: once, and the run ends in order; twice, and it ends at once."""

import os
import signal
import sys
from types import FrameType
from typing import final

INTERRUPTED = 130  # the shell's code for a process ended by Ctrl-C: 128 + the signal's number
NAMES = ("SIGINT", "SIGTERM", "SIGHUP")  # the last is what a terminal that is closed sends


@final
class EndSignals:
    """What was heard of them.

    Attributes:
        code: to exit with, by the last signal; None as long as there was none.
    """

    def __init__(self) -> None:
        self.code: int | None = None

    def listen(self) -> None:
        """Answer them from now on to the end of the process, save those that it shall ignore."""
        for name in NAMES:
            number = getattr(signal, name, None)  # Windows has no SIGHUP
            # nohup, and a shell that starts a job in the background, switch signals off
            if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self._answer)

    def _answer(self, number: int, _: FrameType | None) -> None:
        is_second, self.code = self.code is not None, 128 + number
        if is_second:
            os._exit(self.code)  # the journal is whole at any time, and workers see that we went
        if number == signal.SIGINT:
            raise KeyboardInterrupt
        sys.exit(self.code)  # through every `finally`, as after Ctrl-C
