"""A client of the local interface: docs/api.md over a UNIX socket, also as another user."""
import http.client
import json
import socket
import subprocess
import sys
from urllib.parse import urlencode

import repository

STRANGER, MEMBER, GROUP = 61001, 61002, 61003
OTHER_GROUP = 61004


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


def by(items, *names):
    return [tuple(item[name] for name in names) for item in items]


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
