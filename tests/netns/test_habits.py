"""What is unusual for a device that was watched for weeks, and what is not."""
import habits
import mmdb
from house import FAR
from world import eventually

MEGABYTES = b"x" * 3000000


def begin(build, hours, countries):
    house = build()
    folder = house.folder / "web"
    folder.mkdir()
    (folder / "file").write_bytes(MEGABYTES)
    house.serve_web(folder)
    habits.write(house.state / "habits.mp", house.h1.mac, hours, countries)
    mmdb.write(house.state / "country.mmdb", {"198.51.100.0/24": "DE"})
    house.start_gateway()
    house.h1.dhcp()
    return house


def fetch(house, kinds):
    """Some megabytes from DE, over some seconds, for what was moved before the
    first look is not counted; the events of these kinds, when all are there.
    """
    def fetched():
        house.h1.run("curl", "-so/dev/null", f"http://{FAR}/file")
        found = [e for e in house.ask("events")["events"]
                 if e["kind"] in kinds]
        return found if len(found) == len(kinds) else None

    return eventually(fetched, 15, 1)


def test_hour_and_country_are_new(build):
    hour = habits.local_hour()
    house = begin(build, [(hour + 12) % 24], ["US"])
    found = fetch(house, ["new-hour", "new-country"])
    said = {e["kind"]: e for e in found}
    assert said["new-hour"]["text"].startswith("h1 is active after ")
    assert said["new-hour"]["device"] == house.h1.mac
    assert said["new-country"]["text"] \
        == f"h1 speaks with the country DE for the first time: with {FAR}."
    assert said["new-country"]["link"].endswith(
        f"&device={house.h1.mac}&remote={FAR}&group=remote")


def test_hour_and_country_are_as_always(build):
    hour = habits.local_hour()
    house = begin(build, [hour, (hour + 1) % 24], ["US", "DE"])
    assert not fetch(house, ["new-hour"])
    assert not fetch(house, ["new-country"])
