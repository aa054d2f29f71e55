"""The composition cases, run through the independent composer (no daemon, no C)."""
import pytest

from cases import all_cases, unescape
from composer import Composer, Source
from documents import JsonReader, Refused
from readers import FORMATS, format_differences
from views import as_json, compact, flat

CASES = all_cases()


def compose(case):
    sources = []
    for backend in case.backends:
        settings = dict(backend.settings)
        paths = settings.pop('search_paths', '')
        sources.append(Source(backend.files, backend.name, backend.priority,
                              search_paths=paths.split(',') if paths else [], **settings))
    options = {key.removeprefix('tree.'): value for key, value in case.settings.items()}
    overrides = JsonReader(case.overrides).document() if case.overrides else None
    return Composer(sources, overrides, **options).compose(*case.coordinates)


def line(path, type_, text):
    if type_ in ('map', 'list', 'null'):
        return f'{path} {type_}'
    return f'{path} {type_} ' + text.replace('\n', '\\n')


def answer(snapshot, want):
    """What the composer says, and what was wanted, as comparable text."""
    if want.kind in ('json', 'text'):
        return as_json(snapshot.root), compact(want.text)
    if want.kind == 'flat':
        got = [line(*leaf) for leaf in flat(snapshot.root)]
        return got, want.text.split('\n')[:-1]
    if want.kind == 'plain':
        return snapshot.plain_bytes(want.argument), want.text.encode()
    if want.kind == 'plain-raw':
        return snapshot.plain_bytes(want.argument), unescape(want.text[:-1])
    return list(snapshot.plain), want.text.split('\n')[:-1]


@pytest.mark.parametrize('case', CASES, ids=[f'{case.where}: {case.name}' for case in CASES])
def test_case(case):
    assert case.wants and case.rule, 'a case needs a rule and something to want'
    for want in case.wants:
        if want.kind in ('absent', 'error'):
            errno, _, piece = ('ENOENT', '', '') if want.kind == 'absent' \
                else want.argument.partition(' ')
            with pytest.raises(Refused) as refused:
                compose(case)
            assert refused.value.errno == errno
            assert piece in refused.value.sentence
        elif want.kind in FORMATS and want.kind != 'json':
            assert not format_differences(want.kind, want.text.encode(), compose(case))
        else:
            got, wanted = answer(compose(case), want)
            assert got == wanted
