"""The local interface: each path of docs/api.md, as a program asks it."""
import hashlib
import os
import time

import pytest

import daemon
import repository
from api import LOCAL, REPO, ask, by, refused, walk


@pytest.fixture
def beside(silent):
    """One silent backend beside: it costs its timeout (300 ms) where it has to be asked."""
    return [silent]


# --- state --------------------------------------------------------------------------------------

def test_version(api):
    answer = ask(api.v, 'version')
    assert set(answer) == {'version', 'pid', 'mount', 'started', 'uptime_s'}
    assert answer['pid'] == api.v.process.pid and answer['mount'] == str(api.v.mount)
    assert f"vortexd {answer['version']}" in daemon.built_in_version()
    assert time.strptime(answer['started'], '%Y-%m-%dT%H:%M:%SZ')
    assert 0 <= answer['uptime_s'] < 60


def test_tracks_are_those_that_somebody_reads(api):
    assert walk(api.v, 'tracks') == []
    api.v.read('payment/prod/application.yml')
    api.v.read('orders/default/application.yml')
    tracks = walk(api.v, 'tracks', limit=1)
    assert by(tracks, 'at', 'app', 'profile', 'label', 'state') == [
        ('orders/default', 'orders', 'default', None, 'live'),
        ('payment/prod', 'payment', 'prod', None, 'live')]
    track = tracks[1]
    assert set(track) == {'at', 'app', 'profile', 'label', 'state', 'version', 'number',
                          'published', 'age_s', 'idle_s', 'revisions', 'error'}
    assert track['revisions']['repo'] == api.first and set(track['revisions']) >= {'repo', 'local'}
    assert track['number'] == 1 and track['error'] is None
    assert track['version'] in api.v.text('payment/prod/.version')
    # By the same number and version it can be asked for; by any other it cannot.
    at = ask(api.v, 'explain', at='payment/prod')['version']
    assert at == track['version']
    assert ask(api.v, 'explain', at='payment/prod/@1')['version'] == at
    assert ask(api.v, 'explain', at=f'payment/prod/@{at}')['version'] == at
    for moment in ('@2', '@' + '0' * 32):
        assert 'stored' in refused(api.v, 'explain', 404, 'ENOENT', at=f'payment/prod/{moment}')


def test_a_bad_document_is_a_problem(api):
    api.v.read('payment/prod/application.yml')
    api.repo.commit({'payment-prod.yml': 'a: [1\n'})
    problem = daemon.wait_until(lambda: [p for p in walk(api.v, 'problems', limit=1)
                                         if p['key'] == 'backend repo payment/prod'])[0]
    assert set(problem) == {'key', 'severity', 'since', 'message'}
    assert problem['severity'] == 'warning' and 'payment-prod.yml' in problem['message']
    assert ask(api.v, 'problems')['dropped'] == 0
    # What is served can still be asked for; what the source says now cannot be composed.
    assert ask(api.v, 'explain', at='payment/prod', key='server.port')['items'][0]['value'] == '8080'
    assert 'payment-prod.yml' in refused(api.v, 'explain', 502, 'EBADMSG', at='payment/prod/@head')
    api.repo.commit(REPO)
    daemon.wait_until(lambda: not any(p['key'] == 'backend repo payment/prod'
                                      for p in walk(api.v, 'problems')))


def test_a_problem_that_was_mended_ends_though_nobody_asks_again(api):
    api.repo.commit({'application.yml': 'a: [1\n'})
    daemon.wait_until(lambda: api.v.answer('nobody/prod/application.yml') == 'EIO')
    assert 'backend repo nobody/default' in [p['key'] for p in walk(api.v, 'problems')]
    api.repo.commit({'application.yml': 'a: 1\n'})
    daemon.wait_until(lambda: not any('nobody' in p['key'] for p in walk(api.v, 'problems')))


