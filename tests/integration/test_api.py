"""The local interface: each path of docs/api.md as a program asks it, and who gets what."""
import base64
import hashlib
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest

import daemon
import repository

STRANGER, MEMBER, GROUP = 61001, 61002, 61003
OTHER_GROUP = 61004

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason='callers of other uids need root')


class Connection(http.client.HTTPConnection):
    def __init__(self, path, timeout=40):
        super().__init__('vortex', timeout=timeout)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def target(path, **query):
    return f'/api/{path}' + (f'?{urlencode(query)}' if query else '')


def ask(v, path, method='GET', status=200, **query):
    """The answer's JSON; its status has to be the one expected."""
    connection = Connection(v.socket)
    try:
        connection.request(method, target(path, **query))
        answer = connection.getresponse()
        body = answer.read()
        assert answer.status == status, (answer.status, body)
        assert answer.headers['Content-Type'] == 'application/json'
        return json.loads(body)
    finally:
        connection.close()


def refused(v, path, status, code, method='GET', **query):
    """The sentence of a refusal."""
    answer = ask(v, path, method, status, **query)
    assert set(answer) == {'error'} and set(answer['error']) == {'code', 'message'}
    assert answer['error']['code'] == code, answer
    assert answer['error']['message'].strip() and '\n' not in answer['error']['message']
    return answer['error']['message']


def walk(v, path, **query):
    """All items, page by page."""
    found, cursor, pages = [], None, 0
    while True:
        page = ask(v, path, **query, **({'cursor': cursor} if cursor else {}))
        found += page['items']
        assert len(page['items']) <= int(query.get('limit', 100))
        cursor, pages = page['next'], pages + 1
        if cursor is None:
            return found
        assert pages < 200, 'the pages do not end'


# --- as another user ----------------------------------------------------------------------------

AS_OTHER = r'''
import http.client, os, socket, sys
sock, uid, gid, groups, method, target = sys.argv[1:]
os.setgroups([int(g) for g in groups.split(',') if g])
os.setgid(int(gid)); os.setuid(int(uid))
class C(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(40)
        self.sock.connect(sock)
try:
    c = C('vortex')
    c.request(method, target)
    r = c.getresponse()
    if target.startswith('/api/events'):
        print(r.status)
        while True:
            print(r.readline().decode(), end='', flush=True)
    print(r.status)
    print(r.read().decode())
except OSError as e:
    import errno
    print(errno.errorcode[e.errno])
'''


def as_command(v, uid, gid, groups, path, method='GET', **query):
    return [sys.executable, '-c', AS_OTHER, str(v.socket), str(uid), str(gid),
            ','.join(map(str, groups)), method, target(path, **query)]


def ask_as(v, uid, gid, groups, path, method='GET', **query):
    """(status, JSON) as another user, or the errno's name."""
    done = subprocess.run(as_command(v, uid, gid, groups, path, method, **query), text=True,
                          capture_output=True, timeout=60, check=True)
    first, _, rest = done.stdout.partition('\n')
    return (int(first), json.loads(rest)) if first.isdigit() else first


# --- a daemon with a repository over a directory ------------------------------------------------

LOCAL = {
    'application.yml': 'shared: all\n',
    'payment.yml': 'server:\n  port: 80\n  host: a\nlist: [1, 2]\nnothing: ~\n',
    'orders.yml': 'server:\n  port: 81\nsecret: s\n',
    'nginx.conf': 'listen ${server.port};\n',
}
REPO = {
    'payment-prod.yml': 'server:\n  port: 8080\nlist: [3]\n',
    'payment.yml': 'name: pay\n',
}


class Api:
    """The daemon under test, its repository and its directory."""

    def __init__(self, vortex, tmp_path, **settings):
        self.repo = repository.Repository(tmp_path / 'repo')
        self.first = self.repo.commit(REPO, 'the first')
        self.local = tmp_path / 'local'
        self.v = vortex([repository.directory(self.local, LOCAL),
                         repository.backend(self.repo)], **settings)


