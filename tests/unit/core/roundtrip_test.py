"""Every rendered file, read back by a reader that is not ours, gives what was put in.

PyYAML stands for YAML 1.1, our own parser for YAML 1.2; beside them json, tomllib, real shells and
a reader of .properties that follows java.util.Properties.load line by line.

    roundtrip_test.py <render_driver>
"""

import decimal
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import tomllib
import unittest

import yaml

DRIVER = ""

STRINGS = [
    "", " ", "  lead", "trail ", "\t", "\ttab first", "a\tb", "a b", "a  b", "plain", "it's", '"quoted"', "\\", "\\n",
    "C:\\dir\\", "a\\", "\n", "\n\n", "a\n", "a\nb", "a\nb\n", "a\n\n\n", "\na", "\n\n a", " a\nb", "\ta\nb\n",
    "a\n b\n  c\n", "a\n\nb\n\n", "a \nb", "a\n \nb", "a\n\t\nb", "a\nb ", "a\r\nb\r\n", "\r", "\f", "\v", "\b", "\x01",
    "\x1b[0m", "\x7f", "\x80", "\x85", "\xa0", "\xa0lead", "\u2028", "a\u2029b", "\ufeff", "\ufeffa", "\ufffe", "\uffff",
    "\ufffd", "é", "日本語", "😀", "a😀b\n", "\U0010ffff", "#", "# c", "a #b", "a#b", "#a\n#b\n", "!", "!tag", "!!str x",
    "&a", "*a", "|", ">", "|-\n x", "%", "%YAML 1.1", "@", "`", "-", "- a", "--", "---", "--- a", "...", "... a", "?", "? a",
    ":", ": a", "a:", "a: b", "a:b", "a :b", "{", "{}", "{a: b}", "[", "[]", "[a, b]", "a, b", ",", "=", "<<", "<", "~",
    "null", "Null", "NULL", "true", "True", "TRUE", "yes", "Yes", "on", "OFF", "y", "N", "nULL", ".inf", "-.Inf",
    "+.INF", ".nan", ".NaN", "nan", "inf", "0", "00", "01", "010", "0o17", "017", "08", "0x1F", "0XFF", "0b101", "-0b1", "1", "-1",
    "+1", "1_000", "1,000", "1.", ".5", "-.5", "1.5", "1e3", "1E3", "1.5e3", "1.5e+3", "1__0", "_1", "0.", ".", "..", "._", "+", "+.",
    "1.2.3", "10.0.0.1", "12:30", "12:30:45", "1:1.5", "190:20:30.15", "2001-12-14", "2001-12-14T21:59:43Z",
    "2001-12-14 21:59:43.10 -5", "2001-1-1", "2001-1-1x", "12e03", "1e", "e1", "0x", "0o", "0b", "0xg", "1_", "300s", "64MiB",
    "key=value", "k: v # c", "${a:b}", "$HOME", "`id`", "$(id)", "'; exit 1; '", "'", "''", "'\\''", "a'b'c", "!x", "*", "a\\u0041",
    "\\u0041", "=x", ":x", " =x", "x" * 5000, "a: " * 500, "x\n" * 500, "' " * 500, "\"\"\"", "'''", "\\\"", "/path", "./x",
    "-Xmx512m", "--flag", "-", "-\n", "a\n---\nb\n", "a\n...\nb", "a\n# b\n", "http://h:80/?q=1&r=2#f", "0 0 * * *", "^a.*b$",
]
KEYS = [
    " ", " a", "a ", "a b", "a\tb", "a\nb", "a=b", "a:b", "a: b", "#c", "!c", "a#b", "a #b", "\\", "a\\b", "é", "日本", "😀",
    "on", "y", "null", "~", "1", "010", "0x1F", "1e3", "12:30", "2001-12-14", "-", "- a", "---", "?", "? a", ":", "{}", "[x]",
    "a[x]", "%41", "'", '"', "=", "<<", "@a", "`a", "&a", "*a", "|", ">", "%", ",", "\u2028", "\x85", "\ufeff", "\x7f", "\x01",
    "x" * 1500, "é" * 700, " " * 1200, "a/b", "$", "A_B", "a-b", "_", "true",
]

SHELL_NAMES = """ARGC BASHOPTS BASHPID BASH_SUBSHELL BASH_VERSINFO COLUMNS DIRSTACK EGID EPOCHREALTIME EPOCHSECONDS ERRNO EUID FUNCNAME
    GID GROUPS HISTCMD HISTSIZE KEYTIMEOUT KSHEGID KSHGID KSHUID KSH_VERSION LINENO LINES MAILCHECK OPTARG OPTIND PGRP PIPESTATUS
    PPID RANDOM SECONDS SHELLOPTS SHLVL SRANDOM TMOUT TTYIDLE UID USER_ID""".split()