def test_backends(api):
    backends = walk(api.v, 'backends', limit=1)
    assert by(backends, 'name', 'type', 'priority') == [
        ('silent', 'never', 1), ('local', 'directory', 10), ('repo', 'git', 11)]
    repo = backends[2]
    assert set(repo) == {'name', 'type', 'priority', 'optional', 'source', 'state', 'revision',
                         'message', 'good_age_s', 'next_s', 'fetches', 'unchanged', 'calls',
                         'failures'}
    assert repo['state'] == 'ok' and repo['optional'] is False
    assert backends[0]['state'] != 'ok' and backends[0]['optional'] is True
    assert 'cursor' in refused(api.v, 'backends', 400, 'EINVAL', cursor='nope')


def test_refresh(api):
    answer = ask(api.v, 'backends/repo/refresh', 'POST')
    assert by(answer['items'], 'name', 'state') == [('repo', 'ok')] and answer['next'] is None
    assert refused(api.v, 'backends/nope/refresh', 404, 'ENOENT', 'POST')
    assert refused(api.v, 'backends/repo/refresh', 405, 'EROFS')


# --- explain ------------------------------------------------------------------------------------

def test_explain_a_key(api):
    answer = ask(api.v, 'explain', at='payment/prod', key='server.port')
    assert set(answer) == {'at', 'version', 'items', 'documents', 'next'}
    assert answer['at'] == 'payment/prod' and len(answer['version']) == 32
    digest = hashlib.sha256(b'80').hexdigest()[:16]
    item = answer['items'][0]
    assert {k: v for k, v in item.items() if k != 'overrode'} == {
        'key': 'server.port', 'type': 'int', 'value': '8080', 'backend': 'repo',
        'path': 'payment-prod.yml', 'line': 2, 'revision': api.first}
    assert len(item['overrode']) == 1
    over = item['overrode'][0]
    assert over.pop('revision')
    assert over == {'backend': 'local', 'path': 'payment.yml', 'line': 2, 'value': '80',
                    'hash': f'sha256:{digest}'}
    assert digest in api.v.text('payment/prod/.origin.json')
    assert by(answer['documents'], 'backend', 'path') == [
        ('local', 'application.yml'), ('local', 'payment.yml'), ('repo', 'payment.yml'),
        ('repo', 'payment-prod.yml')]


def test_explain_all_keys_page_by_page(api):
    items = walk(api.v, 'explain', at='payment/prod', limit=2)
    assert by(items, 'key', 'type', 'value') == [
        ('list', 'list', None), ('list[0]', 'int', '3'), ('name', 'string', 'pay'),
        ('nothing', 'null', None), ('server.host', 'string', 'a'), ('server.port', 'int', '8080'),
        ('shared', 'string', 'all')]
    assert items[0]['overrode'][0]['path'] == 'payment.yml'  # replaced as a whole
    below = walk(api.v, 'explain', at='payment/prod', key='server', limit=1)
    assert by(below, 'key') == [('server.host',), ('server.port',)]
    first = ask(api.v, 'explain', at='payment/prod', limit=1)
    second = ask(api.v, 'explain', at='payment/prod', limit=1, cursor=first['next'])
    assert 'documents' in first and 'documents' not in second


def test_a_page_ends_when_it_is_large(vortex, tmp_path):
    big = 'x' * (1 << 20)
    v = vortex([repository.directory(tmp_path / 'files', {f'app{n}.yml': f'big: {big}\n' for n in range(10)})])
    page = ask(v, 'find', key='big', limit=1000)
    assert 4 <= len(page['items']) < 10 and page['next'], len(page['items'])
    assert [item['at'] for item in walk(v, 'find', key='big', limit=1000)] == \
        [f'app{n}/default' for n in range(10)]


