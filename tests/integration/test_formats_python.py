"""The examples of docs/formats.md, read by the independent readers (no daemon, no C).

The page's outputs, read by PyYAML, tomllib, a shell and so on, must be what views.py takes the
page's rules to say; so the two, which judge the mount, are themselves judged by the page.
"""
import json
import re

import pytest

import readers
import views
from composer import Snapshot
from daemon import ROOT
from documents import load

BLOCK = re.compile(r'^```(\w+) (input|output)\n(.*?)^```$', re.M | re.S)


def examples():
    """(number, input format, input, [(format, bytes)])."""
    found = []
    page = (ROOT / 'docs' / 'formats.md').read_text(encoding='utf-8')
    for format_, kind, text in BLOCK.findall(page):
        if kind == 'input':
            found.append((format_, text, []))
        else:
            found[-1][2].append((format_, text))
    return found


EXAMPLES = examples()


@pytest.mark.parametrize('format_, text, outputs', EXAMPLES,
                         ids=[f'example {i + 1}' for i in range(len(EXAMPLES))])
def test_example(format_, text, outputs):
    # The page's placeholders are text: resolving is no part of rendering.
    snapshot = Snapshot(load(format_, text.encode())[0], {}, [])
    wrong = []
    for output, want in outputs:
        if output in readers.FORMATS:
            wrong += readers.format_differences(output, want.encode(), snapshot)
        elif output == 'keys':
            keys = views.as_keys(snapshot.root)
            files = {path[1:]: data for path, data in keys.items() if data is not None}
            lines = [line.rsplit('/', 1) if line.endswith('/') else line.split(' "', 1)
                     for line in want.splitlines()]
            shown = {path: json.loads(f'"{data}').encode() if data else None
                     for path, data in lines}
            assert {path: data for path, data in shown.items() if data is not None} == files
            assert all(keys[f'/{path}'] is None for path, data in shown.items() if data is None)
    assert not wrong, '\n'.join(wrong)
