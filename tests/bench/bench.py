#!/usr/bin/python3
"""The yardstick: the kernel's NAT at its best against ours, alternately.

Each row (rows/*.py) measures one thing on a Topology, which is built afresh for
every run of every side. The table shows medians, and the median and spread of
the ratios of neighbouring runs: absolute figures drift on a shared machine.

A row is a module:
    measure(t)      a figure, or {what: figure}; 't' is the Topology
    UNIT, BETTER    "Gb/s", "higher"
    GSO             optional: senders keep their offloads
    SIDES           optional: (reference, measured) instead of kernel and ours
    GATEWAY         optional: the gateway on all SIDES, when they do not name it
    GATEWAYS        optional: {side: gateway} for some of them
    LESS            optional: a side whose figure is taken off the others
    TOPOLOGY        optional: another class to be built than Topology
"""
import argparse
import importlib.util
import json
import pathlib
import signal
import statistics
import sys
import time

from topology import Failed, Topology, cores_busy

HERE = pathlib.Path(__file__).resolve().parent
SIDES = ("kernel", "portcullis")
QUIET_CORES = 0.15      # what a machine without other work stays under
QUIET_WAIT_S = 10


def load_rows(wanted):
    """Rows by file name, in name order; SystemExit when one is unknown."""
    rows = {}
    for path in sorted((HERE / "rows").glob("*.py")):
        spec = importlib.util.spec_from_file_location(path.stem, path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        rows[path.stem.replace("_", "-")] = module
    unknown = [name for name in wanted if name not in rows]
    if unknown:
        sys.exit(f"bench: no row {unknown[0]}; there are {', '.join(rows)}")
    return {n: m for n, m in rows.items() if not wanted or n in wanted}


def await_quiet():
    """Other work on the machine is waited for, but not for ever."""
    deadline = time.monotonic() + QUIET_WAIT_S
    while (busy := cores_busy(lambda: time.sleep(0.5))) > QUIET_CORES:
        if time.monotonic() > deadline:
            print(f"  other work keeps {busy:.1f} cores busy: what follows "
                  "means little", file=sys.stderr, flush=True)
            return


def measure(row, side):
    """{what: figure} of one run."""
    await_quiet()
    gateway = getattr(row, "GATEWAYS", {}).get(
        side, getattr(row, "GATEWAY", side))
    kind = getattr(row, "TOPOLOGY", Topology)
    with kind(gateway, side, getattr(row, "GSO", False)) as topology:
        figures = row.measure(topology)
    return figures if isinstance(figures, dict) else {"": figures}


def run_row(name, row, runs):
    """Of each side of the row, {what: figure} of every run."""
    less = getattr(row, "LESS", None)
    sides = getattr(row, "SIDES", SIDES)
    results = {side: [] for side in sides}
    for n in range(runs):
        base = measure(row, less) if less else {}
        for side in sides:
            figures = {what: figure - base.get(what, 0)
                       for what, figure in measure(row, side).items()}
            results[side].append(figures)
            shown = ", ".join(f"{what} {figure:.4g}".strip()
                              for what, figure in figures.items())
            print(f"  {name} {n + 1}/{runs} {side}: {shown} {row.UNIT}",
                  file=sys.stderr, flush=True)
    return results


def lines_of(name, row, results):
    """A line of the table for each figure of the row."""
    reference, measured = results
    for what in results[reference][0]:
        before = [figures[what] for figures in results[reference]]
        after = [figures[what] for figures in results[measured]]
        ratios = [b / a for a, b in zip(before, after) if a > 0]
        yield {
            "row": f"{name} {what}".strip(), "unit": row.UNIT,
            "better": row.BETTER, "sides": [reference, measured],
            "reference": before, "measured": after, "ratios": ratios,
        }


def print_table(lines):
    wide = max((len(line["row"]) for line in lines), default=0) + 2
    print(f"{'row':<{wide}}{'compared':<21}{'reference':>10}{'measured':>10} "
          f"{'unit':<9}{'ratio':>6}  {'spread':<15}better")
    for line in lines:
        ratios = line["ratios"]
        ratio = f"{statistics.median(ratios):.2f}" if ratios else "-"
        spread = f"{min(ratios):.2f} to {max(ratios):.2f}" if ratios else ""
        print(f"{line['row']:<{wide}}{', '.join(line['sides']):<21}"
              f"{statistics.median(line['reference']):>10.4g}"
              f"{statistics.median(line['measured']):>10.4g} "
              f"{line['unit']:<9}{ratio:>6}  {spread:<15}{line['better']}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", default="", help="names, by commas or blanks")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--json", help="a file for every figure")
    args = parser.parse_args()
    lines, failed = [], []
    for name, row in load_rows(args.rows.replace(",", " ").split()).items():
        try:
            lines += lines_of(name, row, run_row(name, row, args.runs))
        except Failed as error:
            failed.append(f"bench: {name}: {error}")
    print_table(lines)
    if args.json:
        pathlib.Path(args.json).write_text(json.dumps(lines, indent=2) + "\n")
    if failed:
        sys.exit("\n".join(failed))


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