def test_explain_what_is_not_there(api):
    assert 'nope' in refused(api.v, 'explain', 404, 'ENOENT', at='payment/prod', key='nope')
    assert refused(api.v, 'explain', 404, 'ENOENT', at='payment/prod', key='serv')
    assert refused(api.v, 'explain', 404, 'ENOENT', at='payment/prod', file='nope')
    assert refused(api.v, 'explain', 404, 'ENOENT', at='nobody/prod')
    assert refused(api.v, 'explain', 404, 'ENOENT', at='payment/prod/nolabel')
    for at in ('payment', '', 'payment/', 'payment/prod/@then', '../x', 'payment/prod/@rev:x:y:z#'):
        assert refused(api.v, 'explain', 400, 'EINVAL', at=at)
    assert 'at' in refused(api.v, 'explain', 400, 'EINVAL')
    assert refused(api.v, 'explain', 400, 'EINVAL', at='payment/prod', key='a', file='b')
    assert refused(api.v, 'explain', 400, 'ENAMETOOLONG', at='a' * 256 + '/prod')


def test_explain_a_file(api):
    answer = ask(api.v, 'explain', at='payment/prod', file='nginx.conf')
    assert answer['file'].pop('revision')
    assert answer['file'] == {'name': 'nginx.conf', 'backend': 'local', 'path': 'nginx.conf',
                              'bytes': len(LOCAL['nginx.conf'])}


# --- find ---------------------------------------------------------------------------------------

def test_find(api):
    found = walk(api.v, 'find', key='server.port')
    assert by(found, 'at', 'value') == [
        ('orders/default', '81'), ('payment/default', '80'), ('payment/prod', '8080')]
    assert set(found[0]) == {'at', 'key', 'value', 'backend', 'path', 'line', 'revision'}
    answer = ask(api.v, 'find', key='server.port')
    assert (answer['composed'], answer['failed'], answer['next']) == (3, 0, None)
    assert by(walk(api.v, 'find', key='server.*', value='80'), 'at', 'key') == [
        ('payment/default', 'server.port')]
    everything = walk(api.v, 'find', key='*')
    assert everything == walk(api.v, 'find', key='*', limit=1)  # also within a configuration
    assert everything == walk(api.v, 'find', key='*', limit=2)
    assert walk(api.v, 'find', key='nope') == []
    assert by(walk(api.v, 'find', key='server.port', label='main'), 'at') == [
        ('orders/default/main',), ('payment/default/main',), ('payment/prod/main',)]
    # The directory has every label and nothing at this one.
    assert ask(api.v, 'find', key='*', label='nolabel')['items'] == []
    assert refused(api.v, 'find', 400, 'EINVAL', key='*', label='../x')
    assert refused(api.v, 'find', 400, 'EINVAL', key='')
    assert refused(api.v, 'find', 400, 'EINVAL', key='*', cursor='nonsense')


def test_find_counts_what_cannot_be_composed(api):
    api.repo.commit({'payment-prod.yml': 'a: [1\n'})
    daemon.wait_until(lambda: ask(api.v, 'find', key='server.port')['failed'] == 1)
    answer = ask(api.v, 'find', key='server.port')
    assert answer['composed'] == 2 and len(answer['items']) == 2


def test_find_walks_many_applications(vortex, tmp_path, request):
    files = {f'app{i:03}.yml': f'n: {i}\n' for i in range(120)}
    files |= {f'app{i:03}-p{k}.yml': f'k: {k}\n' for i in range(0, 120, 10) for k in range(3)}
    v = vortex([repository.directory(tmp_path / 'local', files)])
    found = walk(v, 'find', key='n', limit=7)
    assert len(found) == len({item['at'] for item in found}) == 120 + 12 * 3
    assert found == walk(v, 'find', key='n', limit=1000)
    assert walk(v, 'tracks') == []  # asking leaves nothing behind


# --- diff ---------------------------------------------------------------------------------------

