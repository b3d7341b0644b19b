"""What we say of a broker that refuses or hangs: no argument of a command, and what is wrong."""

import asyncio
import contextlib

import pytest
from redis.exceptions import NoPermissionError, ResponseError

from hub.errors import BrokerError, BrokerMissing, NotAllowed
from hub.stores.connection import connect, translated

ANNOTATED = 'Command # 1 (XADD hub:{ind}:in * event {"specversion":"1.0","bsn":"123456782"}) of'


@pytest.mark.parametrize(
    ("error", "wanted", "said"),
    [
        (
            NoPermissionError(f"{ANNOTATED} pipeline caused error: this user has no permissions"),
            NotAllowed,
            "this user has no permissions",
        ),
        (
            ResponseError(f"{ANNOTATED} pipeline caused error: wrong number of arguments"),
            BrokerError,
            "wrong number of arguments",
        ),
    ],
)
def test_an_error_never_repeats_the_arguments_of_a_command(error, wanted, said):
    """redis-py puts the first characters of them in front of what the broker said."""
    found = translated(error)
    # Of redis-py's own classes only what is unknown to us is passed on as it is.
    assert type(found) is wanted
    assert said in str(found)
    assert "XADD" not in str(found)
    assert "123456782" not in str(found)


async def test_who_takes_connections_and_does_not_answer_is_told_apart_and_in_time():
    """Commands are what an operator looks with: they must not hang with the broker."""

    async def silent(reader, writer):
        with contextlib.suppress(asyncio.CancelledError):
            await reader.read()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        async with asyncio.timeout(20):
            with pytest.raises(BrokerMissing, match="takes connections and did not answer"):
                await connect(f"redis://127.0.0.1:{port}", wait_s=0.2)
    finally:
        server.close()
