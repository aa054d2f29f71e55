"""vortexctl towards a mounted shop of two backends; what its tests share."""
import fcntl
import json
import os
import pty
import re
import shutil
import struct
import subprocess
import termios
from pathlib import Path

import pytest

import daemon
from repository import Repository, backend, directory

OK, UNHEALTHY, USAGE, NOT_FOUND, DENIED, UNREACHABLE, NOT_COMPOSED, TIMEOUT = 0, 1, 2, 3, 4, 6, 7, 124
NOBODY, GAMES = 65534, 60  # Debian's own: they are on every machine
ESCAPE = '\x1b'


class Ctl:
    """vortexctl towards one daemon."""

    def __init__(self, one, program=None, groups=None):
        self.one = one
        self.program = program or daemon.build_dir() / 'tools' / 'vortexctl'
        self.groups = groups  # not None: as nobody with these groups
        clean = {k: v for k, v in os.environ.items() if not k.startswith(('VORTEX_', 'NO_COLOR'))}
        self.env = {**clean, 'TERM': 'xterm', 'VORTEX_SOCKET': str(one.socket)}

    def __call__(self, *arguments, env=None, cwd=None, timeout=60):
        who = {} if self.groups is None else \
            {'user': NOBODY, 'group': NOBODY, 'extra_groups': self.groups}
        done = subprocess.run([self.program, *map(str, arguments)], capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, timeout=timeout, cwd=cwd,
                              env={**self.env, **(env or {})}, **who)
        assert done.returncode >= 0, done.stderr
        assert not any(word in done.stderr for word in daemon.SANITIZERS), done.stderr
        assert ESCAPE not in done.stdout + done.stderr
        return done

    def json(self, *arguments, code=OK):
        done = self(*arguments, '-o', 'json')
        assert done.returncode == code, done.stdout + done.stderr
        return json.loads(done.stdout)

    def text(self, *arguments, code=OK):
        done = self(*arguments)
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout

    def refused(self, code, *arguments, **kwargs):
        """The sentence of the error, which is one line; nothing is on standard output."""
        done = self(*arguments, **kwargs)
        assert (done.returncode, done.stdout) == (code, ''), done.stderr
        assert done.stderr.startswith('vortexctl: ') and done.stderr.count('\n') == 1, done.stderr
        return done.stderr

    def terminal(self, *arguments, columns=80, env=None):
        """(standard output and error as one terminal shows them, exit code)."""
        parent, child = pty.openpty()
        fcntl.ioctl(child, termios.TIOCSWINSZ, struct.pack('HHHH', 24, columns, 0, 0))
        process = subprocess.Popen([self.program, *map(str, arguments)], stdin=child, stdout=child,
                                   stderr=child, env={**self.env, **(env or {})})
        os.close(child)
        shown = b''
        while True:
            try:
                piece = os.read(parent, 65536)
            except OSError:  # EIO: the last descriptor of the other end was closed
                break
            if not piece:
                break
            shown += piece
        os.close(parent)
        return shown.decode(), process.wait(60)


@pytest.fixture
def beside():
    """What vortexctl prints does not depend on a backend that is silent."""
    return []


def paged(answer, *more):
    """A whole list: what docs/api.md says that every one has."""
    assert set(answer) == {'items', 'next', *more}
    assert answer['next'] is None
    return answer['items']


@pytest.fixture(scope='module')
def repo(tmp_path_factory):
    one = Repository(tmp_path_factory.mktemp('repo') / 'config')
    one.commit({'application.yml': 'shared: 1\n',
                'payment.yml': 'payment:\n  retries: 3\n  provider: acquirer\n',
                'payment-prod.yml': 'server:\n  port: 8080\n',
                'orders.yml': 'server:\n  port: 7070\nports: [1, 2]\n',
                'secret.yml': 'password: s3cret\n'}, 'the beginning')
    one.commit({'payment.yml': 'payment:\n  retries: 9\n  provider: acquirer\n'},
               'payment: be more patient')
    one.git('checkout', '-q', '-b', 'feature/x')
    one.commit({'payment-prod.yml': 'server:\n  port: 9090\nextra: true\n'}, 'try another port')
    one.git('checkout', '-q', '-b', 'broken', 'main')
    one.commit({'orders.yml': 'server: [\n'}, 'a mistake')
    one.git('checkout', '-q', 'main')
    return one


@pytest.fixture(scope='module')
def one(tmp_path_factory, repo, version):
    """A mounted shop of two backends, which these tests only ask."""
    folder = tmp_path_factory.mktemp('vortexd')
    local = directory(folder / 'local', {
        'payment/payment.yml': 'server:\n  port: 80\n  host: localhost\npayment:\n  retries: 2\n',
        'payment/nginx.conf': 'listen ${server.port};\n',
        'payment/conf.d/x.conf': 'x\n'}, priority=10, search_paths=['{application}'])
    rules = {'control': {'group': str(GAMES)},
             'access': [{'match': 'secret/*', 'owner': 'root', 'group': 'root', 'mode': '0400'}]}
    # Without root there is nobody else to let in, and vortexd may give nothing away.
    started = daemon.Daemon(folder, {'backends': [local, backend(repo, priority=20)],
                                     **(rules if os.geteuid() == 0 else {})})
    started.start()
    yield started
    started.stop()


@pytest.fixture(scope='module')
def ctl(one):
    return Ctl(one)


@pytest.fixture(scope='module')
def anybody(tmp_path_factory):
    """A copy of the program that every user can run."""
    folder = daemon.tempfile.mkdtemp(prefix='vx')
    os.chmod(folder, 0o755)
    shutil.copy(daemon.build_dir() / 'tools' / 'vortexctl', folder)
    yield Path(folder) / 'vortexctl'
    shutil.rmtree(folder)
