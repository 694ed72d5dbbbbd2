"""What agreement.py holds against what: sums, each way."""
import json

from names import RECORDS

WAYS = ("rx", "tx")         # to the home, and from it
# Names whose machines have no other.
ALONE = {name: addresses for name, addresses in RECORDS.items()
         if not any(a in others for n, others in RECORDS.items() if n != name
                    for a in addresses)}


def total(sums):
    sums = list(sums)
    return {way: sum(one[way] for one in sums) for way in WAYS}


def bytes_of(row):
    return {way: row[way] for way in WAYS}


def shown(n):
    """As the page writes it: web/core/format.js."""
    for unit in "B", "kB", "MB", "GB":
        if n < 999.5 or unit == "GB":
            break
        n /= 1000
    digits = 0 if unit == "B" or n >= 99.95 else 1 if n >= 9.995 else 2
    return f"{n:.{digits}f} {unit}"


class Book:
    """What was held against what, and whether it was the same."""

    def __init__(self):
        self.lines, self.wrong = 0, []

    def same(self, what, want, got):
        self.lines += 1
        if want != got:
            self.wrong.append(f"{what}: counted {want}, told {got}")
        print(f"{'same' if want == got else 'NOT THE SAME':<13}{what:<42} "
              f"{json.dumps(got) if isinstance(got, dict) else got}",
              flush=True)
