"""The command at a hub that runs: send and wait, act on an inbox, and mend what is held."""

import json
import signal
import subprocess
import time

import pytest
from typer.testing import CliRunner

from hub import bootstrap
from hub.cli.app import app
from hub.cli.exits import Exit
from hub.desk import Desk
from hub.errors import Unavailable
from hub.roles import default_folder, load
from tests.builders import a_safety_report, a_signal, an_event
from tests.integration.hub_process import SEINHUIS, environment, hub_process

pytestmark = pytest.mark.broker

LIV = a_safety_report()["source"]


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    """One hub for all tests of this file; each test sends events of its own."""
    with hub_process(tmp_path_factory.mktemp("cli") / "data") as running:
        yield running


@pytest.fixture(autouse=True, scope="module")
def _loaded_once():
    """The role config is the same for every call: read it once."""
    config = load(default_folder())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bootstrap, "load", lambda _: config)
        yield


@pytest.fixture
def seinhuis(hub):
    """Run a command at the hub; return the result, and its documents when it was asked for JSON."""

    def call(*words, given=None, as_json=True):
        text = "\n".join(json.dumps(event) for event in given) if given is not None else None
        flags = ["--json"] if as_json else []
        result = CliRunner().invoke(app, [*words, "--data", str(hub.data), *flags], input=text)
        if not as_json:
            return result
        return result, [json.loads(line) for line in result.stdout.splitlines()]

    return call


def error_of(result):
    """Return the error that a program reads; nothing else is on stderr."""
    (line,) = result.stderr.splitlines()
    return json.loads(line)


def test_send_waits_and_shows_every_verdict(seinhuis):
    result, (found,) = seinhuis("send", "-", "--wait", given=[a_signal(id="cli-1")])

    assert result.exit_code == Exit.DONE
    assert (found["sender"], found["result"]) == ("ind", "decided")
    parties = {v["party"]: v for v in found["verdicts"] if v["outcome"] == "forward"}
    assert set(parties) == {"gm0363", "lro", "zvh-amsterdam-amstelland"}
    assert parties["gm0363"]["legal_basis"] == "wet-pga"


def test_a_person_sees_the_verdicts_as_a_table(seinhuis):
    result = seinhuis("send", "-", "--wait", given=[a_signal(id="cli-2")], as_json=False)

    assert result.exit_code == Exit.DONE
    assert "ind-signaal-gemeente" in result.stdout
    assert "gm0363 may see also: betrokkene (bsn" in result.stdout


def test_the_same_event_again_is_told_to_be_a_duplicate_and_is_decided_once(seinhuis):
    """Also twice in one file: each has its own answer."""
    event = a_signal(id="cli-3")
    result, found = seinhuis("send", "-", "--wait", given=[event, event])
    _, again = seinhuis("send", "-", "--wait", given=[event])

    assert result.exit_code == Exit.DONE
    assert [each["result"] for each in found] == ["decided", "duplicate"]
    assert [each["result"] for each in again] == ["duplicate"]


def test_an_invalid_event_is_not_sent_and_the_others_are(seinhuis):
    wrong = a_signal(id="cli-4", **{"data.urgentie": "direct", "data.fase": "later"})
    result, found = seinhuis("send", "-", "--wait", given=[wrong, a_safety_report(id="cli-5")])

    assert result.exit_code == Exit.REFUSED
    assert [(each["event"], each["result"]) for each in found] == [(1, "invalid"), (2, "decided")]
    assert {p["place"] for p in found[0]["problems"]} == {"data.urgentie", "data.fase"}
    _, dead = seinhuis("dead", "--shard", "ind")
    assert "cli-4" not in str(dead)


def test_what_the_hub_refuses_comes_back_with_its_problems_and_lies_in_dead(seinhuis):
    """The IND may not send a veiligheidsmelding: valid, and not allowed."""
    event = an_event("signalen.veiligheidsmelding-gedaan", id="cli-6")
    event["source"] = a_signal()["source"]
    event["data"]["verzender"] = a_signal()["data"]["verzender"]
    result, (found,) = seinhuis("send", "-", "--wait", given=[event])

    assert result.exit_code == Exit.REFUSED
    assert found["result"] == "refused"
    assert [p["place"] for p in found["problems"]] == ["type"]
    _, dead = seinhuis("dead", "--shard", "ind")
    (entry,) = [each for each in dead if each["message"] == found["message"]]
    assert entry["problems"] == found["problems"]
    name = f"ind/{entry['entry']}"
    again, _ = seinhuis("dead", "decide-again", name, "--reason", "ticket-1")
    assert again.exit_code == Exit.REFUSED
    assert error_of(again)["problems"] == found["problems"]
    gone, (done,) = seinhuis("dead", "discard", name, "--reason", "ticket-1")
    assert (gone.exit_code, done["discarded"]) == (Exit.DONE, True)
    assert seinhuis("dead", "show", name)[0].exit_code == Exit.NOT_FOUND


