"""What the checks of the tree share: which files there are, and how a finding is reported."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def files(*suffixes):
    """The files of the tree, as paths relative to ROOT: what git knows or would add.

    Without git (a source archive) everything outside build/ and hidden folders counts.
    """
    listed = subprocess.run(
        ["git", "-C", ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        capture_output=True,
    )
    if listed.returncode == 0:
        names = [Path(name) for name in listed.stdout.decode().split("\0") if name]
    else:
        names = [
            path.relative_to(ROOT)
            for path in ROOT.rglob("*")
            if path.is_file() and path.relative_to(ROOT).parts[0] not in (".git", "build")
        ]
    names = sorted({name for name in names if (ROOT / name).is_file()})
    return [name for name in names if not suffixes or name.suffix in suffixes]


def text(name):
    """The file's text, or None where it is not UTF-8."""
    try:
        return (ROOT / name).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return None


def finish(check, findings):
    """Print the findings as file:line: sentence, and exit."""
    for finding in findings:
        print(finding)
    print(f"{check}: {len(findings)} findings")
    sys.exit(1 if findings else 0)