@pytest.fixture
def api(vortex, tmp_path):
    return Api(vortex, tmp_path)


@pytest.fixture
def beside(request, version):
    """One silent backend beside: it costs its timeout (300 ms) where it has to be asked."""
    if 'never' not in version:
        pytest.skip('this build has no backend of type never')
    return [dict(daemon_never())]


def daemon_never():
    import conftest
    return conftest.NEVER


def by(items, *names):
    return [tuple(item[name] for name in names) for item in items]


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
        ('repo', 'payment-prod.yml')] or {('repo', 'payment-prod.yml')} <= set(
            by(answer['documents'], 'backend', 'path'))
    assert answer['documents'][-1]['path'] == 'payment-prod.yml'


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


# --- events -------------------------------------------------------------------------------------

class Events:
    """A stream of events, opened; read() gives the next as a map."""

    def __init__(self, v, headers=None, **query):
        self.connection = Connection(v.socket)
        self.connection.request('GET', target('events', **query), headers=headers or {})
        self.answer = self.connection.getresponse()
        self.status = self.answer.status
        if self.status == 200:
            assert self.answer.headers['Content-Type'] == 'text/event-stream'
            assert self.answer.readline().startswith(b':')

    def read(self):
        fields = {}
        while True:
            line = self.answer.readline().decode()
            if not line:
                raise EOFError
            if line == '\n' and fields:
                fields['data'] = json.loads(fields['data'])
                return fields
            name, _, text = line.rstrip('\n').partition(': ')
            if name and not line.startswith(':'):  # a comment
                fields[name] = text

    def close(self):
        self.answer.close()
        self.connection.close()


def wait_event(stream, kind, **fields):
    while True:
        event = stream.read()
        if event['event'] == kind and all(event['data'].get(k) == f for k, f in fields.items()):
            return event


def test_events_as_they_come_and_again(api):
    stream = Events(api.v)
    api.v.read('payment/prod/application.yml')
    published = wait_event(stream, 'published', at='payment/prod')
    data = published['data']
    assert data['number'] == '1' and len(data['version']) == 32 and data['type'] == 'published'
    assert str(data['seq']) == published['id'] and data['time'].endswith('Z')
    api.repo.commit({'payment-prod.yml': 'server:\n  port: 1\n'})
    assert wait_event(stream, 'changed', backend='repo')
    assert wait_event(stream, 'published', at='payment/prod')['data']['number'] == '2'
    stream.close()
    # From the beginning, by parameter or header, the same come again.
    for again in (Events(api.v, after=0), Events(api.v, {'Last-Event-ID': '0'})):
        events = [again.read()]
        while events[-1]['id'] != published['id']:
            events.append(again.read())
        assert by(events, 'id') == [(str(i + 1),) for i in range(data['seq'])]
        assert 'started' in {e['event'] for e in events} and events[-1] == published
        again.close()
    after = Events(api.v, {'Last-Event-ID': published['id']})
    assert int(after.read()['id']) == data['seq'] + 1
    after.close()
    # A number of an earlier daemon: everything is news.
    later = Events(api.v, after=10**9)
    assert later.read()['data']['seq'] == 1
    later.close()
    assert refused(api.v, 'events', 400, 'EINVAL', after='x')


def test_a_slow_reader_is_told_what_it_lost(api):
    for _ in range(520):  # each gives two events or one, in a ring of 1,000
        api.v.reload({'log': {'level': 'error'}})
        seen = ask(api.v, 'version')  # signals of one kind do not queue
    assert seen
    last = None

    def reloaded():
        nonlocal last
        api.v.reload({})
        stream = Events(api.v, after=0)
        first = stream.read()
        stream.close()
        return first if first['event'] == 'lost' else None
    deadline = time.monotonic() + 60
    while not (lost := reloaded()):
        assert time.monotonic() < deadline, 'the ring does not fill'
        for _ in range(100):
            api.v.process.send_signal(signal.SIGHUP)
            ask(api.v, 'version')
    assert lost['data']['lost'] > 0