def test_diff(api):
    answer = ask(api.v, 'diff', a='payment/default', b='payment/prod')
    assert set(answer) == {'a', 'b', 'same', 'items', 'next'}
    assert set(answer['a']) == {'at', 'version'} and answer['b']['at'] == 'payment/prod'
    assert answer['same'] is False
    assert by(answer['items'], 'key', 'change') == [
        ('list[0]', 'changed'), ('list[1]', 'removed'), ('server.port', 'changed')]
    port = answer['items'][2]
    assert port['a'] == {'type': 'int', 'value': '80', 'backend': 'local', 'path': 'payment.yml',
                         'line': 2}
    assert answer['items'][1]['b'] is None
    assert answer['items'] == walk(api.v, 'diff', a='payment/default', b='payment/prod', limit=1)
    same = ask(api.v, 'diff', a='payment/prod', b='@head')
    assert same['same'] is True and same['items'] == [] and same['b']['at'] == 'payment/prod/@head'


def test_diff_origins_and_files(api):
    with_origins = walk(api.v, 'diff', a='payment/default', b='orders/default', origins='true')
    assert ('name', 'removed') in by(with_origins, 'key', 'change')
    assert refused(api.v, 'diff', 400, 'EINVAL', a='payment/default', b='@head', origins='maybe')
    second = api.repo.commit({'nginx.conf': 'other\n', 'more.txt': 'x\n',
                              'payment.yml': '# a line more\nname: pay\n'})
    side = f'payment/prod/@rev:repo:{second}'
    changes = walk(api.v, 'diff', a=f'payment/prod/@rev:{api.first}', b=side)
    assert by(changes, 'key', 'change') == [('file:more.txt', 'added'), ('file:nginx.conf', 'changed')]
    assert changes[0]['b'] == {'type': 'file', 'value': None, 'backend': 'repo', 'path': 'more.txt',
                               'line': None}
    origin = walk(api.v, 'diff', a=f'payment/prod/@rev:{api.first}', b=side, origins='true')
    assert ('name', 'origin') in by(origin, 'key', 'change')
    assert refused(api.v, 'diff', 404, 'ENOENT', a='payment/prod', b='nobody/prod')
    assert refused(api.v, 'diff', 400, 'EINVAL', a='payment/prod')
    assert refused(api.v, 'diff', 400, 'EINVAL', a='@head', b='payment/prod')


# --- preview, validate --------------------------------------------------------------------------

def test_preview(api):
    api.repo.git('checkout', '-q', '-b', 'next')
    head = api.repo.commit({'payment-prod.yml': 'server:\n  port: 9\nmore: 1\n',
                            'billing.yml': 'x: 1\n', 'orders.yml': 'y: 1\n',
                            'orders-dev.yml': 'a: [1\n'}, 'next')
    api.repo.git('checkout', '-q', 'main')
    answer = ask(api.v, 'preview', rev='repo:next')
    assert answer['rev'] == {'backend': 'repo', 'revision': 'next'}
    assert by(answer['items'], 'at', 'outcome', 'added', 'removed', 'changed') == [
        ('billing/default', 'added', 3, 0, 0), ('orders/default', 'changed', 1, 0, 0),
        ('orders/dev', 'fails', 0, 0, 0), ('payment/prod', 'changed', 2, 0, 2)]
    outcomes = dict(by(answer['items'], 'at', 'outcome'))
    fails = [i for i in answer['items'] if i['outcome'] == 'fails'][0]
    assert 'orders-dev.yml' in fails['message'] and answer['failed'] == 1
    assert answer['items'] == walk(api.v, 'preview', rev='next', limit=1)
    everything = walk(api.v, 'preview', rev=head, all='true')
    assert dict(by(everything, 'at', 'outcome')) == outcomes | {
        'payment/default': 'same'}
    assert by(walk(api.v, 'preview', rev='next', app='billing'), 'at') == [('billing/default',)]
    assert walk(api.v, 'preview', rev='main') == []
    # The other way round: what only is here would go.
    api.repo.git('merge', '-q', '--ff-only', 'next')
    daemon.wait_until(lambda: 'billing' in api.v.listing())
    removed = daemon.wait_until(lambda: [i for i in walk(api.v, 'preview', rev=api.first)
                                         if i['at'] == 'billing/default'])
    assert by(removed, 'outcome') == [('removed',)]


