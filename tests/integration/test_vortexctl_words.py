"""vortexctl towards people: errors and what to do, terminals, the command line, completion."""
import os
import re
import shutil
import signal
import socket as sockets
import subprocess
import threading
from pathlib import Path

import pytest

import daemon
from ctl_shop import (DENIED, ESCAPE, GAMES, NOT_COMPOSED, OK, TIMEOUT, UNHEALTHY, UNREACHABLE, USAGE, Ctl, anybody,
                      beside, ctl, one, repo)
from repository import directory

__all__ = ['anybody', 'beside', 'ctl', 'one', 'repo']  # fixtures
ROOT = Path(__file__).resolve().parents[2]
root_only = pytest.mark.skipif(os.geteuid() != 0, reason='other users are tried by root')


# --- errors -------------------------------------------------------------------------------------

API_VERBS = [['explain', 'a/b'], ['find', 'a'], ['diff', 'a/b', 'a/c'], ['preview', 'main'],
             ['validate', 'main'], ['history', 'a/b'], ['tracks'], ['backends'], ['backends', 'refresh'],
             ['problems'], ['events'], ['events', '-w']]


@pytest.mark.parametrize('words', API_VERBS, ids=' '.join)
def test_no_daemon(ctl, words, tmp_path):
    sentence = ctl.refused(UNREACHABLE, *words, '--socket', '/nonexistent/api.sock')
    assert 'no vortexd answers at /nonexistent/api.sock' in sentence
    assert 'is it running?' in sentence and '--socket' in sentence


def test_a_socket_of_a_dead_daemon_a_file_and_a_path_too_long(ctl, tmp_path):
    folder = Path(daemon.tempfile.mkdtemp(prefix='vx'))
    with sockets.socket(sockets.AF_UNIX) as left:
        left.bind(str(folder / 'dead'))
    (folder / 'file').write_text('')
    for name in ('dead', 'file'):
        assert 'refused' in ctl.refused(UNREACHABLE, 'tracks', '--socket', folder / name)
    ctl.refused(USAGE, 'tracks', '--socket', '/' + 'x' * 200)
    ctl.refused(USAGE, 'tracks', '--socket', '')
    shutil.rmtree(folder)


def test_a_daemon_that_hangs(vortex, tmp_path):
    one = vortex([directory(tmp_path / 'docs', {'a.yml': 'a: 1\n'})])
    one.process.send_signal(signal.SIGSTOP)
    try:
        sentence = Ctl(one).refused(TIMEOUT, 'tracks', '--timeout', '1', timeout=20)
        events = Ctl(one).refused(TIMEOUT, 'events', '--timeout', '1', timeout=20)
    finally:
        one.process.send_signal(signal.SIGCONT)
    assert 'did not answer in time' in sentence and '--timeout' in sentence
    assert sentence == events
    assert Ctl(one).text('problems') == ''


@root_only
def test_a_socket_that_is_not_permitted(one, anybody):
    stranger = Ctl(one, anybody, groups=[])
    sentence = stranger.refused(DENIED, 'tracks')
    assert 'games' in sentence and 'usermod -aG games nobody' in sentence and 'control.group' in sentence
    assert 'sudo' in sentence


@root_only
def test_a_socket_of_root_alone(vortex, tmp_path, anybody):
    one = vortex([directory(tmp_path / 'docs', {'a.yml': 'a: 1\n'})])
    sentence = Ctl(one, anybody, groups=[]).refused(DENIED, 'tracks')
    assert 'root alone' in sentence and 'control.group' in sentence


@root_only
def test_an_access_rule_says_no(one, ctl, anybody):
    member = Ctl(one, anybody, groups=[GAMES])
    assert member.json('explain', 'payment/prod', 'shared')['items']
    assert 's3cret' in ctl.text('explain', 'secret/default')
    sentence = member.refused(DENIED, 'explain', 'secret/default')
    assert 'secret/default' in sentence and 's3cret' not in sentence
    assert 's3cret' not in member('find', 'password').stdout
    assert 's3cret' in ctl.text('find', 'password')