def test_an_oin_of_nobody_is_told_before_anything_is_sent(seinhuis):
    event = a_signal(source="urn:nld:oin:00000099777777777000:systeem:x")
    event["data"]["verzender"]["oin"] = "00000099777777777000"
    result, (found,) = seinhuis("send", "-", given=[event])

    assert result.exit_code == Exit.REFUSED
    assert [p["place"] for p in found["problems"]] == ["source"]


@pytest.fixture
def delivered(seinhuis, request):
    """A message in the inbox of gm0363, of this test alone; its name."""
    event_id = f"cli-{request.node.name[:60]}"
    _, (found,) = seinhuis("send", "-", "--wait", given=[a_signal(id=event_id)])
    return found["message"]


def test_a_message_goes_from_delivered_to_fed_back_and_the_sender_is_told(seinhuis, delivered):
    inbox = ("inbox", "gm0363")

    def now(*words):
        result, (mail,) = seinhuis(*inbox, words[0], delivered[:12], *words[1:])
        assert result.exit_code == Exit.DONE
        return mail["state"]

    assert now("show") == "delivered"
    assert now("open") == "opened"
    assert now("acknowledge") == "acknowledged"
    assert now("take-up", "--case", "Z-2026-1") == "taken-up"
    assert now("feed-back", "--level", "in-behandeling") == "taken-up"
    _, mails = seinhuis(*inbox, "--limit", "1000")
    (mail,) = [each for each in mails if each["message"] == delivered]
    assert (mail["state"], mail["overdue"]) == ("taken-up", False)
    _, notices = seinhuis("inbox", "ind", "--limit", "1000")
    types = [each["type"] for each in notices if each["state"] == "notice"]
    assert {"berichten.ingezien", "berichten.opgepakt"} <= set(types)


def test_showing_changes_nothing_and_says_how_it_got_here(seinhuis, delivered):
    result, (mail,) = seinhuis("inbox", "gm0363", "show", delivered)
    person = seinhuis("inbox", "gm0363", "show", delivered, as_json=False)
    _, (again,) = seinhuis("inbox", "gm0363", "show", delivered)

    assert result.exit_code == Exit.DONE
    assert (mail["rule"], mail["legal_basis"]) == ("ind-signaal-gemeente", "wet-pga")
    assert (mail["sealed"], "event" in mail) == (True, False)
    assert "rule ind-signaal-gemeente on wet-pga, for signaleren" in person.stdout
    assert f"seinhuis inbox gm0363 open {delivered[:8]}" in person.stdout
    assert "Voorbeeldin" not in person.stdout
    assert again["state"] == "delivered"


def records_of(hub, shard, event, thing):
    """Return the records of this event about this thing, as they stand on the broker."""
    with hub.login("hub") as client:
        entries = client.xrange(f"hub:{{{shard}}}:audit")
    found = [json.loads(fields[b"record"]) for _, fields in entries]
    return [each for each in found if (each["event"], each["object"]["id"]) == (event, thing)]


def test_opening_shows_the_content_and_each_time_is_on_record(hub, seinhuis, delivered):
    """As data and for a person; the state changes once, and the record names who opened it."""
    result, (first,) = seinhuis("inbox", "gm0363", "open", delivered)
    person = seinhuis("inbox", "gm0363", "open", delivered, as_json=False)

    assert (result.exit_code, person.exit_code) == (Exit.DONE, Exit.DONE)
    assert (first["state"], first["changed"]) == ("opened", True)
    assert first["event"]["data"]["betrokkene"]["naam"] == "Sami Voorbeeldin"
    assert "naam: Sami Voorbeeldin" in person.stdout
    assert "on record" in person.stderr
    opened = records_of(hub, "ind", "opened", f"gm0363:{delivered}")
    assert [(each["actor"]["id"], each["result"]) for each in opened] == [
        ("gm0363", "ok"),
        ("gm0363", "again"),
    ]