def test_validate(api):
    api.repo.git('checkout', '-q', '-b', 'next')
    api.repo.commit({'payment-prod.yml': 'a: [1\n', 'orders.yml': 'b: 1\n'}, 'next')
    api.repo.git('checkout', '-q', 'main')
    answer = ask(api.v, 'validate', rev='repo:next')
    assert by(answer['items'], 'at') == [('payment/prod',)] and answer['failed'] == 1
    assert 'payment-prod.yml' in answer['items'][0]['message']
    assert set(answer['items'][0]) == {'at', 'message'} and answer['composed'] == 2
    good = ask(api.v, 'validate', rev='main')
    assert good['items'] == [] and good['failed'] == 0 and good['composed'] == 3


def test_revisions_that_are_not_there(api):
    for path in ('preview', 'validate'):
        assert refused(api.v, path, 404, 'ENOENT', rev='repo:nope')
        assert refused(api.v, path, 404, 'ENOENT', rev='repo:nope', app='payment')
        assert refused(api.v, path, 404, 'ENOENT', rev='nobody:main')
        assert refused(api.v, path, 501, 'EOPNOTSUPP', rev='local:main')
        assert refused(api.v, path, 400, 'EINVAL', rev='repo:')
        assert refused(api.v, path, 400, 'EINVAL')
        assert refused(api.v, path, 400, 'EINVAL', rev='main', app='../x')
    assert refused(api.v, 'explain', 404, 'ENOENT', at='payment/prod/@rev:repo:nope')
    assert refused(api.v, 'explain', 501, 'EOPNOTSUPP', at='payment/prod/@rev:local:x')


# --- history ------------------------------------------------------------------------------------

def test_history(vortex, tmp_path):
    repos = [repository.Repository(tmp_path / name) for name in ('one', 'two')]
    commits = []
    for i in range(6):
        date = f'2026-01-0{i + 1}T00:00:00Z'
        os.environ['GIT_COMMITTER_DATE'] = os.environ['GIT_AUTHOR_DATE'] = date
        try:
            rev = repos[i % 2].commit({'payment.yml': f'n{i % 2}: {i}\n'}, f'change {i}')
        finally:
            del os.environ['GIT_COMMITTER_DATE'], os.environ['GIT_AUTHOR_DATE']
        commits.insert(0, (('one', 'two')[i % 2], rev, f'change {i}', date))
    repos[0].commit({'orders.yml': 'x: 1\n'}, 'another application')
    v = vortex([repository.backend(repos[0], **{'name': 'one'}),
                repository.backend(repos[1], **{'name': 'two'})])
    got = walk(v, 'history', at='payment/default')
    assert by(got, 'backend', 'revision', 'message', 'time') == commits
    assert got[0]['author'] == 'Ada <ada@shop.test>'
    for limit in (1, 2, 4):
        assert walk(v, 'history', at='payment/default', limit=limit) == got
    assert walk(v, 'history', at='payment/default', backend='two', limit=2) == [
        entry for entry in got if entry['backend'] == 'two']
    assert refused(v, 'history', 404, 'ENOENT', at='payment/default', backend='nope')
    assert refused(v, 'history', 501, 'EOPNOTSUPP', at='payment/default', backend='silent')
    assert refused(v, 'history', 400, 'EINVAL', at='payment/default', cursor='a,b,c,d')
    assert refused(v, 'history', 400, 'EINVAL')
    # Two backends have revisions, so one has to be named.
    assert 'one' in refused(v, 'preview', 400, 'EINVAL', rev='main')