@root_only
def test_the_usual_places_of_the_socket(one, anybody, tmp_path):
    """A user's own runtime directory, where there is a socket; else the machine's."""
    runtime = Path(daemon.tempfile.mkdtemp(prefix='vx'))
    os.chmod(runtime, 0o755)
    member = Ctl(one, anybody, groups=[GAMES])
    del member.env['VORTEX_SOCKET']
    machines = Path('/run/vortex/api.sock')  # a vortexd of this machine's own may answer there

    def asks_the_machines(ctl):
        done = ctl('tracks', env={'XDG_RUNTIME_DIR': str(runtime)})
        if machines.exists():
            return done.returncode == OK or str(machines) in done.stderr
        return done.returncode == UNREACHABLE and str(machines) in done.stderr

    assert asks_the_machines(member)
    (runtime / 'vortex').symlink_to(Path(one.socket).parent)
    assert member('tracks', env={'XDG_RUNTIME_DIR': str(runtime)}).returncode == OK
    (runtime / '.cache').mkdir()
    (runtime / '.cache/vortex').symlink_to(Path(one.socket).parent)
    assert member('tracks', env={'XDG_RUNTIME_DIR': '', 'HOME': str(runtime)}).returncode == OK
    as_root = Ctl(one)
    del as_root.env['VORTEX_SOCKET']
    assert asks_the_machines(as_root)
    shutil.rmtree(runtime)


class Stranger:
    """Some other program at a socket: it answers each connection with the same bytes."""

    def __init__(self, *pieces):
        self.folder = Path(daemon.tempfile.mkdtemp(prefix='vx'))
        self.socket = self.folder / 'api.sock'
        self.pieces = pieces
        self.listener = sockets.socket(sockets.AF_UNIX)
        self.listener.bind(str(self.socket))
        self.listener.listen()
        self.thread = threading.Thread(target=self.serve)
        self.thread.start()

    def serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:  # shut down
                return
            with connection:
                try:
                    connection.recv(65536)
                    for piece in self.pieces:
                        connection.sendall(piece)
                except OSError:
                    pass  # the client had enough

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.shutdown(sockets.SHUT_RDWR)
        self.thread.join()
        self.listener.close()
        shutil.rmtree(self.folder)


def http(body, status='200 OK'):
    return (f'HTTP/1.1 {status}\r\nContent-Type: application/json\r\nConnection: close\r\n'
            f'Content-Length: {len(body)}\r\n\r\n{body}').encode()


@pytest.mark.parametrize('answer, code, piece', [
    ([b'220 mail.example ESMTP\r\n'], NOT_COMPOSED, 'is no vortexd'),
    ([http('<html>')], NOT_COMPOSED, 'is no JSON'),
    ([http('[]')], NOT_COMPOSED, 'no JSON object'),
    ([http('{"items": 1}')], NOT_COMPOSED, 'is no list'),
    ([http('{"items": [], "next": "x"}')], NOT_COMPOSED, 'again and again'),
    ([http('<html>', '404 Not Found')], NOT_COMPOSED, 'HTTP 404'),
    ([http('{"error": {"code": "ESTALE", "message": "too late"}}', '412 Precondition Failed')], 5, 'too late'),
    ([http('{"items": []}')[:-4]], UNREACHABLE, 'in the middle'),
    ([b''], UNREACHABLE, 'in the middle'),
    ([b'HTTP/1.1 200 OK\r\n\r\n', *[b'x' * (1 << 20)] * 65], NOT_COMPOSED, 'more than 64 MiB'),
])
def test_what_answers_is_no_vortexd(ctl, answer, code, piece):
    with Stranger(*answer) as stranger:
        assert piece in ctl.refused(code, 'tracks', '--socket', stranger.socket)


@pytest.mark.parametrize('stream, piece', [
    (b'data: {"seq": 1}\n\ndata: x\n\n', 'is no event'),
    (b'data: ' + b'x' * (2 << 20) + b'\n\n', 'is no event'),
])
def test_events_that_are_none(ctl, stream, piece):
    with Stranger(b'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n', stream) as stranger:
        done = ctl('events', '--socket', stranger.socket)
    assert done.returncode == NOT_COMPOSED and piece in done.stderr


