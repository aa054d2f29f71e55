"""Real Git servers on loopback: nginx with git-http-backend, and sshd. Each has ports, keys,
certificates and a folder of its own; nothing of the machine's own services is used or changed.

    git_web   https (a good, an expired and a misnamed certificate), http; with a password or open
    git_ssh   ssh, by key
    hosted    hosted('name') gives a bare repository that both serve, and a clone to push from
    line      line(target) gives a Line: slow, cut, silent or away
"""
import base64
import contextlib
import hashlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
from pathlib import Path

import pytest

from daemon import wait_until
from line import Line, descendants, free_port
from repository import ENV, Repository

HTTP_BACKEND = '/usr/lib/git-core/git-http-backend'
NEEDED = ('nginx', 'fcgiwrap', 'sshd', 'ssh-keygen', 'openssl', 'git', HTTP_BACKEND)
SBIN = os.pathsep.join([os.environ.get('PATH', ''), '/usr/local/sbin', '/usr/sbin', '/sbin'])


def program(name):
    found = shutil.which(name, path=SBIN)
    if not found:
        pytest.fail(f'{name} is not installed: tools/deps test')
    return found


def run(*args, **kwargs):
    done = subprocess.run([str(arg) for arg in args], capture_output=True, stdin=subprocess.DEVNULL,
                          timeout=60, **kwargs)
    assert done.returncode == 0, f'{args}: {done.stderr.decode(errors="replace")}'
    return done.stdout.decode()


class Hosted:
    """A bare repository below the servers' root, and `work`, a clone that pushes to it.

    @at  below the root; it ends with .git
    """

    def __init__(self, root, at, work):
        self.at = at
        self.bare = Path(root) / at
        self.bare.mkdir(parents=True)
        self.bare_git('init', '-q', '--bare', '-b', 'main')
        self.work = Repository(work)
        for config, more in ((self.bare / 'config', '[receive]\n\tautogc = false\n'),
                             (self.work.path / '.git/config', f'[remote "origin"]\n\turl = {self.bare}\n')):
            with open(config, 'a') as file:
                file.write(f'[gc]\n\tauto = 0\n{more}')

    def git(self, *args, **kwargs):
        return self.work.git(*args, **kwargs)

    def bare_git(self, *args):
        return run('git', '-C', self.bare, *args, env={**os.environ, **ENV}).strip()

    def push(self, files, message='change', remove=(), force=False):
        """Commit to the branch that is checked out, and push it; the commit's id."""
        commit = self.work.commit(files, message, remove)
        self.git('push', '-q', *(['-f'] if force else []), 'origin', 'HEAD')
        return commit

    def branch(self, name, start='main'):
        self.git('checkout', '-q', '-B', name, start)

    def vanish(self):
        """The server has no such repository any more; appear() brings it back."""
        self.bare.rename(self.bare.with_suffix('.gone'))

    def appear(self):
        self.bare.with_suffix('.gone').rename(self.bare)

    @staticmethod
    def ballast(size, seed='ballast'):
        """@size bytes that no pack makes smaller; the same for the same seed."""
        return hashlib.shake_256(seed.encode()).digest(size)


