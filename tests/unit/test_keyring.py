"""The keyring in a file: never lost, never shown, never shared with who may not read it."""

import hashlib
import json
import os
import subprocess
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from hub.errors import HubError, NotFound, NotUsable, Unavailable
from hub.vault import keyring_file
from hub.vault.envelope import CannotOpen, key_id_of
from hub.vault.keyring import FileKeyring, Keyring, KeyringUnavailable
from hub.vault.keyring_file import KeyringFile

AT = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
DEK = bytes(range(32))
ORIGIN = "seinhuis.example/lokale-aanpak"


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "keys"


@pytest.fixture
def ring(folder) -> Keyring:
    return FileKeyring(folder, lambda: AT)


def secrets_of(folder) -> dict[str, str]:
    said = json.loads((folder / "keyring.json").read_text())
    return {key_id: entry["secret"] for key_id, entry in said["keys"].items()}


async def test_a_key_is_wrapped_under_the_key_of_its_owner(ring):
    """One batch for several owners; each comes back, in order."""
    wanted = [("gm0363", DEK), ("lro", DEK[::-1]), ("gm0363", bytes(32))]

    wrapped = await ring.wrap(wanted)

    assert ["gm0363.1", "lro.1", "gm0363.1"] == [key_id_of(each) for each in wrapped]
    assert [key for _, key in wanted] == await ring.unwrap(
        [(owner, each) for (owner, _), each in zip(wanted, wrapped, strict=True)]
    )


async def test_nothing_is_wrapped_twice_into_the_same_bytes(ring):
    """A nonce that came back would give keys away."""
    wrapped = await ring.wrap([("gm0363", DEK)] * 100)

    assert 100 == len(set(wrapped))


async def test_a_key_of_another_party_is_not_given(ring):
    """The keyring itself looks whose it is; it does not trust who asks to have looked."""
    (wrapped,) = await ring.wrap([("gm0363", DEK)])

    with pytest.raises(CannotOpen):
        await ring.unwrap([("gm0014", wrapped)])


async def test_keys_are_made_at_first_use_and_kept(ring, folder):
    """A new process opens what the last one sealed, and makes no new keys."""
    (wrapped,) = await ring.wrap([("gm0363", DEK)])
    before = secrets_of(folder)

    again = FileKeyring(folder)

    assert [DEK] == await again.unwrap([("gm0363", wrapped)])
    await again.wrap([("gm0363", DEK)])
    assert before == secrets_of(folder)


def test_looking_at_a_keyring_makes_nothing(ring, folder):
    """A command that only asks leaves no key and no folder behind."""
    assert [] == ring.names()
    assert [] == ring.take_created()
    assert not folder.exists()


async def test_a_key_is_on_disk_before_it_is_used(ring, folder, monkeypatch):
    """If it cannot be written, nothing is sealed with it, and trying again is safe."""

    def full(self, ring):
        raise self._away(OSError(28, "No space left on device"))

    with monkeypatch.context() as disk:
        disk.setattr(KeyringFile, "replace", full)
        with pytest.raises(Unavailable, match="no space left"):
            await ring.wrap([("gm0363", DEK)])
    assert not (folder / "keyring.json").exists()

    (wrapped,) = await ring.wrap([("gm0363", DEK)])
    assert [DEK] == await FileKeyring(folder).unwrap([("gm0363", wrapped)])


async def test_file_and_folder_are_flushed_before_a_key_is_given(ring, folder, monkeypatch):
    """The file with its bytes, then the folder with its name; both before anybody has the key."""
    flushed = []

    def fsync(handle):
        flushed.append(str(Path(f"/proc/self/fd/{handle}").readlink()))

    monkeypatch.setattr(keyring_file.os, "fsync", fsync)
    ring.pseudonym_keys()

    parent, file, name = flushed
    assert str(folder.parent) == parent
    assert str(folder / "keyring.json.new") == file
    assert str(folder) == name