def test_items_of_another_shape_are_shown_as_far_as_possible(ctl):
    """Fields are added one day; whatever is absent, nothing falls over."""
    items = http('{"items": [{}, 7, null, {"at": 1, "key": null, "overrode": 3}], "documents": 1, "next": null}')
    with Stranger(items) as stranger:
        for words in API_VERBS:
            if words[0] != 'events':
                assert ctl(*words, '--socket', stranger.socket).returncode in (OK, UNHEALTHY, NOT_COMPOSED)


def test_proxies_of_the_environment_are_not_asked(ctl):
    done = ctl('tracks', env={'http_proxy': 'http://127.0.0.1:1', 'ALL_PROXY': 'http://127.0.0.1:1'})
    assert done.returncode == OK, done.stderr


# --- terminals ----------------------------------------------------------------------------------

def test_colours_and_counts_on_a_terminal_only(ctl):
    shown, code = ctl.terminal('backends')
    assert code == OK and ESCAPE in shown
    assert '2 backends' in shown.splitlines()[-1]
    assert '2 backends' not in (done := ctl('backends')).stdout + done.stderr
    shown, _ = ctl.terminal('backends', env={'NO_COLOR': '1'})
    assert ESCAPE not in shown
    shown, code = ctl.terminal('diff', 'payment/default', 'payment/prod')
    assert code == UNHEALTHY and '\x1b[33m~ server.port: 80 -> 8080' in shown
    assert 'they are the same' in ctl.terminal('diff', 'payment/prod', '@head')[0]
    assert 'no problems' in ctl.terminal('problems')[0]
    assert "'*port' would find" in ctl.terminal('find', 'port')[0]


@pytest.mark.parametrize('columns', [20, 40, 60, 300])
def test_lines_fit_the_terminal(ctl, columns):
    shown, _ = ctl.terminal('history', 'payment/prod', columns=columns)
    lines = [re.sub(r'\x1b\[[0-9;]*m', '', line) for line in shown.splitlines()]
    assert max(len(line) for line in lines[:-1]) <= columns
    assert ('…' in shown) == (columns < 70)


def test_a_value_cannot_command_the_terminal(vortex, tmp_path):
    one = vortex([directory(tmp_path / 'docs', {'a.yml': 'a: "x\\e[31m\\nred"\n'})])
    shown, _ = Ctl(one).terminal('explain', 'a/default', env={'NO_COLOR': '1'})
    assert ESCAPE not in shown and r'a = x\x1b[31m\nred' in shown
    assert Ctl(one).json('explain', 'a/default')['items'][0]['value'] == 'x\x1b[31m\nred'


def test_neither_can_a_key_nor_a_file_s_name(vortex, tmp_path):
    odd = 'p\x1b[31mlain'
    v = vortex([directory(tmp_path / 'docs', {
        'a.yml': '"k\\e[31m": 1\n"k\\e[31m": 2\n', 'b.yml': 'b: 1\n', odd: 'text\n'})])
    one, place = Ctl(v), ('ls', 'b/default', '--mount', v.mount)
    said = one.refused(NOT_COMPOSED, 'explain', 'a/default')
    assert ESCAPE not in said and r"'k\x1b[31m' stands twice" in said
    shown, _ = one.terminal(*place, env={'NO_COLOR': '1'})
    assert ESCAPE not in shown and r'p\x1b[31mlain' in shown
    piped = subprocess.run([one.program, *place], capture_output=True, text=True, env=one.env, timeout=60)
    assert odd in piped.stdout.splitlines()


# --- the command line ---------------------------------------------------------------------------

@pytest.mark.parametrize('words, piece', [
    (['explian'], "did you mean 'explain'?"),
    (['explain'], 'takes a PATH'),
    (['explain', 'payment'], "write 'payment/default'"),
    (['explain', 'a/b', 'c', 'd'], 'takes a PATH'),
    (['explain', 'a/b', 'c', '--file', 'd'], 'either'),
    (['find'], 'KEY'),
    (['find', '=x'], 'KEY'),
    (['find', 'a', '--limit', '0'], 'from 1'),
    (['find', 'a', '--limti', '3'], 'did you mean --limit?'),
    (['diff', 'a/b'], 'two configurations'),
    (['diff', '@head', 'a/b'], 'two configurations'),
    (['diff', 'a/b', 'c'], "write 'c/default'"),
    (['preview'], 'revision'),
    (['history'], 'APP/PROFILE'),
    (['tracks', 'now'], 'options only'),
    (['tracks', '--timeout', 'soon'], 'whole number'),
    (['tracks', '--timeout'], 'needs a value'),
    (['tracks', '-o', 'xml'], "'xml' is no format"),
    (['problems', '-z'], 'no option -z'),
    (['events', '--after', '-1'], 'from 0'),
    (['help', 'explian'], "did you mean 'explain'?"),
])
def test_what_is_refused(ctl, words, piece):
    done = ctl(*words)
    assert (done.returncode, done.stdout) == (USAGE, '')
    assert done.stderr.startswith('vortexctl: ') and piece in done.stderr


