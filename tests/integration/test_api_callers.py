"""The local interface: who may ask, what nobody should, and where it listens."""
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote

import pytest

import daemon
import repository
from api import (GROUP, LOCAL, MEMBER, OTHER_GROUP, STRANGER, Api, Connection, Events, as_command,
                 ask, ask_as, by, refused, target, wait_event, walk)

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason='callers of other uids need root')


@pytest.fixture
def beside(silent):
    """One silent backend beside: it costs its timeout (300 ms) where it has to be asked."""
    return [silent]


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


def test_a_commit_is_no_way_round_the_rules(vortex, tmp_path):
    """Neither one of a private branch, nor one below a leaf that is closed."""
    repo = repository.Repository(tmp_path / 'repo')
    repo.commit({'payment.yml': 'x: open\n', 'orders.yml': 'x: open\n', 'games.yml': 'x: open\n'})
    opened = repo.git('rev-parse', 'HEAD')
    repo.git('checkout', '-q', '-b', 'private')
    repo.commit({'payment.yml': 'x: closed\n'})
    closed = repo.git('rev-parse', 'HEAD')
    repo.git('checkout', '-q', 'main')
    rules = [{'match': 'payment/*/private', 'mode': '0400'}, {'match': 'orders/*/main', 'mode': '0400'}]
    v = vortex([repository.backend(repo)], control={'group': str(GROUP)}, access=rules)
    member = (v, MEMBER, MEMBER, [GROUP])
    shut = [f'payment/default/{closed}', f'payment/default/{closed[:7]}', f'payment/default/@rev:repo:{closed}',
            f'orders/default/{opened}', f'orders/default/@rev:repo:{opened}', 'orders/default/private']
    for at in shut:
        assert ask_as(*member, 'explain', at=at)[0] == 403, at
        assert ask(v, 'explain', at=at)['items'], at
    for at in ('payment/default', f'games/default/{opened}', f'games/default/@rev:repo:{closed}'):
        assert ask_as(*member, 'explain', at=at)[0] == 200, at
    for at, mode in ((f'payment/default/{closed}', 0o400), (f'games/default/{closed}', 0o444)):
        assert os.stat(v.path(at, 'application.yml')).st_mode & 0o777 == mode, at
        assert os.stat(v.path(at)).st_mode & 0o777 == mode | (mode & 0o444) >> 2, at


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