class Server:
    """A server of several processes; the subclasses start it."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.processes = []

    def spawn(self, *args, **kwargs):
        with open(self.folder / 'output', 'ab') as output:
            process = subprocess.Popen([str(arg) for arg in args], stdin=subprocess.DEVNULL,
                                       stdout=output, stderr=output, cwd=self.folder,
                                       start_new_session=True, **kwargs)
        self.processes.append(process)
        return process

    def await_port(self, address, port):
        def answers():
            for process in self.processes:
                assert process.poll() is None, self.output()
            with contextlib.suppress(OSError), socket.create_connection((address, port), 1):
                return True
            return False

        wait_until(answers, 15)

    def output(self):
        return ''.join(f'--- {file.name}\n{file.read_text(errors="replace")[-4000:]}'
                       for file in sorted(self.folder.glob('*')) if file.name in ('output', 'error.log'))

    def pids(self):
        return [pid for process in self.processes
                for pid in (process.pid, *descendants(process.pid))]

    def signal(self, number):
        for pid in self.pids():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    @contextlib.contextmanager
    def stopped(self):
        """Nothing of it runs: the kernel still takes connections, nobody answers them."""
        self.signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.signal(signal.SIGCONT)

    def stop(self):
        """Kindly first, so that they reap their children."""
        left = self.pids()
        self.signal(signal.SIGCONT)
        for process in self.processes:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(2)
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for process in self.processes:
            process.wait()
        self.processes = []


class Certificates:
    """An authority of its own (`ca`), and certificates by it as (certificate, key)."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True)
        self.config = self.folder / 'openssl.cnf'
        self.config.write_text('\n'.join([
            '[req]', 'distinguished_name = dn', 'prompt = no', '[dn]', 'CN = Vortex tests',
            '[authority]', 'basicConstraints = critical, CA:true',
            'keyUsage = critical, keyCertSign, cRLSign', 'subjectKeyIdentifier = hash',
            '[ca]', 'default_ca = ours', '[ours]', f'database = {self.folder}/index.txt',
            f'new_certs_dir = {self.folder}', f'serial = {self.folder}/serial', 'default_md = sha256',
            'policy = any', 'unique_subject = no', '[any]', 'commonName = supplied', '']))
        (self.folder / 'index.txt').write_text('')
        (self.folder / 'serial').write_text('1000\n')
        self.ca = self.folder / 'ca.pem'
        run('openssl', 'req', '-x509', '-config', self.config, '-extensions', 'authority',
            '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '7300',
            '-keyout', self.folder / 'ca.key', '-out', self.ca)
        self.good = self.issue('good', 'IP:127.0.0.1,DNS:localhost')
        self.misnamed = self.issue('misnamed', 'DNS:elsewhere.test')
        self.expired = self.issue('expired', 'IP:127.0.0.1,DNS:localhost', end='20200101000000Z')

    def issue(self, name, names, end='20490101000000Z'):
        certificate, key = self.folder / f'{name}.pem', self.folder / f'{name}.key'
        (self.folder / f'{name}.ext').write_text(
            f'basicConstraints = CA:false\nkeyUsage = digitalSignature\nextendedKeyUsage = serverAuth\n'
            f'subjectAltName = {names}\n')
        run('openssl', 'req', '-new', '-config', self.config, '-subj', f'/CN={name}.test',
            '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes',
            '-keyout', key, '-out', self.folder / f'{name}.csr')
        run('openssl', 'ca', '-batch', '-notext', '-config', self.config, '-cert', self.ca,
            '-keyfile', self.folder / 'ca.key', '-startdate', '20190101000000Z', '-enddate', end,
            '-extfile', self.folder / f'{name}.ext', '-in', self.folder / f'{name}.csr',
            '-out', certificate)
        return certificate, key