VERBS = ['get', 'ls', 'find', 'explain', 'diff', 'history', 'tracks', 'backends', 'problems', 'events',
         'validate', 'preview', 'doctor', 'version']


def test_help_groups_the_verbs(ctl):
    text = ctl.text('--help')
    assert re.findall(r'^(\w+):$', text, re.M)[:4] == ['Read', 'Understand', 'Operate', 'Check']
    assert sorted(re.findall(r'^  ([a-z]+) +[A-Z]', text, re.M)) == sorted(VERBS)
    for verb in VERBS:
        assert ctl.text(verb, '-h') == ctl.text('help', verb)
        assert f'.SS {verb}' in (ROOT / 'docs' / 'man' / 'vortexctl.1').read_text()


@pytest.mark.parametrize('verb', VERBS)
def test_every_option_is_in_the_help_and_in_the_manual(ctl, verb):
    text = ctl.text(verb, '--help')
    manual = (ROOT / 'docs' / 'man' / 'vortexctl.1').read_text().replace('\\-', '-')
    for option in set(re.findall(r'--[a-z][a-z-]+', text)):
        assert option in manual or option == '--help', option
    assert 'Example' in text and f'\n  vortexctl {verb}' in text or verb == 'doctor'


# --- completion ---------------------------------------------------------------------------------

def complete(ctl, one, *words):
    script = (f'source {ROOT}/tools/completion/vortexctl.bash; COMP_WORDS=("$@"); '
              f'COMP_CWORD=$(($# - 1)); _vortexctl; printf "%s\\n" "${{COMPREPLY[@]}}"')
    done = subprocess.run(['bash', '-c', script, 'bash', str(ctl.program), *words], capture_output=True,
                          text=True, timeout=60, env={**ctl.env, 'VORTEX_MOUNT': str(one.mount)})
    assert done.returncode == 0 and not done.stderr, done.stderr
    return done.stdout.split()


@pytest.mark.parametrize('words, want', [
    (['ex'], {'explain'}),
    ([''], {*VERBS, '--help', '--version'}),
    (['tracks', '--so'], {'--socket'}),
    (['diff', '--'], {'--origins', '--output', '--socket', '--timeout'}),
    (['get', '-o', 'j'], {'json'}),
    (['get', '-o', ''], {'yaml', 'json', 'properties', 'env', 'toml'}),
    (['tracks', '-o', ''], {'text', 'json'}),
    (['get', 'pay'], {'payment/'}),
    (['get', 'payment/p'], {'payment/prod'}),
    (['explain', 'payment/prod/ma'], {'payment/prod/main'}),
    (['get', 'nothing/'], set()),
    (['backends', 'ref'], {'refresh'}),
    (['backends', 'refresh', ''], {'local', 'repo'}),
    (['history', 'payment/prod', '--backend', 'r'], {'repo'}),
    (['help', 'ev'], {'events'}),
    (['explain', 'payment/prod', 'server.'], {'server.host', 'server.port'}),
    (['diff', 'payment/prod', '@h'], {'@head'}),
])
def test_completion(ctl, one, words, want):
    assert set(complete(ctl, one, *words)) == want


def test_completion_is_loaded_by_its_name(ctl):
    done = subprocess.run(['bash', '-c', f'source {ROOT}/tools/completion/vortexctl.bash && complete -p vortexctl'],
                          capture_output=True, text=True, timeout=60)
    assert done.stdout.split()[-3:] == ['-F', '_vortexctl', 'vortexctl']