def fuzz(n):
    rng = random.Random(20)
    alphabet = list("ab01.-+_:,#'\"\\ \n\t{}[]&*!|>%@`?=~$/eExon") + ["é", "\x85", "\u2028", "😀", "\r"]
    return ["".join(rng.choices(alphabet, k=rng.randint(1, 12))) for _ in range(n)]


VALUES = STRINGS + fuzz(3000)


def render(tree_or_text, output, source="json"):
    text = tree_or_text if isinstance(tree_or_text, str) else json.dumps(tree_or_text)
    run = subprocess.run([DRIVER, source, output], input=text.encode(), capture_output=True, check=False)
    if run.returncode:
        raise AssertionError(f"{source} to {output}: {run.stderr.decode()}")
    return run.stdout.decode()


def java_properties(text):
    """java.util.Properties.load: logical lines, then key and value."""
    pairs, pos, n = [], 0, len(text)
    while pos < n:
        while pos < n and text[pos] in " \t\f\r\n":
            pos += 1
        if pos < n and text[pos] in "#!":
            while pos < n and text[pos] not in "\r\n":
                pos += 1
            continue
        line = ""
        while pos < n and text[pos] not in "\r\n":
            if text[pos] == "\\" and pos + 1 < n:
                if text[pos + 1] in "\r\n":
                    pos += 2
                    while pos < n and text[pos] in " \t\f":
                        pos += 1
                    continue
                line += text[pos : pos + 2]
                pos += 2
            else:
                line += text[pos]
                pos += 1
        if line:
            pairs.append(java_pair(line))
    return pairs


def java_pair(line):
    i = 0
    while i < len(line) and line[i] not in "=: \t\f":
        i += 2 if line[i] == "\\" else 1
    key = line[:i]
    while i < len(line) and line[i] in " \t\f":
        i += 1
    if i < len(line) and line[i] in "=:":
        i += 1
    while i < len(line) and line[i] in " \t\f":
        i += 1
    return java_text(key), java_text(line[i:])


def java_text(s):
    units, i = bytearray(), 0
    while i < len(s):
        c = s[i]
        if c == "\\":
            i += 1
            c = s[i]
            if c == "u":
                units += int(s[i + 1 : i + 5], 16).to_bytes(2, "little")
                i += 5
                continue
            c = {"t": "\t", "n": "\n", "r": "\r", "f": "\f"}.get(c, c)
        units += ord(c).to_bytes(2, "little")
        i += 1
    return units.decode("utf-16-le")


def flat(tree, path=""):
    if isinstance(tree, dict) and tree:
        for key, value in tree.items():
            yield from flat(value, f"{path}.{key}" if path else key)
    elif isinstance(tree, list) and tree:
        for i, value in enumerate(tree):
            yield from flat(value, f"{path}[{i}]")
    else:
        yield path, "" if tree in (None, [], {}) else tree




TREES = {
    "values in a map": {f"k{i}": v for i, v in enumerate(VALUES)},
    "values in a list": {"l": VALUES},
    "values in maps in lists in lists": {"a": {"b": [[{"c": v, "d": [v]}] for v in VALUES]}},
    "first in a list": {"l": [{"k": v} for v in STRINGS]},
    "keys": {k: "v" for k in KEYS},
    "keys over maps": {"top": {k: {k: "v"} for k in KEYS}},
    "keys over lists": {k: ["v", {k: ["w"]}] for k in KEYS},
    "keys over blocks": {k: "a\nb\n" for k in KEYS},
    "empty things": {"m": {}, "l": [], "ll": [[], {}, [[]], [{}]], "deep": {"m": {"m": {}}}},
    "types": {"t": True, "f": False, "i": 1, "n": -5, "big": 12345678901234567890123, "x": 1.5, "l": [True, 2, 0.25]},
}


