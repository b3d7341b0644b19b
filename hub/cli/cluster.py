"""`seinhuis cluster`: a cluster on this machine, with the hub and some traffic on it."""

import asyncio
import contextlib
import json
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from hub.cli import output
from hub.cli.exits import Exit
from hub.cli.failing import Stop
from hub.cli.options import AsJson, Config, settings_from
from hub.cli.running import run

if TYPE_CHECKING:
    from handlers.rulebook import Rulebook
    from hub.bootstrap import Hub
    from hub.config import Settings
    from hub.local_cluster import LocalCluster

_FOLDER: Final = Path("data/cluster")
_PORT: Final = 7001
_NODES: Final = 6
_LOOK_S: Final = 0.1
_AWAY_S: Final = 10


def cluster(
    *,
    once: Annotated[
        bool, typer.Option("--once", help="Exit when the traffic is handled; else stay up.")
    ] = False,
    events: Annotated[int, typer.Option("--events", min=0, help="Events of the traffic.")] = 600,
    seed: Annotated[int, typer.Option("--seed", help="Another seed is other traffic.")] = 7,
    rate: Annotated[float, typer.Option("--rate", min=0.1, help="Events per second.")] = 50.0,
    port: Annotated[
        int, typer.Option("--port", min=1_024, max=55_530, help="First of six ports of 127.0.0.1.")
    ] = _PORT,
    data: Annotated[
        Path, typer.Option("--data", metavar="FOLDER", help="Folder of the cluster.")
    ] = _FOLDER,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Try a cluster here: three primaries, three replicas.

    Starts six of the bundled servers on this machine, the hub on them as it would be on a cluster
    of yours, and publishes a simulated day. It says which process is which, so that you can kill
    one (kill -9) and see another take over; it is started again ten seconds later. What is accepted
    is on a primary and on a replica (SEINHUIS_REPLICAS=1).

    For trying only: the six share one machine and one disk. The folder keeps its data until the
    next time. All people are made up.

    Exit codes: 0 done, or stopped with Ctrl-C; 2 the folder, a port or the role config cannot be
    used; 4 the cluster did not start, or was away for too long.
    """
    write = output.note if as_json else output.line
    asked = (events, seed, rate)
    report = run(_cluster(data, config, port, asked, once=once, write=write))
    if as_json:
        output.document(report)


async def _cluster(
    folder: Path,
    config: Path | None,
    port: int,
    asked: tuple[int, int, float],
    *,
    once: bool,
    write: Callable[[str], object],
) -> dict[str, Any]:
    from hub import log  # noqa: PLC0415 - not needed to say --help
    from hub.access import users  # noqa: PLC0415
    from hub.bootstrap import rulebook  # noqa: PLC0415
    from hub.data_folder import make_private_folder  # noqa: PLC0415
    from hub.local_cluster import LocalCluster  # noqa: PLC0415

    make_private_folder(folder)
    book = rulebook(settings_from(config=config))
    inboxes = [party.id for party in book.parties.values() if party.has_inbox]
    accounts = users(book.shards(), inboxes)
    servers = LocalCluster(folder / "nodes", users=accounts, ports=_ports(folder, port))
    stop = asyncio.Event()
    with (folder / "hub.log").open("a", encoding="utf-8") as file, _until_asked(stop):
        await asyncio.to_thread(servers.start)
        try:
            settings = settings_from(
                data=folder,
                config=config,
                keys=folder / "keys",
                log="json",
                broker=servers.url,
                broker_user="hub",
                broker_password=servers.address("hub").password,
                sealer_password=servers.address("sealer").password,
                replicas=1,
            )
            log.configure(json=True, level=settings.log_level, stream=file)
            for line in _where(servers, folder):
                write(line)
            output.flush()
            return await _hub(settings, book, servers, asked, stop, once=once, write=write)
        finally:
            await asyncio.to_thread(servers.stop)


async def _hub(
    settings: "Settings",
    book: "Rulebook",
    servers: "LocalCluster",
    asked: tuple[int, int, float],
    stop: asyncio.Event,
    *,
    once: bool,
    write: Callable[[str], object],
) -> dict[str, Any]:
    """Let the hub work on the cluster while events are published."""
    from hub.bootstrap import start  # noqa: PLC0415 - not needed to say --help
    from hub.tasks import cancelled  # noqa: PLC0415
    from hub.working import work  # noqa: PLC0415

    report: dict[str, Any] = {"events": asked[0], "sent": 0}
    async with start(settings, book) as hub:
        working = asyncio.create_task(work(hub, stop), name="worker")
        sending = asyncio.create_task(_send(hub, asked, report), name="traffic")
        keeping = asyncio.create_task(_keep(servers, write), name="nodes")
        try:
            await asyncio.wait({working, sending}, return_when=asyncio.FIRST_COMPLETED)
            if sending.done():
                sending.result()
                write(f"{report['sent']} events published and handled in {report['seconds']} s")
                if not once:
                    write("The cluster stays up. Ctrl-C stops it.")
                    output.flush()
                    await working
        finally:
            stop.set()
            await cancelled(sending)
            await cancelled(keeping)
            await working  # says why it stopped, unless it was asked to
    return report


async def _send(hub: "Hub", asked: tuple[int, int, float], report: dict[str, Any]) -> None:
    """Publish, and wait until all is handled."""
    from hub.cli.simulate import traffic  # noqa: PLC0415 - not needed to say --help
    from hub.errors import Unavailable  # noqa: PLC0415
    from hub.simulation.sending import Sending  # noqa: PLC0415

    events, seed, rate = asked

    def told(count: int) -> None:
        report["sent"] += count

    began = time.perf_counter()
    if events:
        await Sending(hub, rate=rate, told=told).run(traffic(hub.book, seed, events))
    waiting = 1
    while waiting:
        await asyncio.sleep(_LOOK_S)
        with contextlib.suppress(Unavailable):  # somebody may have killed a node
            shards = hub.book.shards().items()
            depths = [await hub.store.depths(shard, intakes) for shard, intakes in shards]
            waiting = sum(depth["intake"] for depth in depths)
    report["seconds"] = round(time.perf_counter() - began, 1)


async def _keep(servers: "LocalCluster", write: Callable[[str], object]) -> None:
    """Start a node again that ended, as systemd does it; late enough to see who takes over."""
    while True:
        await asyncio.sleep(_LOOK_S)
        for node in servers.nodes:
            if node.pid is None:
                write(f"node 127.0.0.1:{node.port} ended; it is started again in {_AWAY_S} s")
                output.flush()
                await asyncio.sleep(_AWAY_S)
                servers.start_node(node)


def _ports(folder: Path, first: int) -> list[int]:
    """Return the ports, the same as before: the nodes know each other by them."""
    from hub.embedded import look_at_port  # noqa: PLC0415 - not needed to say --help

    kept = folder / "ports.json"
    ports = list(range(first, first + _NODES))
    if kept.exists():
        before = json.loads(kept.read_bytes())
        if before != ports and first != _PORT:
            raise Stop(
                Exit.NOT_USABLE,
                f"the cluster in {folder} has ports {before[0]} to {before[-1]}: leave --port out,"
                " or name another folder with --data",
            )
        ports = before
    for port in ports:
        look_at_port(port)
    kept.write_text(json.dumps(ports), encoding="utf-8")
    return ports


def _where(servers: "LocalCluster", folder: Path) -> list[str]:
    from hub.data_folder import write_private  # noqa: PLC0415 - not needed to say --help

    password = folder / "hub.password"
    write_private(password, servers.address("hub").password)
    lines = ["A cluster of six, and the hub on it:", ""]
    for node, role in servers.roles():
        lines.append(f"  127.0.0.1:{node.port}  {role:<8} process {node.pid}, {node.folder}")
    return [
        *lines,
        "",
        "Kill one (kill -9 PROCESS): its replica takes over within seconds. It accepts again when",
        "the other is back, as its replica: what is accepted is always on two.",
        "In another terminal:",
        f"  export SEINHUIS_BROKER={servers.url}",
        f"  export SEINHUIS_BROKER_PASSWORD_FILE={password} SEINHUIS_DATA={folder}",
        f"  {output.program()} inbox gm0363",
        f"  {output.program()} doctor",
        "",
    ]


@contextlib.contextmanager
def _until_asked(stop: asyncio.Event) -> Iterator[None]:
    """Take Ctrl-C and SIGTERM as the wish to stop in good order."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    try:
        yield
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
