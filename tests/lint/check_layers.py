#!/usr/bin/env python3
"""check_layers.py - the house stands as ARCHITECTURE.md says.

An #include may point sideways or down, never up: the table ALLOWED is the whole rule. A header
named *_i.h is for its own folder. Neither headers nor folders form circles. A client library is
known to one layer only. Every source is named by a CMake file, so that none is silently left out.
"""

import re
from collections import defaultdict
from pathlib import Path

import tree

# Who may include what. A layer is a folder, or a part of the daemon; the longest prefix wins.
# "daemon/" in a value is the daemon's own shared headers; "daemon/*/" is every part's public ones.
ALLOWED = {
    "core/": ["core/"],
    "backends/": ["core/", "backends/"],
    "fs/": ["core/", "fs/"],
    "daemon/": ["core/", "backends/backend.h", "fs/", "daemon/"],
    "daemon/main.c": ["core/", "backends/", "fs/", "daemon/"],
    "tools/": ["core/", "tools/", "backends/backend.h", "daemon/settings"],
    "tests/": ["core/", "backends/", "fs/", "daemon/", "tools/", "tests/"],
}

# Headers of a library and the only layers that may know it.
LIBRARIES = {
    r"fuse3?/|fuse(_|\.h)": ["fs/", "tests/"],
    r"git2(/|\.h)": ["backends/", "tests/"],
    r"yaml\.h": ["core/", "tests/", "tools/vortex-bench/"],  # the bench scans beside us
    r"microhttpd\.h": ["daemon/http/", "tests/"],
    r"libssh2\.h": ["backends/", "tests/"],
    r"seccomp\.h": ["backends/git_fetch/", "tests/"],
}

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.M)


def layer_of(name):
    name = str(name)
    return max((layer for layer in ALLOWED if name.startswith(layer)), key=len, default=None)


def part_of(name):
    """The folder that a file belongs to when circles are looked for: daemon/state, core ..."""
    parts = Path(name).parts
    if parts[0] == "daemon" and len(parts) > 2:
        return "/".join(parts[:2])
    return parts[0]


def private_to(header):
    """The folders that may include *_i.h: its own, and the unit tests that mirror it."""
    folder = str(Path(header).parent)
    return [folder, f"tests/unit/{folder}", "tests/fuzz"]


def rooted(source, header):
    """@header from the root of the tree; a test may name what lies beside it without its folder."""
    beside = source.parent / header
    if str(source).startswith("tests/") and (tree.ROOT / beside).is_file():
        return str(beside)
    return header


def check_include(source, line, header, findings):
    where = f"{source}:{line}:"
    layer = layer_of(source)
    if layer is None:
        return
    if not any(header.startswith(allowed) for allowed in ALLOWED[layer]):
        findings.append(f"{where} {layer} may not include {header}")
    if header.endswith("_i.h"):
        folder = str(Path(source).parent)
        if not any(folder == own or folder.startswith(own + "/") for own in private_to(header)):
            findings.append(f"{where} {header} is private to {Path(header).parent}/")
    if not (tree.ROOT / header).is_file():
        findings.append(f"{where} {header} does not exist; includes start at the root of the tree")


def check_library(source, line, header, findings):
    for pattern, layers in LIBRARIES.items():
        if re.match(pattern, header) and not any(str(source).startswith(ok) for ok in layers):
            findings.append(f"{source}:{line}: <{header}> is known to {layers[0]} alone")


def circles(graph):
    """Every circle of the graph once, as a list of its members, by depth-first search."""
    found, done = [], set()

    def walk(node, path):
        if node in path:
            found.append(path[path.index(node):] + [node])
            return
        if node in done:
            return
        for target in sorted(graph.get(node, ())):
            walk(target, path + [node])
        done.add(node)

    for node in sorted(graph):
        walk(node, [])
    return found


def check_named(sources, findings):
    """Every .c stands in a CMake file of its folder or of one above it."""
    words = {}
    for name in tree.files():
        if name.name == "CMakeLists.txt" or name.suffix == ".cmake":
            words[name.parent] = words.get(name.parent, "") + (tree.text(name) or "")
    for source in sources:
        # vx_unit_test(<folder> <file>) means test_<file>.c; fuzz and contract tests have their like.
        short = re.sub(r"^(test|fuzz|fixture)_", "", source.stem)
        spellings = {source.name, source.stem, short}
        spellings = "|".join(re.escape(word) for word in sorted(spellings))
        named = any(
            re.search(rf"(?<![\w.-])(?:[\w./-]*/)?(?:{spellings})(?![\w-])", words.get(folder, ""))
            for folder in source.parents
        )
        if not named:
            findings.append(f"{source}:1: no CMakeLists.txt or *.cmake names this source")


def main():
    findings = []
    headers, folders = defaultdict(set), defaultdict(set)
    for source in tree.files(".c", ".h"):
        body = tree.text(source)
        if body is None:
            findings.append(f"{source}:1: is not UTF-8")
            continue
        for match in INCLUDE.finditer(body):
            line = body.count("\n", 0, match.start()) + 1
            if match[1] == "<":
                check_library(source, line, match[2], findings)
                continue
            header = rooted(source, match[2])
            check_include(source, line, header, findings)
            if source.suffix == ".h":
                headers[str(source)].add(header)
            if part_of(source) != part_of(header) and source.name != "main.c":
                folders[part_of(source)].add(part_of(header))
    # The daemon's shared headers sit below its parts, so the folder itself is no node of a circle.
    folders.pop("daemon", None)
    for kind, graph in (("headers", headers), ("folders", folders)):
        findings += [f"{c[0]}:1: a circle of {kind}: {' -> '.join(c)}" for c in circles(graph)]
    check_named(tree.files(".c"), findings)
    tree.finish("layers", findings)


if __name__ == "__main__":
    main()
