"""What is unusual for a device that was watched for weeks."""
import habits
from house import FAR
from world import eventually

MEGABYTES = b"x" * 3000000


def begin(build, hours):
    house = build()
    house.serve_web(_folder(house))
    habits.write(house.state / "habits.mp", house.h1.mac, hours)
    house.start_gateway()
    house.h1.dhcp()
    return house


def _folder(house):
    folder = house.folder / "web"
    folder.mkdir()
    (folder / "file").write_bytes(MEGABYTES)
    return folder


def new_hours(house):
    return [e for e in house.ask("events")["events"] if e["kind"] == "new-hour"]


def fetch(house):
    """Over some seconds: what was moved before the first look is not counted.
    """
    def fetched():
        house.h1.run("curl", "-so/dev/null", f"http://{FAR}/file")
        return new_hours(house)

    return eventually(fetched, 15, 1)


def test_the_hour_is_new(build):
    hour = habits.local_hour()
    house = begin(build, [(hour + 12) % 24])
    event, = fetch(house)
    assert event["device"] == house.h1.mac
    assert event["text"].startswith("h1 is active after ")


def test_the_hour_is_as_always(build):
    hour = habits.local_hour()
    house = begin(build, [hour, (hour + 1) % 24])
    assert not fetch(house)
