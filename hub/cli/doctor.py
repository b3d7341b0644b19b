"""`seinhuis doctor`: what is right and wrong here, each with the way out."""

from typing import Final

from hub.cli import output
from hub.cli.exits import Exit
from hub.cli.failing import Stop
from hub.cli.options import AsJson, Broker, Config, Data, settings_from
from hub.cli.running import run
from hub.cli.symptoms import FAIL, WARN, Finding, of_hub, of_installation
from hub.cli.symptoms_ledger import of_keyring, of_ledger

_SHOWN: Final = {"ok": "ok   ", WARN: "warn ", FAIL: "FAIL "}


def doctor(
    *,
    data: Data = None,
    config: Config = None,
    broker: Broker = None,
    as_json: AsJson = False,
) -> None:
    """Check this installation, and the hub that runs.

    Python and what it needs, the data folder and its rights, the role config; and if a hub runs:
    its broker, the settings that keep messages safe, the functions, whether a worker reads, and
    how much waits in each shard. Then the keyring, the disk, the ledger, whether it is sealed and
    published, and retention. Each line is ok, warn or FAIL, with the way out. Changes nothing.

    Exits with 0 when nothing failed, 2 when something of the installation did, 4 when a broker
    should answer and does not.
    """
    settings = settings_from(data=data, config=config, broker=broker)
    found: list[Finding] = []

    def tell(finding: Finding) -> None:
        found.append(finding)
        if as_json:
            output.document(finding.document())
            return
        output.line(f"{_SHOWN[finding.status]} {finding.check:<12} {finding.what}")
        if finding.way_out:
            output.line(f"{'':18} -> {finding.way_out}")

    for finding in of_installation(settings):
        tell(finding)
    run(of_hub(settings, tell, of_keyring))
    for finding in of_ledger(settings):
        tell(finding)
    failed = [finding for finding in found if finding.status == FAIL]
    if failed:
        no_hub = all(finding.check == "broker" for finding in failed)
        raise Stop(
            Exit.NO_HUB if no_hub else Exit.NOT_USABLE,
            f"{output.plural(len(failed), 'check')} failed, see above",
        )
