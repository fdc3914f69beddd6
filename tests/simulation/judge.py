#!/usr/bin/env python3
"""Judges histories of the simulation: at most one order for each identity, true exit codes, true results of purchases.

Reads JSON lines, as docs/histories.md has them, from the files named or from stdin. Prints one line for each broken
rule, `HISTORY: RULE: EVIDENCE`, and ends with 1 if there is one. Everything that it knows of the tool stands here."""

import collections
import fileinput
import json
import sys

NOTHING_DONE = {1, 2, 3, 4, 5, 130}
DONE = {"created", "updated", "adopted", "moved", "released", "retired", "retiring", "already_present", "unpaid_order"}


def judge(forgets, lines):
    of = lambda kind: [line for line in lines if line["type"] == kind]
    runs = {request["nonce"]: request["run"] for request in of("request")}
    replies = {reply["nonce"]: reply for reply in of("reply")}
    shown = {(listing["run"], item["id"], item["identity"]) for listing in of("listing") for item in listing["packages"]}

    def refused(nonce):  # The service denied what it did, and the run may believe that. A denial may look like an answer.
        status, code = replies.get(nonce, {}).get("status") or 0, replies.get(nonce, {}).get("code", "")
        denied = bool(code) if status == 200 else 400 <= status < 500 and status not in (408, 425, 429, 499)
        return denied and "neither" not in code and "time" not in code.lower()

    # A service that forgets the token of a deleted package sells the package again.
    deleted = {line["id"] for line in of("package") if forgets and line["now"] is None and line["by"] is None}
    orders = collections.Counter(order["identity"] for order in of("order") if order["package"] not in deleted)
    for identity, count in orders.items():
        if count > 1:
            yield "at_most_one", f"{count} orders for {identity}"

    done = collections.defaultdict(list)
    for line in of("order") + of("package"):
        if line["by"] in runs and not refused(line["by"]):
            done[runs[line["by"]]].append(line)
    for end in of("end"):
        run, code, results = end["run"], end["code"], end["results"]
        named = {result["address"] for result in results if result["outcome"] in DONE}
        unproved = [it for it in results if it["outcome"] == "created" and (run, it["id"], it["address"]) not in shown]
        if code in NOTHING_DONE and done[run]:
            yield "exit_code", f"run {run} exits with {code}, and did {done[run][0]}"
        if code == 0 and not all(change["address"] in named for change in end["planned"]):
            yield "exit_code", f"run {run} exits with 0, and its results are {results}"
        if code == 0 and unproved:
            yield "exit_code", f"run {run} exits with 0, and no listing showed it {unproved}"
        ordered = {line.get("identity") for line in done[run]}
        denied = [it for it in results if it["outcome"] in ("failed", "not_attempted") and it["address"] in ordered]
        if denied:
            yield "result", f"run {run} denies an order that it placed: {denied}"
        if not end["cut"] and code is not None and (code == 7) != any(it["outcome"] == "unknown" for it in results):
            yield "exit_code", f"run {run} exits with {code}, and its results are {results}"


def main():
    histories = []
    for line in map(json.loads, fileinput.input(encoding="utf-8")):
        if line["type"] == "history":
            assert line["format"] == 1, f"format {line['format']}, expected 1"
            histories.append((line["name"], line["forgets"], []))
        else:
            histories[-1][2].append(line)
    found = [f"{name}: {rule}: {what}" for name, forgets, lines in histories for rule, what in judge(forgets, lines)]
    print(*found, f"{len(histories)} histories, {len(found)} broken rules", sep="\n")
    return 1 if found or not histories else 0


if __name__ == "__main__":
    sys.exit(main())