def test_only_the_owner_can_read_it_whatever_the_umask(ring, folder):
    """Folder 0700, every file 0600."""
    before = os.umask(0)
    try:
        ring.pseudonym_keys()
    finally:
        os.umask(before)

    assert 0o700 == folder.stat().st_mode & 0o777
    assert {"keyring.json": 0o600, "keyring.lock": 0o600} == {
        path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()
    }


def test_what_a_crash_left_behind_opens_nothing_to_others(ring, folder):
    """A half-written file is written over; its mode does not become that of the keyring."""
    folder.mkdir(mode=0o700)
    left = folder / "keyring.json.new"
    left.write_bytes(b"x" * 10_000)
    left.chmod(0o644)

    ring.pseudonym_keys()

    assert 0o600 == (folder / "keyring.json").stat().st_mode & 0o777
    assert ["pseudonym.1"] == [key.id for key in FileKeyring(folder).names()]


@pytest.mark.parametrize(("name", "mode"), [(".", 0o750), ("keyring.json", 0o604)])
def test_a_keyring_that_others_can_read_is_refused(ring, folder, name, mode):
    """At start, with the command that mends it; and its keys are to be replaced."""
    ring.pseudonym_keys()
    (folder / name).chmod(mode)

    with pytest.raises(NotUsable, match=r"chmod [67]00 .*rotate"):
        FileKeyring(folder)


async def test_a_keyring_that_is_opened_to_others_later_stops_the_work(ring, folder):
    """It is looked at again; until it is closed, events wait."""
    await ring.wrap([("gm0363", DEK)])
    (folder / "keyring.json").chmod(0o644)

    with pytest.raises(KeyringUnavailable, match="chmod 600"):
        await ring.wrap([("gm0363", DEK)])

    (folder / "keyring.json").chmod(0o600)
    await ring.wrap([("gm0363", DEK)])


def test_a_keyring_of_another_user_is_refused(ring, folder, monkeypatch):
    """Root would leave files that the hub cannot read."""
    ring.pseudonym_keys()
    monkeypatch.setattr(keyring_file.os, "geteuid", lambda: 12_345)

    with pytest.raises(NotUsable, match="run this as that user"):
        FileKeyring(folder)


BROKEN = {
    "empty": b"",
    "cut off": b'{"format": "seinhuis-keyring-v1", "keys": {"gm0363.1": {"made_at"',
    "a list": b"[]",
    "no keys": b'{"format": "seinhuis-keyring-v1"}',
    "newer": b'{"format": "seinhuis-keyring-v9", "keys": {}, "unrecorded": []}',
    "short secret": json.dumps(
        {
            "format": "seinhuis-keyring-v1",
            "keys": {"gm0363.1": {"made_at": AT.isoformat(), "secret": "c2VjcmV0"}},
            "unrecorded": [],
        }
    ).encode(),
    "a name that is none": json.dumps(
        {
            "format": "seinhuis-keyring-v1",
            "keys": {"gm0363": {"made_at": AT.isoformat(), "secret": "A" * 43 + "="}},
            "unrecorded": [],
        }
    ).encode(),
}


@pytest.mark.parametrize("data", BROKEN.values(), ids=BROKEN)
def test_a_broken_keyring_is_refused_and_left_as_it_is(folder, data):
    """To write a new one in its place would lose every copy that is on its way."""
    folder.mkdir(mode=0o700)
    file = folder / "keyring.json"
    file.touch(mode=0o600)
    file.write_bytes(data)

    with pytest.raises(NotUsable, match="Put back its backup"):
        FileKeyring(folder)
    assert data == file.read_bytes()


async def test_a_keyring_that_breaks_under_a_running_hub_makes_it_wait(ring, folder):
    """Nothing is sealed and nothing written until the backup is back; then it goes on."""
    (wrapped,) = await ring.wrap([("gm0363", DEK)])
    good = (folder / "keyring.json").read_bytes()
    (folder / "keyring.json").write_bytes(good[:50])

    for attempt in (ring.wrap([("lro", DEK)]), ring.rotate("gm0363"), ring.retire("gm0363.1")):
        with pytest.raises(KeyringUnavailable):
            await attempt
    assert good[:50] == (folder / "keyring.json").read_bytes()

    (folder / "keyring.json").write_bytes(good)
    assert [DEK] == await ring.unwrap([("gm0363", wrapped)])