def test_there_are_so_many_streams_and_no_more(api):
    streams = [Events(api.v) for _ in range(16)]
    assert [s.status for s in streams] == [200] * 16
    assert '16' in refused(api.v, 'events', 409, 'EBUSY')
    assert ask(api.v, 'version')  # there is room to ask
    for stream in streams:
        stream.close()
    # The daemon sees that they are gone.
    more = daemon.wait_until(lambda: next((s for s in [Events(api.v)] if s.status == 200), None),
                             timeout=20, step=0.5)
    more.close()


def test_sigterm_ends_open_streams(api):
    stream = Events(api.v)
    idle = Connection(api.v.socket)
    idle.request('GET', '/api/version')
    idle.getresponse().read()  # kept alive
    begin = time.monotonic()
    api.v.process.send_signal(signal.SIGTERM)
    with pytest.raises((EOFError, OSError, http.client.HTTPException)):
        while True:
            stream.read()
    api.v.process.wait(10)
    assert time.monotonic() - begin < 5
    assert not api.v.socket.exists()


# --- who may ----------------------------------------------------------------------------------

RULES = [
    {'match': 'payment/prod', 'owner': 'root', 'group': str(OTHER_GROUP), 'mode': '0440'},
    {'match': 'orders/*', 'owner': str(MEMBER), 'group': 'root', 'mode': '0400'},
]


def test_who_may_ask(vortex, tmp_path):
    api = Api(vortex, tmp_path, control={'group': str(GROUP)}, access=RULES)
    v = api.v
    info = os.stat(v.socket)
    assert info.st_mode & 0o777 == 0o660 and info.st_gid == GROUP
    assert os.stat(v.socket.parent).st_mode & 0o777 == 0o755
    v.read('payment/prod/application.yml')
    v.read('orders/default/application.yml')

    assert ask_as(v, STRANGER, STRANGER, [], 'version') == 'EACCES'
    member = (v, MEMBER, MEMBER, [GROUP])
    assert ask_as(*member, 'version')[0] == 200
    # A member of control.group commands, but reads what the rules let him read.
    assert ask_as(*member, 'backends/repo/refresh', 'POST')[0] == 200
    status, answer = ask_as(*member, 'explain', at='payment/prod')
    assert status == 403 and answer['error']['code'] == 'EACCES' and str(MEMBER) in \
        answer['error']['message']
    assert ask_as(*member, 'diff', a='payment/default', b='payment/prod')[0] == 403
    assert ask_as(*member, 'history', at='payment/prod')[0] == 403
    assert ask_as(*member, 'explain', at='orders/default')[0] == 200  # the owner
    assert by(ask_as(*member, 'find', key='server.port')[1]['items'], 'at') == [
        ('orders/default',), ('payment/default',)]
    assert by(ask_as(*member, 'tracks')[1]['items'], 'at') == [('orders/default',)]
    everything = ask_as(*member, 'preview', rev='main', all='true')[1]['items']
    assert by(everything, 'at') == [('orders/default',), ('payment/default',)]
    reader = (v, MEMBER, MEMBER, [GROUP, OTHER_GROUP])
    status, answer = ask_as(*reader, 'explain', at='payment/prod', key='server.port')
    assert status == 200 and answer['items'][0]['overrode'][0]['value'] == '80'
    assert ask_as(*reader, 'find', key='server.port')[1]['composed'] == 3