class WebServer(Server):
    """nginx before git-http-backend. `ports`: http, good, misnamed, expired.

    /open/<at> wants no password, /private/<at> that of `set_password`, /moved/<at> redirects to
    /private/ at another host name, /files/<at> are the bare files, which a client may take for Git.
    """

    USER = 'reader'

    def __init__(self, folder, root):
        super().__init__(folder)
        self.root = Path(root)
        self.certificates = Certificates(self.folder / 'tls')
        self.ca = self.certificates.ca
        self.ports = {name: free_port() for name in ('http', 'good', 'misnamed', 'expired')}
        self.password = f'Pw-{secrets.token_hex(8)}'
        self.set_password(self.password)
        self.start()

    def set_password(self, password, user=USER):
        digest = base64.b64encode(hashlib.sha1(password.encode()).digest()).decode()
        (self.folder / 'users').write_text(f'{user}:{{SHA}}{digest}\n')

    def start(self):
        self.spawn(program('fcgiwrap'), '-c', '6', '-s', f'unix:{self.folder}/f', env={
            'PATH': SBIN, **ENV})
        wait_until((self.folder / 'f').exists)
        (self.folder / 'nginx.conf').write_text(self.conf())
        self.spawn(program('nginx'), '-p', self.folder, '-e', self.folder / 'error.log',
                   '-c', self.folder / 'nginx.conf')
        for port in self.ports.values():
            self.await_port('127.0.0.1', port)

    def stop(self):
        super().stop()
        (self.folder / 'f').unlink(missing_ok=True)

    def conf(self):
        servers = []
        for name, port in self.ports.items():
            tls = ''
            if name != 'http':
                certificate, key = getattr(self.certificates, name)
                tls = f'ssl_certificate {certificate};\nssl_certificate_key {key};'
            servers.append(f'''
server {{
    listen 127.0.0.1:{port}{' ssl' if tls else ''};
    {tls}
    location ~ ^/open(/.*)$ {{
        fastcgi_param PATH_INFO $1;
        include {self.folder}/cgi.conf;
    }}
    location ~ ^/private(/.*)$ {{
        auth_basic "the tests' repositories";
        auth_basic_user_file {self.folder}/users;
        fastcgi_param PATH_INFO $1;
        include {self.folder}/cgi.conf;
    }}
    location ~ ^/moved(/.*)$ {{
        return 301 http://127.0.0.1:{self.ports["http"]}/private$1$is_args$args;
    }}
    location /files/ {{
        alias {self.root}/;
    }}
}}''')
        (self.folder / 'cgi.conf').write_text(f'''
fastcgi_pass unix:{self.folder}/f;
fastcgi_buffering off;
fastcgi_read_timeout 600;
fastcgi_param SCRIPT_FILENAME {HTTP_BACKEND};
fastcgi_param GIT_PROJECT_ROOT {self.root};
fastcgi_param GIT_HTTP_EXPORT_ALL 1;
fastcgi_param QUERY_STRING $query_string;
fastcgi_param REQUEST_METHOD $request_method;
fastcgi_param CONTENT_TYPE $content_type;
fastcgi_param CONTENT_LENGTH $content_length;
fastcgi_param REMOTE_USER $remote_user;
fastcgi_param REMOTE_ADDR $remote_addr;
fastcgi_param SERVER_PROTOCOL $server_protocol;
''')
        temporary = '\n'.join(f'{kind}_temp_path {self.folder}/tmp-{kind};'
                              for kind in ('client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'))
        # The repositories are the caller's own; as root nginx would become somebody else.
        user = 'user root;' if os.geteuid() == 0 else ''
        return f'''
{user}
daemon off;
worker_processes 1;
pid {self.folder}/nginx.pid;
error_log {self.folder}/error.log info;
events {{ worker_connections 256; }}
http {{
    access_log {self.folder}/access.log;
    client_max_body_size 0;
    {temporary}
    {''.join(servers)}
}}
'''

    def requests(self):
        """What was asked so far, a line each."""
        log = self.folder / 'access.log'
        return log.read_text().splitlines() if log.exists() else []

    def target(self, port='good'):
        """What a Line forwards to."""
        return '127.0.0.1', self.ports[port]

    def uri(self, hosted, port='good', where='open', via=None, userinfo='', host='localhost'):
        """Where @hosted is served: `via` a Line, at the server of the name `port`.

        By name: mbedTLS 2.28, which libgit2 may be built with, compares no addresses.
        """
        scheme = 'http' if port == 'http' else 'https'
        number = via.port if via else self.ports[port]
        return f'{scheme}://{userinfo}{host}:{number}/{where}/{hosted.at}'