@pytest.mark.parametrize("owner", ["gm0363", "lro"])
async def test_a_lost_keyring_is_not_made_anew_under_a_running_hub(ring, folder, owner):
    """An unmounted folder must not end in two keys of one name."""
    await ring.wrap([("gm0363", DEK)])
    (folder / "keyring.json").unlink()

    with pytest.raises(KeyringUnavailable, match="no new keys"):
        await ring.wrap([(owner, DEK)])
    assert not (folder / "keyring.json").exists()


async def test_what_another_process_made_is_seen(folder):
    """Two keyrings on one folder: each uses the keys of the other, from the next call on."""
    first, second = FileKeyring(folder), FileKeyring(folder)

    (wrapped,) = await first.wrap([("gm0363", DEK)])

    assert [DEK] == await second.unwrap([("gm0363", wrapped)])
    assert "gm0363.2" == await second.rotate("gm0363")
    assert "gm0363.2" == key_id_of((await first.wrap([("gm0363", DEK)]))[0])
    await second.retire("gm0363.1")
    with pytest.raises(CannotOpen):
        await first.unwrap([("gm0363", wrapped)])


async def test_a_key_is_looked_for_in_the_file_before_it_is_said_to_be_gone(folder, monkeypatch):
    """A file system with coarse times may hide a change; the last look does not rely on them."""
    first, second = FileKeyring(folder), FileKeyring(folder)
    await first.wrap([("lro", DEK)])
    monkeypatch.setattr(KeyringFile, "stamp", lambda _: (0, 0, 0, 0))
    second.names()
    (wrapped,) = await first.wrap([("gm0363", DEK)])

    assert [DEK] == await second.unwrap([("gm0363", wrapped)])
    assert [("gm0363.1", True), ("lro.1", True)] == [(k.id, k.in_force) for k in second.names()]


MAKE = """
import asyncio, sys
from pathlib import Path
from hub.vault.keyring import FileKeyring

async def main(folder, mine):
    ring = FileKeyring(Path(folder))
    print("ready", flush=True)
    sys.stdin.readline()
    for number in range(20):
        for owner in (f"gm{number:04d}", f"{mine}-{number}"):
            (wrapped,) = await ring.wrap([(owner, bytes(32))])
            print(owner, wrapped.hex())
        ring.recorded([f"{mine}-{number}.1"])

asyncio.run(main(*sys.argv[1:]))
"""


async def test_processes_that_make_keys_at_once_lose_none(folder):
    """Every key that any of them used is in the file, once; and each opens with it."""
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", MAKE, str(folder), mine],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for mine in ("lro", "ggz", "dji")
    ]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:  # all at once
        process.stdin.write("go\n")
        process.stdin.flush()
    used = []
    for process in processes:
        out, _ = process.communicate(timeout=60)
        assert process.returncode == 0
        used += [line.split() for line in out.splitlines()]

    ring = FileKeyring(folder)
    assert 3 * 40 == len(used)
    assert [bytes(32)] * len(used) == await ring.unwrap(
        [(owner, bytes.fromhex(wrapped)) for owner, wrapped in used]
    )
    assert sorted({owner for owner, _ in used}) == [key.owner for key in ring.names()]
    assert {f"gm{number:04d}.1" for number in range(20)} == set(ring.take_created())


