"""Who is logged in stays so when the gateway comes again, however it went; until
the owner's password is another."""
import pytest

from again import kill_and_start, restart
from page import ask, log_in, request
from world import eventually

PASSWORD = "correct horse"


@pytest.fixture(scope="module")
def house(build_shared):
    house = build_shared([["h1"]])
    house.start_gateway()
    house.h1.dhcp()
    return house


@pytest.fixture(scope="module")
def cookie(house):
    return log_in(house.h1, PASSWORD)


def sees(house, cookie):
    """The status of what only the owner may see."""
    return ask(house.h1, request("/api/v1/leases", headers=[cookie]))


def stop_and_start(house):
    assert house.stop_gateway() == 0
    house.start_gateway()


def test_logged_in(house, cookie):
    assert sees(house, cookie) == 200
    assert sees(house, "Cookie: portcullis=" + 64 * "0") == 401
    file = house.state / "sessions.mp"
    token = cookie.split("=")[1]
    assert file.stat().st_mode & 0o777 == 0o600
    assert token.encode() not in file.read_bytes()
    assert bytes.fromhex(token) not in file.read_bytes()


@pytest.mark.parametrize("again", [restart, stop_and_start, kill_and_start])
def test_it_comes_again(house, cookie, again):
    again(house)
    assert eventually(lambda: sees(house, cookie) == 200, 20, 0.5)


def test_another_password_logs_everyone_out(house, cookie):
    house.gw.run(house.binary, "passwd", "--name", house.instance,
                 input="another horse\n")
    assert sees(house, cookie) == 401
    restart(house)
    assert sees(house, cookie) == 401
