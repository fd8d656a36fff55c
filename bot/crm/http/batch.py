"""Writing several parcels to a side that takes one at a time."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from bot.crm.base import Parcel, Receipt
from bot.errors import DeliveryError, Throttled, Unauthorized


async def one_by_one(
    parcels: Sequence[Parcel], write: Callable[[Parcel], Awaitable[Receipt]], at_once: int
) -> Sequence[Receipt]:
    """One receipt a parcel, in order, at most `at_once` under way. What is raised of the closed list becomes the
    receipt's error. After Throttled or Unauthorized the rest is not even begun: it would meet the same."""
    places = asyncio.Semaphore(at_once)
    shut: list[DeliveryError] = []

    async def one(parcel: Parcel) -> Receipt:
        async with places:
            if shut:
                return Receipt(error=shut[0])
            try:
                return await write(parcel)
            except DeliveryError as error:
                if isinstance(error, Throttled | Unauthorized):
                    shut.append(error)
                return Receipt(error=error)

    found = await asyncio.gather(*(one(parcel) for parcel in parcels), return_exceptions=True)
    for bug in found:
        if isinstance(bug, BaseException):
            raise bug  # only now: none is left to write on its own
    return [receipt for receipt in found if isinstance(receipt, Receipt)]
