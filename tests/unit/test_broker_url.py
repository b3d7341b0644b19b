"""The address of a broker, taken apart; and never repeated in what is said about it."""

import pytest

from hub.broker_url import BrokerUrl, Kind, parse
from hub.config import settings
from hub.errors import NotUsable


def test_each_kind_of_address_says_where_its_servers_are():
    """One server, Sentinel and a cluster; with and without ports."""
    assert parse("unix:///run/broker.sock") == BrokerUrl(Kind.SINGLE, (), tls=False)
    assert parse("redis://a") == BrokerUrl(Kind.SINGLE, (("a", 6379),), tls=False)
    assert parse("redis+cluster://a:7001,b") == BrokerUrl(
        Kind.CLUSTER, (("a", 7001), ("b", 6379)), tls=False
    )
    assert parse("redis+sentinel://a,b:5/zaak") == BrokerUrl(
        Kind.SENTINEL, (("a", 26379), ("b", 5)), tls=False, service="zaak"
    )


def test_tls_login_and_options_are_of_all_servers():
    """And a single server of it is named with the options, without the password."""
    place = parse("rediss+cluster://us%3Aer:p%40ss@a:1,[::1]:2?ssl_ca_certs=/etc/ca.pem")
    assert (True, "us:er", "p@ss") == (place.tls, place.user, place.password)
    assert (("a", 1), ("::1", 2)) == place.hosts
    assert "rediss://[::1]:2?ssl_ca_certs=/etc/ca.pem" == place.single(place.hosts[1])


def test_a_password_is_not_shown():
    """Also not by accident, in a traceback or a log."""
    assert "geheim" not in repr(parse("redis+sentinel://:geheim@a/zaak"))


@pytest.mark.parametrize(
    "url",
    [
        "a:6379",
        "http://a",
        "unix://",
        "unix+cluster:///a",
        "redis+raft://a",
        "redis://",
        "redis+cluster://a:1,:2",
        "redis+cluster://a:1,,b:2",
        "redis+cluster://a:port",
        "redis+cluster://a:1/0",
        "redis+sentinel://a:1",
    ],
)
def test_what_is_no_address_is_refused_without_repeating_it(url: str):
    """It may hold a password."""
    with pytest.raises(ValueError, match=r"^[^@]+$") as caught:
        parse(url)
    with pytest.raises(NotUsable, match="is a URL: redis://HOST:PORT"):
        settings({"SEINHUIS_BROKER": url})
    assert url not in str(caught.value)


def test_replicas_is_a_whole_number():
    """The default is none: one server needs no setting."""
    assert 0 == settings({}).replicas
    assert 2 == settings({"SEINHUIS_REPLICAS": "2"}).replicas
    with pytest.raises(NotUsable, match="SEINHUIS_REPLICAS"):
        settings({"SEINHUIS_REPLICAS": "one"})
