"""Reads the feeds of a status with the programs of others, and compares each with the status as JSON.

    read.py STATUS.json FEED...

A feed is known by the end of its name: .csv, .ics, .prom. The first difference ends this with 1.
"""

import csv
import datetime
import json
import pathlib
import re
import sys

import icalendar
from prometheus_client import parser as text_format
from prometheus_client.openmetrics import parser as openmetrics


def time(text):
    return datetime.datetime.fromisoformat(text)


def same(found, expected, what):
    if found != expected:
        sys.exit(f"{what}: found {found!r}, expected {expected!r}")


def identity(package):
    parts = (package["identity"] or "").split("/")
    return [parts[0], parts[1] if len(parts) > 1 else ""]


def read_csv(raw, packages):
    text = raw.decode()
    same(text.count("\n"), text.count("\r\n"), "line ends")
    rows = list(csv.DictReader(text.splitlines(), strict=True))
    same(len(rows), len(packages), "rows")
    for row, package in zip(rows, packages):
        same([row["stack"], row["package"]], identity(package), "identity")
        same([row["id"], row["state"]], [package["id"] or "", package["state"]], "id and state")
        same(row["mbps"], str(package["mbps"] or ""), "Mbps")
        end = row["ends_utc"] and time(row["ends_utc"] + "+00:00")
        same(end, package["expires"] and time(package["expires"]) or "", "end")
        same(row["cens"].split(), package["cens"], "CENs")
        same(row["warnings"].split(), [it["warning"] for it in package["warnings"]], "warnings")
        same(row["allocated_mbps"] in ("", "0"), "allocated_mbps" not in package, f"allocated {row['allocated_mbps']}")
        same(int(row["allocated_mbps"] or 0), package.get("allocated_mbps", 0), "allocated")
        same(row["renews"] in ("", "unknown"), "autoRenew" not in package, f"renewal {row['renews']}")
        same(row["renews"] == "yes", package.get("autoRenew", False), "renewal")
        same(int(row["renewal_months"] or 0), package.get("autoRenewDuration", 0), "months of a renewal")
        # Also as a spreadsheet reads it whose lists are separated by semicolons.
        for cell in row.values():
            for part in cell.split(";"):
                same(re.match(r"\s*[=+\-@\t\r＝＋－＠]", part), None, f"formula in {cell!r}")


def read_ics(raw, packages):
    for line in raw.split(b"\r\n"):
        same((len(line) <= 75, b"\n" in line or b"\r" in line), (True, False), f"line {line}")
    calendar = icalendar.Calendar.from_ical(raw)
    same(calendar.errors, [], "errors")
    events = calendar.walk("VEVENT")
    ending = [package for package in packages if package["expires"]]
    same(len(events), len(ending), "events")
    same(len({str(event["UID"]) for event in events}), len(events), "different names")
    for event, package in zip(events, ending):
        same(event.errors, [], "errors")
        same(str(event["UID"]), package["id"].lower() + "@cenbwp", "name")
        same(event.decoded("DTSTART"), time(package["expires"]), "end")
        same(event.decoded("DTSTAMP"), time(package["expires"]), "stamp")
        title = package["identity"] or package["id"]
        summary, description = str(event["SUMMARY"]), str(event["DESCRIPTION"])
        same(summary.startswith(f"{title} ends: {package['mbps']} Mbps, "), True, summary)
        for fact in [f"id: {package['id']}", f"Mbps: {package['mbps']}"]:
            same(fact in description.split("\n"), True, f"{fact} in {description!r}")
        alarms = [alarm.decoded("TRIGGER") for alarm in event.walk("VALARM")]
        before = [datetime.timedelta(days=-days, hours=-8) for days in (14, 3)]
        same(alarms in ([], before), True, f"alarms {alarms}")
        said = [str(alarm["DESCRIPTION"]) for alarm in event.walk("VALARM")]
        renews = package.get("autoRenew", False)
        same(["charged" in words for words in said[:1]], [renews] * len(said[:1]), f"a charge in {said}")
    same(any(event.walk("VALARM") for event in events), True, "alarms")


def read_prom(raw, packages):
    text = raw.decode()
    families = {family.name: family for family in openmetrics.text_string_to_metric_families(text)}
    older = {family.name: family for family in text_format.text_string_to_metric_families(text)}
    same(sorted(families), sorted(older), "metrics in both forms")

    def samples(name):
        found = families[name].samples
        same([(it.labels, it.value) for it in found], [(it.labels, it.value) for it in older[name].samples], name)
        same({it.timestamp for it in found}, {None}, "a clock")
        return {it.labels["id"]: it for it in found if it.labels["id"]}

    ends = samples("cenbwp_package_end_timestamp_seconds")
    expected = {package["id"]: time(package["expires"]).timestamp() for package in packages if package["expires"]}
    same({id: it.value for id, it in ends.items()}, expected, "ends")
    bandwidth = samples("cenbwp_package_bandwidth_mbps")
    expected = {package["id"]: package["mbps"] for package in packages if package["mbps"]}
    same({id: it.value for id, it in bandwidth.items()}, expected, "Mbps")
    allocated = samples("cenbwp_package_allocated_mbps")
    known = {package["id"]: package["allocated_mbps"] for package in packages if "allocated_mbps" in package}
    same({id: it.value for id, it in allocated.items() if it.value}, known, "allocated")
    renewal = samples("cenbwp_package_renewal")
    expected = {it["id"]: "yes" if it["autoRenew"] else "no" for it in packages if "autoRenew" in it}
    said = {id: it.labels["renews"] for id, it in renewal.items()}
    same({id: word for id, word in said.items() if word != "unknown"}, expected, "renewal")
    same("unknown" in said.values(), True, "a renewal that is not known")
    months = samples("cenbwp_package_renewal_months")
    expected = {it["id"]: it["autoRenewDuration"] for it in packages if "autoRenewDuration" in it}
    same({id: it.value for id, it in months.items()}, expected, "months of a renewal")
    live = [package for package in packages if package["id"]]
    states = samples("cenbwp_package_state")
    same({id: it.labels["state"] for id, it in states.items()}, {it["id"]: it["state"] for it in live}, "states")
    drift = samples("cenbwp_package_drift")
    same({id: it.value for id, it in drift.items()}, {it["id"]: len(it["fields"]) for it in live}, "drift")
    held = samples("cenbwp_package_held")
    same({id: it.value for id, it in held.items()}, {it["id"]: it["state"] == "held" for it in live}, "held")
    for package in live:
        labels = states[package["id"]].labels
        same([labels["stack"], labels["package"]], identity(package), "identity")


def main():
    status, *feeds = map(pathlib.Path, sys.argv[1:])
    packages = json.loads(status.read_text(encoding="utf-8"))["packages"]
    readers = {".csv": read_csv, ".ics": read_ics, ".prom": read_prom}
    for feed in feeds:
        readers[feed.suffix](feed.read_bytes(), packages)


main()
