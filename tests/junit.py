#!/usr/bin/python3
"""junit.py - count what junit files say: `junit.py FILE...` prints "PASSED FAILED SKIPPED".

With --names FILE... it prints one line for each test that failed or was skipped instead, a skipped
one with its reason. ctest and pytest write the same format, with small differences.
"""

import sys
import xml.etree.ElementTree as xml

SKIPPED_BY_CTEST = ("notrun", "disabled")


def outcomes(path):
    """(name, "passed" | "failed" | "skipped", reason) of each test of one file."""
    for case in xml.parse(path).getroot().iter("testcase"):
        name = ".".join(part for part in (case.get("classname"), case.get("name")) if part)
        if case.get("classname") == case.get("name"):
            name = case.get("name")
        skipped = case.find("skipped")
        if case.find("failure") is not None or case.find("error") is not None:
            yield name, "failed", ""
        elif skipped is not None or case.get("status") in SKIPPED_BY_CTEST:
            reason = skipped.get("message") if skipped is not None else None
            output = (case.findtext("system-out") or "").strip().splitlines()
            if reason == "SKIP_RETURN_CODE=77" and output:
                reason = output[-1]
            yield name, "skipped", reason or "no reason was given"
        else:
            yield name, "passed", ""


def main():
    names = sys.argv[1:2] == ["--names"]
    count = {"passed": 0, "failed": 0, "skipped": 0}
    for path in sys.argv[2:] if names else sys.argv[1:]:
        for name, outcome, reason in outcomes(path):
            count[outcome] += 1
            if names and outcome != "passed":
                print(f"{outcome}: {name}" + (f": {reason}" if reason else ""))
    if not names:
        print(count["passed"], count["failed"], count["skipped"])


if __name__ == "__main__":
    main()