def test_problems_and_events_of_others_are_not_told(vortex, tmp_path):
    api = Api(vortex, tmp_path, control={'group': str(GROUP)}, access=RULES)
    v = api.v
    command = as_command(v, MEMBER, MEMBER, [GROUP], 'events', after=0)
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as member:
        try:
            assert member.stdout.readline() == '200\n'
            v.read('payment/prod/application.yml')  # not for the member
            wait = Events(v, after=0)
            wait_event(wait, 'published', at='payment/prod')
            wait.close()
            v.read('payment/default/application.yml')
            seen = []
            while 'payment/default' not in ''.join(seen):
                seen.append(member.stdout.readline())
        finally:
            member.kill()
    assert 'payment/prod' not in ''.join(seen) and 'started' in ''.join(seen)
    api.repo.commit({'payment-prod.yml': 'a: [1\n'})
    daemon.wait_until(lambda: 'backend repo payment/prod' in str(ask(v, 'problems')))
    assert 'payment/prod' not in str(ask_as(v, MEMBER, MEMBER, [GROUP], 'problems')[1])


def test_a_revision_is_no_way_round_the_rules(vortex, tmp_path):
    repo = repository.Repository(tmp_path / 'repo')
    repo.commit({'payment.yml': 'x: open\n'})
    repo.git('checkout', '-q', '-b', 'private')
    repo.commit({'payment.yml': 'x: closed\n'})
    repo.git('checkout', '-q', 'main')
    rules = [{'match': 'payment/*/private', 'mode': '0400'}]
    v = vortex([repository.backend(repo)], control={'group': str(GROUP)}, access=rules)
    member = (v, MEMBER, MEMBER, [GROUP])
    assert ask_as(*member, 'explain', at='payment/default')[0] == 200
    for at in ('payment/default/private', 'payment/default/@rev:repo:private'):
        assert ask_as(*member, 'explain', at=at)[0] == 403
        assert ask(v, 'explain', at=at)['items'][0]['value'] == 'closed'
    assert ask_as(*member, 'preview', rev='private', all='true')[1]['items'] == []


def test_without_a_group_only_root_asks(api):
    info = os.stat(api.v.socket)
    assert (info.st_mode & 0o777, info.st_uid, info.st_gid) == (0o660, 0, 0)
    assert ask_as(api.v, STRANGER, STRANGER, [GROUP], 'version') == 'EACCES'
    # Group root may connect, but neither commands nor sees what was overridden.
    in_root = (api.v, STRANGER, STRANGER, [0])
    assert ask_as(*in_root, 'version')[0] == 200
    assert ask_as(*in_root, 'backends/refresh', 'POST')[0] == 403
    status, answer = ask_as(*in_root, 'explain', at='payment/prod', key='server.port')
    over = answer['items'][0]['overrode'][0]
    assert status == 200 and 'value' not in over and over['hash'].startswith('sha256:')


# --- garbage ------------------------------------------------------------------------------------

def raw(v, data, read=True):
    """The status line's number and what follows, for bytes of our own."""
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(40)
        s.connect(str(v.socket))
        try:
            s.sendall(data)
            s.shutdown(socket.SHUT_WR)
        except BrokenPipeError:
            pass
        answer = b''
        try:
            while more := s.recv(65536):
                answer += more
        except ConnectionResetError:
            pass
    head, _, body = answer.partition(b'\r\n\r\n')
    return (int(head.split()[1]) if head else None), body


def request(path, method='GET', extra=''):
    return f'{method} {path} HTTP/1.1\r\nHost: x\r\n{extra}\r\n'.encode()


