"""A connection to a Dask scheduler that may disappear at any moment.

Dask's own client takes half a minute to give up on a lost scheduler, and only logs it. Here, every
wait checks twice a second whether the scheduler is still there.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING, Any, TypeVar, final

from evonas.errors import ClusterError, ConfigError

if TYPE_CHECKING:
    from distributed import Future

T = TypeVar("T")

CONNECT_SECONDS = 30.0
FIRST_WORKER_SECONDS = 300.0
RESTART_SECONDS = 30.0  # time for a worker's nanny to start a replacement process
LOOK_SECONDS = 0.5  # between checks of the clock and of the scheduler
RECONNECT_SECONDS = 3.0  # to restore a connection that breaks while the scheduler lives
CLOSE_SECONDS = 5.0  # time for a scheduler to shut down cleanly


@final
class Connection:
    """Connection to the scheduler at an address, or to a cluster started on this machine.

    Args:
        address: address of the scheduler; None for a cluster on this machine.
        workers: processes of a cluster on this machine.
        resources: the resources that each of these offers.

    Raises:
        ConfigError: the package distributed is not installed.
        ClusterError: no scheduler answers, or no worker has joined it.
    """

    def __init__(
        self, address: str | None, *, workers: int, resources: Mapping[str, float]
    ) -> None:
        try:
            from distributed import Client, LocalCluster
            from distributed.utils import silence_logging_cmgr
        except ImportError as problem:
            raise ConfigError(
                "workers: a Dask cluster needs the package distributed: pip install 'evonas[dask]'"
            ) from problem
        self._place = address or "this machine"
        self._end = ExitStack()
        # we report the state of the cluster ourselves
        self._end.enter_context(silence_logging_cmgr(logging.CRITICAL))
        try:
            cluster = None
            if address is None:
                cluster = LocalCluster(
                    n_workers=workers, threads_per_worker=1, dashboard_address=":0",
                    resources=dict(resources) or None, silence_logs=logging.CRITICAL,
                )  # fmt: skip
                self._end.callback(cluster.close)
            try:
                self._client: Client = Client(cluster or address, timeout=CONNECT_SECONDS)
            except OSError as problem:
                raise ClusterError(
                    f"workers: no scheduler answers at {address} ({problem}); start one with: "
                    f"dask scheduler"
                ) from problem
            self._end.callback(self._leave)
            self._wait_for_worker()
        except BaseException:
            self._end.close()
            raise

    @property
    def num_workers(self) -> int:
        """The current number of workers.

        Raises:
            ClusterError: the scheduler is gone.
        """
        identity = self._wait(lambda: self._client.scheduler.identity(n_workers=-1))
        return len(identity["workers"])

    def submit(self, function: Callable[..., Any], *args: Any, **options: Any) -> "Future":
        """Submit a function to a worker; see ``distributed.Client.submit``.

        Raises:
            ClusterError: the scheduler is gone.
        """
        self.check()
        return self._client.submit(function, *args, **options)

    def scattered(self, data: Any) -> "Future":
        """Send data to every worker.

        Raises:
            ClusterError: the scheduler is gone.
        """
        return self._wait(
            lambda: self._client.scatter(data, broadcast=True, hash=False, asynchronous=True)
        )

    def result(self, future: "Future") -> Any:
        """The result of a finished task.

        Raises:
            ClusterError: the scheduler is gone.
            CancelledError: it was lost and must be submitted again.
            Exception: what the function raised.
        """
        if future.status == "error":  # the function raised an exception
            return future.result()
        return self._wait(lambda: self._client.gather(future, asynchronous=True))

    def subscribe(self, topic: str, handler: Callable[[Any], None]) -> None:
        """Subscribe to the events of a topic; must be repeated after the scheduler was lost."""
        self._client.subscribe_topic(topic, handler)

    def end_with_worker(self, future: "Future", worker: str) -> None:
        """Kill a worker whose task hangs; its other tasks are rescheduled.

        Raises:
            ClusterError: the scheduler is gone.
        """
        self.check()
        self._client.cancel([future], force=True)
        with self._reaching():
            self._client.restart_workers([worker], timeout=RESTART_SECONDS, raise_for_error=False)

    def check(self) -> None:
        """Check that the scheduler is there; a broken connection has some seconds to recover.

        Raises:
            ClusterError: it has gone.
        """
        end = time.monotonic() + RECONNECT_SECONDS
        while self._client.status == "connecting" and time.monotonic() < end:
            time.sleep(0.05)
        if self._client.status != "running":
            raise self._gone()

    def close(self, futures: Iterable["Future"]) -> None:
        """Cancel all tasks and disconnect; shut the cluster down if it is ours."""
        if self._client.status == "running":
            self._client.cancel(list(futures), force=True)
        self._end.close()

    def _leave(self) -> None:
        with suppress(OSError):  # the scheduler may be gone already
            self._client.close(timeout=CLOSE_SECONDS)

    def _wait_for_worker(self) -> None:
        end = time.monotonic() + FIRST_WORKER_SECONDS
        while not self.num_workers:
            if time.monotonic() > end:
                raise ClusterError(
                    f"workers: no worker joined the scheduler at {self._place} within "
                    f"{FIRST_WORKER_SECONDS:.0f} seconds; start some with: dask worker "
                    f"tcp://HOST:PORT, then continue with: evonas resume"
                )
            time.sleep(LOOK_SECONDS)

    def _wait(self, begin: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """The result of a client coroutine, as long as the scheduler is there."""
        self.check()
        with self._reaching():
            loop = self._client.loop.asyncio_loop
            task = asyncio.run_coroutine_threadsafe(begin(), loop)
            try:
                while True:
                    try:
                        return task.result(LOOK_SECONDS)
                    except TimeoutError:
                        if task.done():
                            raise
                    self.check()
            finally:
                task.cancel()

    @contextmanager
    def _reaching(self) -> Iterator[None]:
        """Wraps calls that fail when the scheduler is gone before the client has noticed."""
        from distributed.client import ClosedClientError

        try:
            yield
        except (OSError, ClosedClientError) as problem:
            raise self._gone() from problem

    def _gone(self) -> ClusterError:
        return ClusterError(
            f"workers: the scheduler at {self._place} is gone; finished trainings are kept; when "
            f"it is back, continue with: evonas resume"
        )
