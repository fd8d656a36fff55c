"""Calls of a client that blocks, beside the event loop: bounded in number and in time.

- At most `limit` calls run at once. Each has a thread of its own, which costs a tenth of a millisecond beside a request
  over the network; it is a daemon, so that a call which never comes back cannot hold up the end of the process.
- Who stopped waiting (a time-out, the end of the service) leaves the thread behind. It ends by its socket's own
  time-outs; as long as `limit` of them have not, nothing more is begun.
"""

import asyncio
from collections.abc import Callable
from threading import Thread
from typing import TypeVar

from bot.errors import Retryable

T = TypeVar("T")


class Threads:
    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._places = asyncio.Semaphore(limit)
        self._left_behind = 0

    async def run(self, call: Callable[[], T], timeout: float) -> T:
        """What `call` returns or raises; Retryable where it takes longer than `timeout` seconds."""
        async with self._places:
            if self._left_behind >= self._limit:
                raise Retryable("earlier requests are stuck and have not ended yet")
            loop = asyncio.get_running_loop()
            done: asyncio.Future[T] = loop.create_future()
            Thread(target=lambda: self._work(call, done, loop), daemon=True, name="salesforce").start()
            try:
                async with asyncio.timeout(timeout):
                    return await asyncio.shield(done)
            except TimeoutError:
                raise Retryable(f"no answer within {timeout:g} s") from None
            finally:
                if not done.done():
                    self._left_behind += 1
                    done.add_done_callback(self._ended)

    def _ended(self, done: "asyncio.Future[T]") -> None:
        self._left_behind -= 1
        if not done.cancelled():
            done.exception()  # nobody waits for it any more; else it would be reported as never looked at

    def _work(self, call: Callable[[], T], done: "asyncio.Future[T]", loop: asyncio.AbstractEventLoop) -> None:
        settle: Callable[[], None]
        try:
            found = call()
        except BaseException as error:  # noqa: BLE001 - whatever it is, it belongs to whoever waits
            fault = error
            settle = lambda: None if done.done() else done.set_exception(fault)  # noqa: E731 - one of two, below
        else:
            settle = lambda: None if done.done() else done.set_result(found)  # noqa: E731 - the other
        try:
            loop.call_soon_threadsafe(settle)
        except RuntimeError:
            return  # the service has ended meanwhile