def test_what_may_not_be_opened_any_more_says_why(seinhuis, delivered):
    """Who refused a copy gave it back."""
    seinhuis("inbox", "gm0363", "refuse", delivered, "--code", "dubbel")
    result, _ = seinhuis("inbox", "gm0363", "open", delivered)

    assert result.exit_code == Exit.REFUSED
    assert "it is refused" in error_of(result)["problems"][0]["rule"]


def test_a_notice_with_text_is_sealed_until_its_sender_opens_it(hub, seinhuis, delivered):
    """It is listed without its words; opening it is on record, and told to nobody."""
    seinhuis("inbox", "gm0363", "take-up", delivered, "--case", "Z-2026-99")
    _, notices = seinhuis("inbox", "ind", "--state", "notice", "--limit", "1000")
    notice = notices[-1]["message"]
    listed = seinhuis("inbox", "ind", "--state", "notice", as_json=False)
    _, (shown,) = seinhuis("inbox", "ind", "show", notice)
    before = [len(seinhuis("inbox", who, "--limit", "9999")[1]) for who in ("ind", "gm0363")]
    result, (opened,) = seinhuis("inbox", "ind", "open", notice)

    assert (notices[-1]["type"], notices[-1]["sealed"]) == ("berichten.opgepakt", True)
    row = next(text for text in listed.stdout.splitlines() if text.startswith(notice[:8]))
    assert row.split()[-2:] == ["opgepakt", "(sealed)"]
    assert "event" not in shown
    assert result.exit_code == Exit.DONE
    assert opened["event"]["data"]["zaakRef"] == "Z-2026-99"
    assert (opened["about"], opened["by"]) == (delivered, "gm0363")
    assert len(records_of(hub, "ind", "opened", f"ind:{notice}")) == 1
    after = [len(seinhuis("inbox", who, "--limit", "9999")[1]) for who in ("ind", "gm0363")]
    assert before == after


def test_a_notice_of_codes_is_shown_whole_without_an_opening(hub, seinhuis, delivered):
    """Show and open are the same for it; neither leaves a record."""
    seinhuis("inbox", "gm0363", "ack", delivered)
    _, notices = seinhuis("inbox", "ind", "--state", "notice", "--limit", "1000")
    notice = notices[-1]["message"]
    _, (shown,) = seinhuis("inbox", "ind", "show", notice)
    _, (opened,) = seinhuis("inbox", "ind", "open", notice)

    assert shown["event"]["data"]["betreft"] == {"shard": "ind", "bericht": delivered}
    assert opened["event"] == shown["event"]
    assert records_of(hub, "ind", "opened", f"ind:{notice}") == []


def test_an_act_twice_is_one_act(seinhuis, delivered):
    results = [seinhuis("inbox", "gm0363", "ack", delivered) for _ in range(2)]

    assert [mail["state"] for _, (mail,) in results] == ["acknowledged", "acknowledged"]
    assert [mail["changed"] for _, (mail,) in results] == [True, False]
    person = seinhuis("inbox", "gm0363", "ack", delivered, as_json=False)
    assert "this was done before; nothing changed" in person.stdout


def test_an_act_that_says_something_else_is_another_act(seinhuis, delivered):
    """Another case, another text: both are on record, and the sender hears of both."""

    def told():
        _, notices = seinhuis("inbox", "ind", "--limit", "1000")
        return len(notices)

    acts = [
        *(("take-up", "--case", case) for case in ("Z-1", "Z-2")),
        *(("feed-back", "--level", "inhoud", "--text", text) for text in ("plan a", "plan b")),
    ]
    for name, *words in acts:
        before = told()
        result, (mail,) = seinhuis("inbox", "gm0363", name, delivered, *words)
        assert (result.exit_code, mail["changed"], told() - before) == (Exit.DONE, True, 1), words


def test_a_second_refusal_with_another_code_says_that_nothing_changed(seinhuis, delivered):
    """The first code stands; this may not look as if the second did."""
    first, second = (
        seinhuis("inbox", "gm0363", "refuse", delivered, "--code", code, as_json=False)
        for code in ("niet-bevoegd", "dubbel")
    )

    assert "is now refused" in first.stdout
    assert "is refused: this was done before; nothing changed" in second.stdout


