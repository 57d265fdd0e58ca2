"""Where a request comes from, as limits of attempts count it."""

import ipaddress
from typing import Annotated

from fastapi import Depends, Request


async def client_address(request: Request) -> str:
    """Where a request came from, as limits count it: of IPv6 the network of 64 bits, which is what one household has.

    A proxy's word is taken only where ROLLBOOK_TRUSTED_PROXIES says so; the application has done that before.
    """
    host = request.client.host if request.client else ""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(ipaddress.IPv6Network((address, 64), strict=False))


ClientAddress = Annotated[str, Depends(client_address)]
"""A route's parameter: the `address` for `Attempts.counted`."""