class SshServer(Server):
    """sshd with its own host key, for the user who runs the tests, who may run git-shell alone.

    `key`, `locked_key` (its `passphrase`) are taken, `strange_key` is not.
    """

    def __init__(self, folder, root, address='127.0.0.1', port=None):
        super().__init__(folder)
        self.root = Path(root)
        self.address = address
        self.port = port or free_port(address)
        self.user = run('id', '-un').strip()
        self.passphrase = f'Phrase-{secrets.token_hex(8)}'
        self.key = self.new_key('key')
        self.locked_key = self.new_key('locked', self.passphrase)
        self.strange_key = self.new_key('strange')
        self.new_host_key()
        command = f'command="{program("git-shell")} -c \\"$SSH_ORIGINAL_COMMAND\\"",restrict'
        (self.folder / 'authorized').write_text(''.join(
            f'{command} {key.with_suffix(".pub").read_text()}' for key in (self.key, self.locked_key)))
        self.start()

    def new_key(self, name, passphrase=''):
        path = self.folder / name
        run('ssh-keygen', '-q', '-t', 'ed25519', '-N', passphrase, '-C', name, '-f', path)
        return path

    def new_host_key(self):
        """Make a host key, in the place of the one that is there, and `known_hosts` with it."""
        for file in self.folder.glob('host*'):
            file.unlink()
        public = self.new_key('host').with_suffix('.pub').read_text()
        self.known_hosts = self.folder / f'known-{secrets.token_hex(2)}'
        self.know(self.known_hosts, public, self.port)

    def know(self, file, public, *ports):
        file.write_text(''.join(
            f'{self.address if port == 22 else f"[{self.address}]:{port}"} {public}' for port in ports))

    def known(self, line):
        """A file of known hosts for this server behind a Line, which has a port of its own."""
        file = self.folder / f'known-{line.port}'
        self.know(file, (self.folder / 'host.pub').read_text(), line.port)
        return file

    def start(self):
        if os.geteuid() == 0:
            os.makedirs('/run/sshd', 0o755, exist_ok=True)  # sshd refuses to start without it
        (self.folder / 'conf').write_text(f'''
Port {self.port}
ListenAddress {self.address}
HostKey {self.folder}/host
PidFile none
AuthorizedKeysFile {self.folder}/authorized
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin yes
MaxStartups 100
PrintMotd no
LogLevel VERBOSE
''')
        self.spawn(program('sshd'), '-D', '-e', '-f', self.folder / 'conf')
        self.await_port(self.address, self.port)

    def target(self):
        return self.address, self.port

    def uri(self, hosted, via=None, userinfo=None):
        where = f'{"127.0.0.1" if via else self.address}:{via.port if via else self.port}'
        return f'ssh://{userinfo or self.user}@{where}{self.root}/{hosted.at}'


# fixtures

@pytest.fixture(scope='session')
def git_root(tmp_path_factory):
    """The folder whose repositories are served."""
    for name in NEEDED:
        program(name)
    return tmp_path_factory.mktemp('root')


@pytest.fixture(scope='session')
def git_web_server(git_root, tmp_path_factory):
    server = WebServer(tmp_path_factory.mktemp('web'), git_root)
    yield server
    server.stop()


@pytest.fixture
def git_web(git_web_server):
    """The web server with its first password, running."""
    yield git_web_server
    git_web_server.signal(signal.SIGCONT)
    git_web_server.set_password(git_web_server.password)


@pytest.fixture(scope='session')
def git_ssh_server(git_root, tmp_path_factory):
    server = SshServer(tmp_path_factory.mktemp('ssh'), git_root)
    yield server
    server.stop()


@pytest.fixture
def git_ssh(git_ssh_server):
    yield git_ssh_server
    git_ssh_server.signal(signal.SIGCONT)


@pytest.fixture
def hosted(git_root, tmp_path):
    """hosted('name', files): a bare repository with a first commit, and its clone."""
    def make(name='repo', files=None):
        at = f'{secrets.token_hex(3)}/{name}.git'  # each test has its own
        one = Hosted(git_root, at, tmp_path / f'work-{name}')
        one.push(files or {'payment.yml': 'a: 1\n'})
        return one

    return make


@pytest.fixture
def line():
    """line(target): a Line to it, closed at the end."""
    lines = []

    def make(target, **kwargs):
        lines.append(Line(target, **kwargs))
        return lines[-1]

    yield make
    for one in lines:
        one.close()