def test_an_act_that_the_hub_refuses_tells_why(seinhuis, delivered):
    seinhuis("inbox", "gm0363", "refuse", delivered, "--code", "niet-bevoegd")
    late, _ = seinhuis("inbox", "gm0363", "take-up", delivered)

    assert late.exit_code == Exit.REFUSED
    assert "it is refused" in error_of(late)["problems"][0]["rule"]


def test_passing_on_is_decided_by_the_role_config(seinhuis, delivered):
    result, _ = seinhuis("inbox", "gm0363", "pass-on", delivered, "--to", "zvh-utrecht")

    assert result.exit_code == Exit.REFUSED
    assert [p["place"] for p in error_of(result)["problems"]] == ["data.aan"]


def test_a_notice_can_be_ticked_off_and_nothing_else(seinhuis, delivered):
    seinhuis("inbox", "gm0363", "ack", delivered)
    _, mails = seinhuis("inbox", "ind", "--limit", "1000")
    notice = mails[-1]["message"]
    done = seinhuis("inbox", "ind", "ack", notice, as_json=False)
    refused, _ = seinhuis("inbox", "ind", "take-up", notice)

    assert "ticked off" in done.stdout
    assert refused.exit_code == Exit.NOT_USABLE


@pytest.mark.parametrize("party", ["lro", "zvh-amsterdam-amstelland"])
def test_a_group_and_a_house_act_on_their_own_copies(seinhuis, delivered, party):
    """A group has no OIN of its own: its secretary speaks for it, in the secretary's shard."""
    result, (mail,) = seinhuis("inbox", party, "ack", delivered)

    assert result.exit_code == Exit.DONE, result.stderr
    assert mail["state"] == "acknowledged"


def test_a_beginning_that_is_not_unique_or_not_there_is_told(seinhuis, delivered):
    seinhuis("send", "-", "--wait", given=[a_safety_report(id="cli-other")])
    many, _ = seinhuis("inbox", "gm0363", "show", "")
    none, _ = seinhuis("inbox", "gm0363", "show", "zz")
    nobody, _ = seinhuis("inbox", "gm036")

    assert many.exit_code == Exit.NOT_USABLE
    assert delivered[:8] in error_of(many)["error"]
    assert none.exit_code == nobody.exit_code == Exit.NOT_FOUND
    assert "perhaps: gm" in error_of(nobody)["error"]


def test_a_list_for_people_fits_in_eighty_columns_and_shows_no_content(seinhuis, delivered):
    result = seinhuis("inbox", "gm0363", as_json=False)

    assert delivered[:8] in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 80
    assert "Voorbeeldin" not in result.stdout


def test_a_notice_says_about_which_message_and_who_did_it(seinhuis, delivered):
    seinhuis("inbox", "gm0363", "ack", delivered)
    _, notices = seinhuis("inbox", "ind", "--state", "notice", "--limit", "1000")
    person = seinhuis("inbox", "ind", "--state", "notice", as_json=False)
    (notice,) = [n for n in notices if n["about"] == delivered]
    row = next(t for t in person.stdout.splitlines() if t.startswith(notice["message"][:8]))

    assert {each["state"] for each in notices} == {"notice"}
    assert (notice["type"], notice["by"]) == ("berichten.ontvangst-bevestigd", "gm0363")
    assert row.split()[-3:] == ["ontvangst-bevestigd", "gm0363", delivered[:8]]


def test_a_filter_that_finds_nothing_does_not_say_that_the_inbox_is_empty(seinhuis, delivered):
    wrong, _ = seinhuis("inbox", "gm0363", "--state", "read")
    none = seinhuis("inbox", "gm0363", "--overdue", as_json=False)
    empty = seinhuis("inbox", "gm1680", "--overdue", as_json=False)

    assert wrong.exit_code == Exit.NOT_USABLE
    for word in ("delivered", "opened", "acknowledged", "taken-up", "refused", "notice"):
        assert word in error_of(wrong)["error"]
    assert "none of its" in none.stdout
    assert "none of its" not in empty.stdout


@pytest.fixture
def held(seinhuis, request):
    """An entry that waits for a person because no gemeente follows from it; `SHARD/ENTRY`."""
    event = a_signal(id=f"cli-{request.node.name[:60]}", **{"data.gemeentecode": "0000"})
    _, (sent,) = seinhuis("send", "-", "--wait", given=[event])
    _, waiting = seinhuis("held", "--shard", "ind")
    (entry,) = [each for each in waiting if each["message"] == sent["message"]]
    return f"ind/{entry['entry']}"