def test_garbage(api):
    v = api.v
    for path in ('/', '/api', '/api/', '/api/version/', '/api/nope', '/api//version', '/API/version',
                 '/api/backends//refresh', '/api/backends/a/b/refresh'):
        assert raw(v, request(path))[0] == 404, path
    for path in ('/api/version?x=1', '/api/version?at=a/b', '/api/tracks?limit=0',
                 '/api/tracks?limit=1001', '/api/tracks?limit=', '/api/tracks?limit=1&limit=2',
                 '/api/tracks?limit=x', '/api/explain?at=a%00b/c', '/api/explain?at=%ff%fe/x',
                 '/api/explain?at=%', '/api/explain?at=%zz/a', '/api/ver%00sion', '/api/%ff',
                 '/api/explain?at=a/b&%ff=1', '/api/explain?at=a/b&key=%c3', '/api/explain?at'):
        status, body = raw(v, request(path))
        assert status == 400, (path, status, body)
        assert json.loads(body)['error']['code'] == 'EINVAL', path
    for method in ('DELETE', 'PUT', 'HEAD', 'POST', 'PATCH', 'GRUNT'):
        assert raw(v, request('/api/version', method))[0] == 405, method
    assert raw(v, request('/api/backends/repo/refresh', 'DELETE'))[0] == 405
    body = 'Content-Length: 5\r\n'
    assert raw(v, request('/api/version', extra=body) + b'hello')[0] == 400
    assert raw(v, request('/api/backends/refresh', 'POST', body) + b'hello')[0] == 400
    chunked = 'Transfer-Encoding: chunked\r\n'
    assert raw(v, request('/api/version', extra=chunked) + b'5\r\nhello\r\n0\r\n\r\n')[0] == 400
    assert raw(v, request('/api/version?' + 'x' * 100000))[0] in (None, 414, 431)
    assert raw(v, request('/api/version', extra=f'X: {"y" * 100000}\r\n'))[0] in (None, 413, 431)
    assert raw(v, b'\x00' * 1000)[0] in (None, 400)
    assert raw(v, b'\x16\x03\x01\x02\x00\x01\x00')[0] in (None, 400)
    assert raw(v, b'GET')[0] is None
    assert raw(v, b'')[0] is None
    key = 'k' * 20000
    assert raw(v, request(f'/api/explain?at=payment/prod&key={key}'))[0] == 404
    stars = quote('*a' * 5000)
    assert raw(v, request(f'/api/find?key={stars}'))[0] == 200
    assert ask(v, 'version')


def test_a_plus_is_a_blank_and_a_coded_one_is_a_plus(vortex, tmp_path):
    v = vortex([repository.directory(tmp_path / 'local', {'payment-a+b.yml': 'x: 1\n'})])
    assert raw(v, request('/api/explain?at=payment/a+b'))[0] == 400
    assert ask(v, 'explain', at='payment/a+b')['items'][0]['value'] == '1'


def test_more_callers_than_connections(api):
    with ThreadPoolExecutor(40) as pool:
        answers = list(pool.map(lambda _: ask(api.v, 'explain', at='payment/prod'), range(200)))
    assert all(answer == answers[0] for answer in answers)
    # 40 that stay connected and silent: the first 32 are served, the others once one of them goes.
    held = []
    for _ in range(40):
        s = socket.socket(socket.AF_UNIX)
        s.connect(str(api.v.socket))
        held.append(s)
    last = held[-1]
    last.sendall(request('/api/version'))
    last.settimeout(0.5)
    with pytest.raises(TimeoutError):
        last.recv(1)
    for s in held[:-1]:
        s.close()
    last.settimeout(30)
    assert last.recv(12) == b'HTTP/1.1 200'
    last.close()
    assert ask(api.v, 'version')


def test_kept_connections_serve_many_requests(api):
    connection = Connection(api.v.socket)
    for _ in range(50):
        connection.request('GET', '/api/version')
        answer = connection.getresponse()
        assert answer.status == 200 and json.loads(answer.read())
    connection.close()


def test_a_silent_backend_is_waited_for_and_no_longer(vortex, tmp_path):
    api = Api(vortex, tmp_path)
    begin = time.monotonic()
    assert len(walk(api.v, 'find', key='server.port')) == 3
    assert time.monotonic() - begin < 30


def test_a_required_silent_backend_is_an_error_in_time(vortex, tmp_path):
    silent = {'name': 'mute', 'type': 'never', 'timeout': '1s'}
    v = vortex([repository.directory(tmp_path / 'local', LOCAL), silent])
    begin = time.monotonic()
    answer = refused(v, 'explain', 504, 'ETIMEDOUT', at='payment/prod')
    assert 'mute' in answer and time.monotonic() - begin < 30
    assert ask(v, 'version') and ask(v, 'backends')  # need no backend