def test_threads_that_make_keys_at_once_lose_none(folder):
    """The sealer asks from a thread of its own."""
    ring, made = FileKeyring(folder), []
    threads = [threading.Thread(target=lambda: made.append(ring.signer(ORIGIN))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert {"log.1"} == {signer.id for signer in made}
    assert 1 == len({signer.public_key for signer in made})


async def test_a_process_that_keeps_the_lock_is_not_waited_for_for_ever(ring, folder, monkeypatch):
    """The work fails with something that may be tried again."""
    monkeypatch.setattr(keyring_file, "_LOCK_WAIT_S", 0.0)

    with KeyringFile(folder).changing(), pytest.raises(KeyringUnavailable):
        await ring.wrap([("gm0363", DEK)])


async def test_a_rotated_key_is_in_force_and_the_old_one_still_opens(ring):
    """Rotation makes nothing unreadable; the number goes up."""
    (old,) = await ring.wrap([("gm0363", DEK)])

    assert "gm0363.2" == await ring.rotate("gm0363")

    (new,) = await ring.wrap([("gm0363", DEK)])
    assert "gm0363.2" == key_id_of(new)
    assert [DEK, DEK] == await ring.unwrap([("gm0363", old), ("gm0363", new)])
    assert [("gm0363.2", True), ("gm0363.1", False)] == [(k.id, k.in_force) for k in ring.names()]


async def test_the_highest_number_is_in_force_whatever_the_order_of_the_file(ring, folder):
    """Ten comes after nine, also in a file that somebody sorted by name."""
    await ring.wrap([("gm0363", DEK)])
    for _ in range(9):
        await ring.rotate("gm0363")
    file = folder / "keyring.json"
    said = json.loads(file.read_text())
    said["keys"] = dict(sorted(said["keys"].items()))
    file.write_text(json.dumps(said))

    again = FileKeyring(folder)

    assert "gm0363.10" == key_id_of((await again.wrap([("gm0363", DEK)]))[0])
    assert ["gm0363.10", "gm0363.9"] == [key.id for key in again.names()][:2]
    assert "gm0363.11" == await again.rotate("gm0363")


async def test_a_retired_key_opens_nothing_and_its_name_never_comes_back(ring, folder):
    """A second key of that name would not open what the first one sealed."""
    (old,) = await ring.wrap([("gm0363", DEK)])
    await ring.rotate("gm0363")

    await ring.retire("gm0363.1")

    with pytest.raises(CannotOpen, match="retired"):
        await ring.unwrap([("gm0363", old)])
    assert ["gm0363.2"] == list(secrets_of(folder))
    assert "gm0363.3" == await ring.rotate("gm0363")


async def test_the_key_in_force_is_not_retired(ring):
    """The message says what to do first."""
    (wrapped,) = await ring.wrap([("gm0363", DEK)])

    with pytest.raises(NotUsable, match="keys rotate gm0363"):
        await ring.retire("gm0363.1")
    with pytest.raises(NotFound):
        await ring.retire("gm0363.7")
    assert [DEK] == await ring.unwrap([("gm0363", wrapped)])


async def test_the_making_of_every_key_comes_on_record_also_after_a_crash(ring, folder):
    """Until somebody says that it is, each next process gets it again; retired or not."""
    await ring.wrap([("gm0363", DEK), ("hub", DEK)])
    await ring.rotate("gm0363")
    await ring.retire("gm0363.1")

    after_crash = FileKeyring(folder)

    assert ["gm0363.1", "hub.1", "gm0363.2"] == after_crash.take_created()
    after_crash.recorded(["gm0363.1", "gm0363.2"])
    after_crash.recorded(["gm0363.1", "never-made.1"])
    assert ["hub.1"] == ring.take_created()


def test_the_pseudonym_keys_are_given_newest_first(ring):
    """The newest is the one that new records get; the others still find the old records."""
    ((first, secret),) = ring.pseudonym_keys()

    assert "pseudonym.1" == first
    assert 32 == len(secret)


async def test_an_old_pseudonym_key_still_finds(ring):
    """After a rotation both are there, as they were."""
    (old,) = ring.pseudonym_keys()
    await ring.rotate("pseudonym")

    new, kept = ring.pseudonym_keys()
    assert old == kept
    assert "pseudonym.2" == new[0]
    assert old[1] != new[1]


@pytest.mark.parametrize("owner", ["pseudonym", "log"])
async def test_no_copy_is_wrapped_under_a_key_with_another_use(ring, owner):
    """One key, one use (NIST SP 800-57 part 1, 5.2)."""
    with pytest.raises(NotUsable):
        await ring.wrap([(owner, DEK)])
    assert [] == ring.names()


@pytest.mark.parametrize("owner", ["", "GM0363", "gm 0363", "../keys", "gm0363\n", "gm.0363"])
async def test_what_is_no_party_gets_no_key(ring, owner):
    """An owner is part of the name of a key: it has the form of a party."""
    for attempt in (ring.wrap([(owner, DEK)]), ring.rotate(owner)):
        with pytest.raises(NotUsable):
            await attempt
    assert [] == ring.names()


def test_the_log_signs_with_ed25519_and_names_its_key_as_c2sp_says(ring):
    """Key id: the first four bytes of SHA-256 over name, newline, 0x01 and the public key."""
    signer = ring.signer(ORIGIN)

    Ed25519PublicKey.from_public_bytes(signer.public_key).verify(signer.sign(b"a note"), b"a note")
    named = ORIGIN.encode() + b"\n\x01" + signer.public_key
    assert hashlib.sha256(named).digest()[:4] == signer.key_id
    assert (ORIGIN, "log.1") == (signer.name, signer.id)


async def test_after_a_rotation_the_log_has_both_signers(ring):
    """The next checkpoint is signed by both, so that who knows the old key can follow."""
    old = ring.signer(ORIGIN)
    await ring.rotate("log")

    assert ["log.2", "log.1"] == [signer.id for signer in ring.signers(ORIGIN)]
    assert [ring.signer(ORIGIN).public_key, old.public_key] == ring.log_keys(ORIGIN)


async def test_a_retired_key_of_the_log_is_still_told_to_who_verifies(ring, folder):
    """What it signed stays in the log for ever; only its public half is kept."""
    old = ring.signer(ORIGIN).public_key
    secret = secrets_of(folder)["log.1"]
    await ring.rotate("log")
    await ring.retire("log.1")

    again = FileKeyring(folder)
    assert ["log.2"] == [signer.id for signer in again.signers(ORIGIN)]
    assert [ring.signer(ORIGIN).public_key, old] == again.log_keys(ORIGIN)
    assert secret not in (folder / "keyring.json").read_text()


async def test_public_halves_of_a_lost_keyring_are_kept_once(ring, folder):
    """So that `key.pub` goes on to list who signed before."""
    lost = FileKeyring(folder.with_name("lost")).signer(ORIGIN).public_key
    ring.keep_log_keys([lost])
    ring.keep_log_keys([lost])

    assert [ring.signer(ORIGIN).public_key, lost] == FileKeyring(folder).log_keys(ORIGIN)


async def test_what_is_told_of_a_key_is_its_use_and_when_it_was_made(ring):
    """And not the key."""
    await ring.wrap([("gm0363", DEK), ("hub", DEK)])
    ring.signer(ORIGIN)
    ring.pseudonym_keys()

    assert ["copies", "held", "checkpoints", "pseudonyms"] == [key.use for key in ring.names()]
    assert {AT} == {key.made_at for key in ring.names()}


async def test_no_secret_is_ever_printed(ring, folder):
    """Not by a repr, not by an error, also not by what an error was raised from."""
    await ring.wrap([("gm0363", DEK)])
    ring.pseudonym_keys()
    signer = ring.signer(ORIGIN)
    secrets = secrets_of(folder).values()
    key = next(iter(KeyringFile(folder).read().keys.values()))
    printed = [repr(ring), repr(ring._held), repr(signer), repr(ring.names()), repr(key)]
    file = folder / "keyring.json"
    file.write_text(file.read_text()[:-2])
    with pytest.raises(HubError) as caught:
        FileKeyring(folder)
    error: BaseException | None = caught.value
    while error is not None:
        printed.append(repr(vars(error)) + repr(error.args))
        error = error.__cause__ or error.__context__

    assert 3 == len(secrets)
    for secret in secrets:
        assert not [text for text in printed if secret in text]
        assert repr(key.secret) not in "".join(printed)
