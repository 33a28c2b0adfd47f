"""Work moves to a new thread after oneDNN's error, with its result, errors and interruption."""

import signal
import threading

import pytest

from evonas.evaluation import onednn_thread
from evonas.evaluation.onednn_thread import note_failure, run_on_usable_thread
from evonas.evaluation.training.cooperative import Cooperative

ERROR = RuntimeError("could not create a primitive")


@pytest.fixture(autouse=True)
def _forget_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onednn_thread, "_thread", threading.local())


def whose_turn() -> Cooperative[threading.Thread]:
    yield
    return threading.current_thread()


@pytest.mark.parametrize(
    ("problem", "moves"), [(ERROR, True), (RuntimeError("CUDA out of memory"), False)]
)
def test_only_error_of_onednn_moves_work(problem: RuntimeError, moves: bool) -> None:
    here = threading.current_thread()
    assert run_on_usable_thread(whose_turn) is here
    note_failure(problem)
    assert (run_on_usable_thread(whose_turn) is not here) == moves


def test_other_threads_go_on_as_before() -> None:
    thread = threading.Thread(target=note_failure, args=(ERROR,))
    thread.start()
    thread.join()
    assert run_on_usable_thread(whose_turn) is threading.current_thread()


def test_error_in_other_thread_is_raised_here() -> None:
    def failing() -> Cooperative[None]:
        yield
        raise LookupError("own")

    note_failure(ERROR)
    with pytest.raises(LookupError, match="own"):
        run_on_usable_thread(failing)


def test_interruption_ends_work_of_other_thread() -> None:
    threads: list[threading.Thread] = []

    def endless() -> Cooperative[None]:
        yield
        threads.append(threading.current_thread())
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
        while True:
            yield

    note_failure(ERROR)
    with pytest.raises(KeyboardInterrupt):
        run_on_usable_thread(endless)
    threads[0].join(timeout=10)
    assert not threads[0].is_alive()