def test_sigterm_while_somebody_waits(vortex, tmp_path):
    silent = {'name': 'mute', 'type': 'never', 'timeout': '25s'}
    v = vortex([repository.directory(tmp_path / 'local', LOCAL), silent])
    connection = Connection(v.socket)
    connection.request('GET', target('explain', at='payment/prod'))
    daemon.wait_until(lambda: [b for b in ask(v, 'backends')['items']
                               if b['name'] == 'mute' and b['calls'] + b['fetches'] > 0])
    begin = time.monotonic()
    v.process.send_signal(signal.SIGTERM)
    v.process.wait(15)
    assert time.monotonic() - begin < 5
    connection.close()


# --- the socket -------------------------------------------------------------------------------

def test_a_second_daemon_is_refused(api, tmp_path, vortex):
    other = daemon.Daemon(tmp_path, {'backends': [repository.directory(tmp_path / 'o', LOCAL)]})
    other.settings['http']['socket'] = str(api.v.socket)
    with pytest.raises(AssertionError, match='another vortexd answers at') as refusal:
        other.start()
    assert 'http.socket' in str(refusal.value) and str(api.v.socket) in str(refusal.value)
    assert not other.mounts()
    assert ask(api.v, 'version')['pid'] == api.v.process.pid  # the first is untouched


def test_what_a_dead_daemon_left_is_replaced(api, tmp_path):
    os.kill(api.v.process.pid, signal.SIGKILL)
    api.v.process.wait()
    assert api.v.socket.is_socket()
    for path, _ in api.v.mounts():
        subprocess.run(['umount', '-l', path], check=True)
    api.v.start()
    assert ask(api.v, 'version')['pid'] == api.v.process.pid


def refused_start(tmp_path, change, match):
    folder = Path(tempfile.mkdtemp(dir=tmp_path))
    other = daemon.Daemon(folder, {'backends': [repository.directory(tmp_path / 'o', LOCAL)]})
    other.settings = daemon.merged(other.settings, change)
    with pytest.raises(AssertionError, match=match):
        other.start()
    assert not other.mounts()
    return folder / 'vortexd.yaml'


def test_sockets_that_cannot_be(tmp_path):
    file = tmp_path / 'file'
    file.write_text('keep')
    refused_start(tmp_path, {'http': {'socket': str(file)}}, 'is no socket')
    assert file.read_text() == 'keep'
    refused_start(tmp_path, {'http': {'socket': '/tmp/' + 'x' * 120}}, 'longer than')
    refused_start(tmp_path, {'http': {'socket': 'relative'}}, "begin with a '/'")
    refused_start(tmp_path, {'http': {'socket': f'{file}/x/api.sock'}}, 'making|opening')
    settings = refused_start(tmp_path, {'control': {'group': 'nosuchgroup'}},
                             "no group 'nosuchgroup'")
    done = subprocess.run([daemon.binary(), '--check', '-c', settings],
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 2 and "no group 'nosuchgroup'" in done.stderr


def test_a_socket_somebody_else_answers_at(tmp_path):
    folder = tempfile.mkdtemp(prefix='vx')
    path = f'{folder}/s'
    with socket.socket(socket.AF_UNIX) as s:
        s.bind(path)
        s.listen()
        refused_start(tmp_path, {'http': {'socket': path}}, 'answers at')
    shutil.rmtree(folder)


def test_without_a_socket_nothing_listens(vortex, tmp_path):
    v = vortex([repository.directory(tmp_path / 'local', LOCAL)], http={'socket': ''})
    assert not v.socket.exists() and v.read('payment/default/application.yml')


def test_the_socket_goes_only_while_it_is_ours(api):
    api.v.socket.unlink()
    api.v.socket.write_text('somebody else\n')
    api.v.stop_keeping_socket = True
    api.v.process.send_signal(signal.SIGTERM)
    assert api.v.process.wait(15) == 0
    assert api.v.socket.read_text() == 'somebody else\n'