class RoundTrip(unittest.TestCase):
    maxDiff = 2000

    def each(self, check):
        for name, tree in TREES.items():
            with self.subTest(tree=name):
                check(tree)

    def same(self, got, want):
        if got == want:
            return
        for (gk, gv), (wk, wv) in zip(flat(got), flat(want)):
            self.assertEqual((gk, gv), (wk, wv))
        self.assertEqual(got, want)

    def test_yaml_1_1(self):
        self.each(lambda tree: self.same(yaml.safe_load(render(tree, "yml")), tree))

    def test_yaml_1_1_by_libyaml(self):
        self.each(lambda tree: self.same(yaml.load(render(tree, "yml"), yaml.CSafeLoader), tree))

    def test_yaml_1_2_is_our_own_parser(self):
        self.each(lambda tree: self.assertEqual(render(render(tree, "yml"), "json", "yaml"), render(tree, "json")))

    def test_yaml_is_a_fixed_point(self):
        self.each(lambda tree: self.assertEqual(render(render(tree, "yml"), "yml", "yaml"), render(tree, "yml")))

    def test_json(self):
        self.each(lambda tree: self.same(json.loads(render(tree, "json")), tree))

    def test_toml(self):
        def toml(tree):
            if isinstance(tree, dict):
                return {k: toml(v) for k, v in tree.items()}
            if isinstance(tree, list):
                return [toml(v) for v in tree]
            return str(tree) if isinstance(tree, int) and abs(tree) >= 2**63 else tree

        self.each(lambda tree: self.same(tomllib.loads(render(tree, "toml")), toml(tree)))

    def test_properties(self):
        def check(tree):
            text = render(tree, "properties")
            self.assertTrue(text.isascii())
            want = [(k, str(v).lower() if isinstance(v, bool) else str(v)) for k, v in flat(tree)]
            self.assertEqual(java_properties(text), want)

        self.each(check)

    def test_properties_by_our_own_parser(self):
        tree = TREES["values in a map"]
        self.assertEqual(render(render(tree, "properties"), "json", "properties"), render(tree, "json"))

    def test_env_in_every_shell(self):
        for shell in ("dash", "bash", "bash --posix", "busybox sh", "ksh93", "mksh", "yash", "zsh"):
            words = shell.split()
            if not shutil.which(words[0]):
                continue
            with self.subTest(shell=shell):
                self.sourced(words)

    def sourced(self, shell):
        tree = {f"k{i}": v for i, v in enumerate(STRINGS + fuzz(300))} | {"-": "7"}
        tree |= {name.lower(): "a[$(echo evaluated >&2)]" for name in SHELL_NAMES}
        with tempfile.TemporaryDirectory() as folder:
            with open(os.path.join(folder, "application.env"), "wb") as f:
                f.write(render(tree, "env").encode())
            run = subprocess.run(
                [shutil.which(shell[0]), *shell[1:], "-c", "set -a; . ./application.env; exec /usr/bin/env -0"],
                cwd=folder, env={"LC_ALL": "C.UTF-8"}, capture_output=True, check=True)
        self.assertEqual(run.stderr, b"")
        env = dict(e.decode().split("=", 1) for e in run.stdout.split(b"\0") if e)
        for key, value in tree.items():
            if key[1:].isdigit():
                self.assertEqual(env.get(key.upper()), value, key)

    def test_numbers_are_the_same_in_every_format(self):
        texts = ["0", "-0", "+5", "7", "0x1F", "0xff", "0o17", "1.5", "+1.5", "-.5", ".5", "+.5", "1.", "1e3", "1E3", "1e+3",
                 "1.5e3", "1.e-3", ".5e3", "1.10", "1e400", "123456789012345678901234567890", "0x" + "F" * 40,
                 "3.14159265358979323846264338327950288419716939937510"]
        tree = render("".join(f"n{i}: {t}\n" for i, t in enumerate(texts)), "json", "yaml")
        exact = json.loads(tree, parse_float=decimal.Decimal)
        text = "".join(f"n{i}: {t}\n" for i, t in enumerate(texts))
        old = yaml.safe_load(render(text, "yml", "yaml"))
        toml = tomllib.loads(render(text, "toml", "yaml"))
        again = json.loads(render(render(text, "yml", "yaml"), "json", "yaml"), parse_float=decimal.Decimal)
        for i, t in enumerate(texts):
            want = decimal.Decimal(int(t, 0)) if t[:2] in ("0x", "0o") else decimal.Decimal(t)
            key = f"n{i}"
            with self.subTest(number=t):
                self.assertEqual(exact[key], want)
                self.assertEqual(again[key], want)
                self.assertIn(type(old[key]), (int, float))
                self.assertEqual(type(old[key]) is int, t.lstrip("+-").isdigit() or t[1] in "xo")
                self.assertEqual(old[key], int(want) if type(old[key]) is int else float(want))
                if not isinstance(toml[key], str):
                    self.assertEqual(toml[key], old[key])
                else:
                    self.assertGreaterEqual(abs(want), 2**63)


if __name__ == "__main__":
    DRIVER = sys.argv.pop(1)
    unittest.main()