def test_what_is_held_is_listed_with_its_reason_and_without_its_content(seinhuis, held):
    _, (found,) = seinhuis("held", "show", held)
    person = seinhuis("held", "show", held, as_json=False)

    assert {reason["reason"] for reason in found["held"]} == {"no-home-address"}
    assert "event" not in found
    assert "briefadres" in person.stdout
    assert f"seinhuis held release {held}" in person.stdout
    assert "Voorbeeldin" not in person.stdout


def test_the_content_is_shown_only_when_asked_for_and_with_a_warning(seinhuis, held):
    person = seinhuis("held", "show", held, "--content", as_json=False)

    assert "personal data" in person.stdout
    assert "Sami Voorbeeldin" in person.stdout


def test_who_sees_the_content_of_what_is_held_is_on_record(hub, seinhuis, held):
    """In the role of the operator, each time; the list and the reasons leave none."""
    seinhuis("held")
    seinhuis("held", "show", held)
    assert records_of(hub, "hub", "opened", held) == []

    _, (shown,) = seinhuis("held", "show", held, "--content")
    seinhuis("held", "show", held, "--content")

    opened = records_of(hub, "hub", "opened", held)
    assert [each["actor"] for each in opened] == [{"kind": "operator", "id": "operator"}] * 2
    assert {each["about"] for each in opened} == {shown["message"]}


def test_content_that_cannot_be_put_on_record_is_not_shown(seinhuis, held, monkeypatch):
    """Fail closed: no record, no content."""

    async def away(*_):
        raise Unavailable("the broker did not answer")

    monkeypatch.setattr(Desk, "look", away)
    result = seinhuis("held", "show", held, "--content", as_json=False)

    assert (result.exit_code, result.stdout) == (Exit.NO_HUB, "")


def test_a_released_event_is_in_the_inbox_of_the_party_that_was_named(seinhuis, held):
    _, (before,) = seinhuis("held", "show", held)
    rule = ("--rule", before["held"][0]["rule"])
    wrong, _ = seinhuis("held", "release", held, "--to", "gm9", "--reason", "t-2", *rule)
    unfit, _ = seinhuis("held", "release", held, "--to", "om", "--reason", "t-2", *rule)
    result, (done,) = seinhuis("held", "release", held, "--to", "gm0599", "--reason", "t-2", *rule)
    _, mails = seinhuis("inbox", "gm0599", "--limit", "1000")

    assert wrong.exit_code == unfit.exit_code == Exit.NOT_USABLE
    assert "(gemeente)" in error_of(unfit)["error"]
    assert result.exit_code == Exit.DONE
    assert done["delivered"] == ["gm0599"]
    assert done["still_held"] == 1  # the copy for the Zorg- en Veiligheidshuis of that gemeente
    _, (rest,) = seinhuis("held", "show", f"ind/{done['held_entry']}")
    assert (rest["message"], len(rest["held"])) == (before["message"], 1)
    assert before["message"] in {mail["message"] for mail in mails}
    _, (copy,) = seinhuis("inbox", "gm0599", "show", before["message"])
    assert copy["rule"] == rule[1]


def test_deciding_again_holds_anew_what_still_has_no_gemeente(seinhuis, held):
    result, (done,) = seinhuis("held", "decide-again", held, "--reason", "t-3")
    gone, _ = seinhuis("held", "show", held)

    assert result.exit_code == Exit.DONE
    assert done["still_held"] >= 1
    assert done["delivered"] == []  # the LRO had its copy at the first decision
    person = seinhuis(
        *("held", "decide-again", f"ind/{done['held_entry']}", "--reason", "t-3"), as_json=False
    )
    _, waiting = seinhuis("held", "--shard", "ind")
    assert person.stdout.startswith(f"ind/{done['held_entry']}: no new copies\n")
    assert person.stdout.split()[-1] in {f"ind/{each['entry']}" for each in waiting}
    assert gone.exit_code == Exit.NOT_FOUND


def test_delivering_again_what_was_never_decided_is_told_what_to_do(seinhuis, held):
    result, _ = seinhuis("held", "deliver-again", held, "--reason", "t-4")

    assert result.exit_code == Exit.NOT_USABLE
    assert "decide-again" in error_of(result)["error"]


