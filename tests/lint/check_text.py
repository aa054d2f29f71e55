#!/usr/bin/env python3
"""check_text.py - what every file of the tree keeps to, whatever its language.

No file outgrows one room, no line promises work for later, nothing names the machine that it was
written on, and the bytes are tidy: LF, no blanks at a line's end, a newline at the file's end.
"""

import re

import tree

LINES_MAX = 700
CODE = {".c", ".h", ".py", ".sh", ""}  # "": scripts without a suffix
# Texts that are the licence's own, or data whose odd bytes are the point.
VERBATIM = re.compile(r"^(LICENSE|tests/(cases|fuzz/corpus|samples)/)")
LATER = re.compile(r"\b(TO" r"DO|FIX" r"ME|X" r"XX|HA" r"CK)\b")
# A home directory of somebody, or this very checkout.
HOME = re.compile(r"(?<![\w.}])/(?:home|Users|root)/\w[\w.-]*")


def check(name, body, findings):
    lines = body.split("\n")
    if name.suffix in CODE and len(lines) > LINES_MAX:
        findings.append(f"{name}:{LINES_MAX}: {len(lines)} lines; look for the second job")
    here = str(tree.ROOT) if len(tree.ROOT.parts) > 2 else None
    for number, line in enumerate(lines, 1):
        where = f"{name}:{number}:"
        if LATER.search(line):
            findings.append(f"{where} promises work for later: {line.strip()[:60]}")
        if HOME.search(line) or (here and here in line):
            findings.append(f"{where} names a path of somebody's machine: {line.strip()[:60]}")
        if line != line.rstrip(" \t\r"):
            findings.append(f"{where} ends with blanks or a carriage return")
    if body and not body.endswith("\n"):
        findings.append(f"{name}:{len(lines)}: does not end with a newline")


def main():
    findings = []
    for name in tree.files():
        body = tree.text(name)
        if body is not None and not VERBATIM.match(str(name)):
            check(name, body, findings)
    tree.finish("text", findings)


if __name__ == "__main__":
    main()
