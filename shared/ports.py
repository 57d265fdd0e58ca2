"""TCP ports of this machine, chosen for programs that are started here."""

import random
import socket

HOST = "127.0.0.1"
_CHOICE = range(10_000, 32_000)
"""Below those that systems give to outgoing connections: such a connection may take a port between the choice and the bind."""


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


_given: set[int] = set()


def free_port() -> int:
    """One that nobody listens on now, that no outgoing connection will take, and that this process was not given before: whoever
    got that one may not listen yet."""
    port = next(port for port in random.sample(_CHOICE, len(_CHOICE)) if port not in _given and is_free(port))
    _given.add(port)
    return port