def test_a_discarded_event_is_gone_and_its_sender_has_a_notice(seinhuis, held):
    _, before = seinhuis("inbox", "ind", "--limit", "1000")
    result, (done,) = seinhuis("held", "discard", held, "--reason", "t-5")
    _, after = seinhuis("inbox", "ind", "--limit", "1000")

    assert (result.exit_code, done["discarded"]) == (Exit.DONE, True)
    assert len(after) == len(before) + 1
    assert after[-1]["type"] == "berichten.geweigerd"
    _, (notice,) = seinhuis("inbox", "ind", "show", after[-1]["message"])
    (problem,) = notice["event"]["data"]["problemen"]
    assert "t-5" in problem["regel"]
    assert "anew" in problem["uitweg"]


def test_a_shard_that_does_not_exist_is_not_found(seinhuis):
    result, _ = seinhuis("held", "--shard", "indd")

    assert result.exit_code == Exit.NOT_FOUND


def test_doctor_finds_a_hub_that_works(seinhuis):
    result, found = seinhuis("doctor")
    by_check = {each["check"]: each for each in found}

    assert result.exit_code == Exit.DONE
    for check in ("broker", "settings", "functions", "worker", "data"):
        assert by_check[check]["status"] == "ok", by_check[check]
    assert sum(each["check"] == "shard" for each in found) == 16
    assert "Valkey" in by_check["broker"]["what"]


@pytest.fixture
def broker_only(embedded_broker, broker):
    """A broker that is ready, and no worker."""
    _ = broker
    words = ["--broker", embedded_broker.address().url]
    secrets = {"SEINHUIS_BROKER_PASSWORD": embedded_broker.address().password}
    return words, secrets


def test_without_a_worker_waiting_ends_with_a_clear_message_and_nothing_is_lost(broker_only):
    words, secrets = broker_only
    sent = ["send", "-", "--wait", "--timeout", "0.3", "--json", *words]
    result = CliRunner().invoke(app, sent, input=json.dumps(a_signal(id="cli-9")), env=secrets)

    assert result.exit_code == Exit.NO_HUB
    assert "sending again is safe" in error_of(result)["error"]


def test_doctor_finds_a_broker_without_hub(broker_only):
    words, secrets = broker_only
    result = CliRunner().invoke(app, ["doctor", "--json", *words], env=secrets)
    found = {d["check"]: d for d in map(json.loads, result.stdout.splitlines())}

    assert result.exit_code == Exit.NOT_USABLE
    assert found["functions"]["status"] == "fail"
    assert found["worker"]["way_out"] == f"start one: seinhuis up --broker {words[1]}"


@pytest.mark.slow
@pytest.mark.parametrize("asked", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_up_ends_with_0_when_it_is_asked_to_stop(asked, tmp_path):
    """And says where the broker listens before that; the log is JSON when asked for."""
    words = [SEINHUIS, "up", "--data", tmp_path / "data", "--json", "--log", "json"]
    with subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(), text=True
    ) as process:
        where = json.loads(process.stdout.readline())
        process.send_signal(asked)
        rest, log = process.communicate(timeout=30)

    assert (process.returncode, rest) == (0, "")
    assert where["ready"] is True
    assert where["tcp"] is None
    assert [json.loads(line)["event"] for line in log.splitlines()][-1] == "hub.stopped"


def test_a_second_hub_on_the_same_data_is_kept_out(hub):
    result = hub.command("up", "--log", "json")

    assert result.returncode == Exit.NO_HUB
    assert "another hub uses the data folder" in result.stderr


@pytest.mark.slow
def test_up_ends_with_a_reason_when_the_broker_is_gone(tmp_path):
    """Nobody asked it to stop: a supervisor must see that."""
    data = tmp_path / "data"
    with subprocess.Popen(
        [SEINHUIS, "up", "--data", data, "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
        text=True,
    ) as process:
        process.stdout.readline()
        server = json.loads((data / "broker.json").read_bytes())["pid"]
        subprocess.run(["kill", "-KILL", str(server)], check=True)
        deadline = time.monotonic() + 30
        while process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.05)
        process.kill()
        _, log = process.communicate()

    assert process.returncode in {Exit.UNEXPECTED, Exit.NO_HUB}
    assert "hub.failed" in log
    assert "Traceback" not in log
