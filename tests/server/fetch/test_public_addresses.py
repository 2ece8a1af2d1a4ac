"""Which addresses are public: a table, the same on every version of Python."""

import ipaddress

import pytest

from ir_build.server.fetch.public_addresses import is_public

NOT_PUBLIC = [
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "10.255.255.255",
    "100.64.0.1",
    "100.127.255.255",
    "127.0.0.1",
    "127.1.2.3",
    "168.63.129.16",
    "169.254.169.254",
    "169.254.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.192",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.0.1",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::2",
    "::127.0.0.1",
    "::8.8.8.8",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:0:0",
    "::ffff:0:127.0.0.1",
    "64:ff9b::127.0.0.1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b::10.1.2.3",
    "64:ff9b:1::8.8.8.8",
    "100::1",
    "fe80::1",
    "fe80::1%eth0",
    "febf::1",
    "fec0::1",
    "fc00::1",
    "fd00:ec2::254",
    "ff02::1",
    "ff0e::1",
    "2001::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "2001:2::1",
    "2001:10::1",
    "2001:20::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:a9fe:a9fe::",
    "2002:808:808::",
    "3fff::1",
    "5f00::1",
    "4000::1",
    "2a00:1450::5efe:10.0.0.1",
    "2a00:1450::200:5efe:127.0.0.1",
]

PUBLIC = [
    "1.1.1.1",
    "8.8.8.8",
    "9.255.255.255",
    "11.0.0.1",
    "100.63.255.255",
    "100.128.0.1",
    "126.255.255.255",
    "128.0.0.1",
    "169.253.255.255",
    "169.255.0.1",
    "172.15.255.255",
    "172.32.0.1",
    "192.0.1.1",
    "192.167.255.255",
    "192.169.0.1",
    "198.17.255.255",
    "198.20.0.1",
    "223.255.255.255",
    "93.184.216.34",
    "2a00:1450:4001:81b::200e",
    "2606:4700:4700::1111",
    "2001:4860:4860::8888",
    "2003::1",
    "::ffff:8.8.8.8",
    "64:ff9b::8.8.8.8",
]


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_inner_addresses_are_not_public(address):
    """Private, link-local, carrier-grade, documentation, multicast, and all that wraps them."""
    assert not is_public(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_outer_addresses_are_public(address):
    """The neighbours of every refused network, and public addresses in both wrappings."""
    assert is_public(address)


def test_the_standard_library_would_not_do():
    """Why there is a list of our own: some of what leads inside is called global there."""
    called_global = [
        one for one in NOT_PUBLIC if "%" not in one and ipaddress.ip_address(one).is_global
    ]
    assert {"64:ff9b::a9fe:a9fe", "224.0.0.1", "::127.0.0.1", "168.63.129.16"} <= set(called_global)


@pytest.mark.parametrize("text", ["", "x", "127.1", "0x7f000001", "2130706433", "1.1.1.1.1", "::g"])
def test_what_no_resolver_writes_is_not_public(text):
    """Only whole addresses are checked; every other spelling is refused."""
    assert not is_public(text)
