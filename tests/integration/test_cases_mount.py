"""The composition cases once more, through the real daemon: one mount for each case.

What run_cases.c cannot see: the daemon's own reading of settings, its answers for what is absent or
broken, several backends side by side, and the bytes that the kernel hands out.
"""
import itertools
import json
import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from cases import CASES, read_cases, unescape
from daemon import Daemon, merged
from readers import FORMATS
from views import compact

DAEMONS = 8  # at a time
MAPPED = {'EINVAL': 'ENOENT', 'ENOENT': 'ENOENT'}  # all others are EIO; core/errors.def
IMPORT_MISSING = 'EIO'  # the application is there, what it imports is not


def settings_of(case, folder, beside):
    tree = {}
    for key, value in case.settings.items():
        tree = merged(tree, {key.removeprefix('tree.'): value})
    if case.overrides:
        tree['overrides'] = json.loads(case.overrides)
    backends = []
    for i, backend in enumerate(case.backends):
        path = folder / f'backend{i}'
        path.mkdir()
        for name, data in backend.files.items():
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            (path / name).write_bytes(data)
        more = dict(backend.settings)
        if 'search_paths' in more:
            more['search_paths'] = more['search_paths'].split(',')
        backends.append({'name': backend.name, 'type': 'directory', 'path': str(path),
                         'priority': 100 + backend.priority, **more})
    return {'backends': beside + backends, **({'tree': tree} if tree else {})}


def plain_names(daemon, leaf):
    """Every file below the leaf that is neither ours nor in a label's directory."""
    found = []
    for here, folders, files in os.walk(daemon.path(leaf)):
        below = os.path.relpath(here, daemon.path(leaf))
        folders[:] = [name for name in folders if name[0] not in '.@']
        found += [os.path.normpath(os.path.join(below, name)) for name in files
                  if name[0] != '.' and not (below == '.' and name.startswith('application.'))]
    return sorted(found)


def check_want(daemon, case, want):
    if want.kind in ('absent', 'error'):
        errno = want.argument.split(' ')[0]
        expected = MAPPED.get(errno, 'EIO') if errno else 'ENOENT'
        if want.kind == 'error' and errno == 'ENOENT':
            expected = IMPORT_MISSING
        return daemon.answer(case.at, 'application.json'), expected
    if want.kind == 'json':
        answer = daemon.answer(case.at, 'application.json')
        return answer if isinstance(answer, str) else compact(answer.decode()), compact(want.text)
    if want.kind in ('plain', 'plain-raw'):
        data = want.text.encode() if want.kind == 'plain' else unescape(want.text[:-1])
        return daemon.answer(case.at, want.argument), data
    if want.kind == 'plains':
        return plain_names(daemon, case.at), want.text.split('\n')[:-1]
    if want.kind in FORMATS or want.kind == 'text':
        name = want.kind if want.kind in FORMATS else want.argument
        return daemon.answer(case.at, f'application.{name}'), want.text.encode()
    return None, None  # flat: what core says of types no file shows


def run_case(case, folder, beside):
    """Sentences about what is wrong with one case."""
    folder.mkdir()
    daemon = Daemon(folder, settings_of(case, folder, beside))
    wrong = []
    try:
        daemon.start()
        for want in case.wants:
            got, wanted = check_want(daemon, case, want)
            if got != wanted:
                wrong.append(f'{case.where}: {case.name}\n  want {wanted!r}\n  got  {got!r}')
            piece = want.argument.partition(' ')[2] if want.kind == 'error' else ''
            if piece and piece not in daemon.log() and not want.argument.startswith('EINVAL'):
                wrong.append(f'{case.where}: {case.name}: the log does not say {piece!r}')
    except (AssertionError, OSError) as error:
        wrong.append(f'{case.where}: {case.name}: {error}')
    try:
        daemon.stop()
    except AssertionError as error:
        wrong.append(f'{case.where}: {case.name}: {error}')
    return wrong


def reachable(case):
    """Not so a path that begins with `..`, nor a label where no backend has a list of labels: in
    the tree a name in <profile>/ is a label only if it is listed (docs/tree.md)."""
    listed = any(backend.settings.get('labels') for backend in case.backends)
    label = case.at.count('/') == 2
    return not case.at.startswith('../') and (listed or not label or
                                              case.wants[0].kind == 'error')


@pytest.mark.parametrize('topic', [path.stem for path in sorted(CASES.glob('*.case'))])
def test_topic(topic, beside, version, tmp_path):
    cases = [case for case in read_cases(CASES / f'{topic}.case') if reachable(case)]
    with ThreadPoolExecutor(DAEMONS) as pool:
        found = pool.map(lambda at: run_case(at[1], tmp_path / f'case{at[0]}', beside),
                         enumerate(cases))
    wrong = list(itertools.chain.from_iterable(found))
    assert not wrong, f'{len(wrong)} of {len(cases)} cases:\n' + '\n'.join(wrong[:10])
