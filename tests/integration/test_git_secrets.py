"""The secrets of remote Git are found nowhere, and whoever talks to a server has no rights."""
import os
import subprocess
import time
from pathlib import Path

import pytest

import daemon
from daemon import wait_until
from line import descendants
from remote import FIRST, fails, files_below, remote, says, secret_file, serves, status, the_child


@pytest.fixture
def beside():
    """Alone: what stands beside a git backend is tested elsewhere."""
    return []


class Watch:
    """Looks for secrets in all that is said about processes."""

    def __init__(self, *secrets):
        self.secrets = [secret.encode() for secret in secrets]
        self.found = []
        self.looks = 0
        self.children = set()

    def check(self, where, content):
        content = content.encode() if isinstance(content, str) else content
        for secret in self.secrets:
            if secret in content:
                self.found.append(f'{secret.decode()} in {where}')

    def processes(self, v):
        """cmdline and environ of the daemon and everything below it."""
        below = descendants(v.process.pid)
        self.children |= set(below)
        for pid in [v.process.pid, *below]:
            for name in ('cmdline', 'environ', 'comm'):
                try:
                    self.check(f'/proc/{pid}/{name}', Path(f'/proc/{pid}/{name}').read_bytes())
                    self.looks += 1
                except OSError:
                    pass  # it has ended

    def files(self, folder):
        for path in files_below(folder):
            self.check(path, path.read_bytes())

    def settings(self, v):
        shown = subprocess.run([daemon.binary(), '-c', v.file, '--print-settings'],
                               capture_output=True, timeout=30, check=True)
        assert b'repo' in shown.stdout
        self.check('--print-settings', shown.stdout + shown.stderr)
        checked = subprocess.run([daemon.binary(), '-c', v.file, '--check'], capture_output=True,
                                 timeout=30, check=True)
        self.check('--check', checked.stdout + checked.stderr)

    def everything(self, v):
        self.processes(v)
        self.check('the log', v.log())
        self.settings(v)
        self.files(v.folder / 'state')
        for name in ('.origin.json', '.version'):
            answer = v.answer('payment/default', name)
            self.check(name, answer)
        assert not self.found, self.found
        assert self.looks > 0 and self.secrets


def slowly(v, watch, repo, far):
    """Push and look at all processes while it is fetched."""
    far.rate = 150_000
    repo.push({'payment.yml': 'a: 2\n', 'big.bin': repo.ballast(300_000)})
    deadline = time.monotonic() + 30
    while v.answer(FIRST) != b'a: 2\n':
        watch.processes(v)
        assert time.monotonic() < deadline, v.log()
        time.sleep(0.01)
    far.rate = None
    assert watch.children, 'no child was seen'


@pytest.mark.parametrize('where', ['file', 'uri'])
def test_password_and_token_are_nowhere(vortex, hosted, git_web, tmp_path, line, where):
    repo = hosted()
    far = line(git_web.target())
    watch = Watch(git_web.password)
    if where == 'uri':
        backend = remote(git_web.uri(repo, where='private', via=far,
                                     userinfo=f'{git_web.USER}:{git_web.password}@'))
    else:
        backend = remote(git_web.uri(repo, where='private', via=far), username=git_web.USER,
                         password=secret_file(tmp_path / 'password', git_web.password))
    usual = os.umask(0o077)  # else the settings' file could be read by everybody, and is refused
    try:
        v = vortex([{**backend, 'ca_file': str(git_web.ca)}], log={'level': 'debug'})
    finally:
        os.umask(usual)
    serves(v, 'a: 1\n')
    slowly(v, watch, repo, far)
    git_web.set_password('another')  # now it is refused
    says(v, 'repo', 'password')
    watch.everything(v)
    git_web.set_password(git_web.password)
    far.shut()
    says(v, 'repo', 'connect')
    watch.everything(v)


def test_a_password_of_the_environment_is_not_handed_on(vortex, hosted, git_web, line):
    """The daemon's own environment holds it, by the operator's choice; nobody else's may."""
    repo = hosted()
    far = line(git_web.target())
    watch = Watch(git_web.password)
    v = vortex([remote(git_web.uri(repo, where='private', via=far), username=git_web.USER,
                       ca_file=str(git_web.ca), password='env:REPO_PASSWORD')],
               env={'REPO_PASSWORD': git_web.password}, log={'level': 'debug'})
    serves(v, 'a: 1\n')
    far.rate = 150_000
    repo.push({'payment.yml': 'a: 2\n', 'big.bin': repo.ballast(300_000)})
    child = the_child(v)
    for name in ('cmdline', 'environ'):
        watch.check(name, Path(f'/proc/{child}/{name}').read_bytes())
    watch.check('the log', v.log())
    watch.files(v.folder / 'state')
    assert not watch.found, watch.found


def test_the_passphrase_of_a_key_is_nowhere(vortex, hosted, git_ssh, tmp_path, line):
    repo = hosted()
    far = line(git_ssh.target())
    private_key = git_ssh.locked_key.read_text().splitlines()[3]
    watch = Watch(git_ssh.passphrase, private_key)
    v = vortex([remote(git_ssh.uri(repo, via=far), ssh_key=str(git_ssh.locked_key),
                       ssh_known_hosts=str(git_ssh.known(far)),
                       ssh_key_passphrase=secret_file(tmp_path / 'phrase', git_ssh.passphrase))],
               log={'level': 'debug'})
    serves(v, 'a: 1\n')
    slowly(v, watch, repo, far)
    far.shut()
    says(v, 'repo', 'connect')
    watch.everything(v)


def test_a_redirect_does_not_take_the_password_elsewhere(vortex, hosted, git_web, tmp_path):
    """/moved/ answers with a redirect to another server, which asks for a password."""
    repo = hosted()
    before = len(git_web.requests())
    v = vortex([remote(git_web.uri(repo, where='moved'), ca_file=str(git_web.ca), username=git_web.USER,
                       password=secret_file(tmp_path / 'password', git_web.password))])
    fails(v)
    wait_until(lambda: any('/moved/' in request for request in git_web.requests()[before:]), 10)
    told = [request for request in git_web.requests()[before:] if f'/private/{repo.at}' in request]
    assert not any(' reader ' in request for request in told), told


def test_the_child_has_no_rights(vortex, hosted, git_web, git_ssh, line):
    if os.geteuid() != 0:
        pytest.skip('only a daemon that is root has rights to give up')
    repo = hosted()
    repo.push({'big.bin': repo.ballast(1_000_000)})
    web, ssh = line(git_web.target()), line(git_ssh.target())
    web.rate = ssh.rate = 200_000
    ways = [(web, remote(git_web.uri(repo, via=web), ca_file=str(git_web.ca))),
            (ssh, remote(git_ssh.uri(repo, via=ssh), ssh_key=str(git_ssh.key),
                         ssh_known_hosts=str(git_ssh.known(ssh))))]
    for far, backend in ways:
        v = vortex([backend])
        wait_until(lambda far=far: far.down > 50_000, 20)
        child = the_child(v)
        now = status(child)
        # Its memory holds the password: of what may be dumped, /proc would belong to its user.
        assert os.stat(f'/proc/{child}/mem').st_uid == 0, 'it may be dumped'
        assert '0' not in now['Uid'].split() and '0' not in now['Gid'].split(), now
        assert '0' not in now['Groups'].split()
        for name in ('CapEff', 'CapPrm', 'CapInh', 'CapAmb'):
            assert int(now[name], 16) == 0, (name, now[name])
        assert now['NoNewPrivs'] == '1'
        assert now['Seccomp'] == '2', 'no filter of system calls'
        far.rate = None
        serves(v, 'a: 1\n')
        v.stop()


def test_the_child_holds_nothing_of_the_daemon(vortex, hosted, git_web, line):
    """Of the daemon's descriptors it has none: no mount, no lock, no socket of its."""
    repo = hosted()
    repo.push({'big.bin': repo.ballast(1_000_000)})
    far = line(git_web.target())
    far.rate = 200_000
    v = vortex([remote(git_web.uri(repo, via=far), ca_file=str(git_web.ca))])
    wait_until(lambda: far.down > 50_000, 20)
    child = the_child(v)
    held = [os.readlink(path) for path in Path(f'/proc/{child}/fd').iterdir() if path.is_symlink()]
    assert not [name for name in held if 'fuse' in name or name.endswith('/lock')], held
    far.rate = None
    serves(v, 'a: 1\n')


def test_the_mirror_is_nobody_else_s(vortex, hosted, git_web):
    v = vortex([remote(git_web.uri(hosted()), ca_file=str(git_web.ca))])
    serves(v, 'a: 1\n')
    assert (v.folder / 'state').stat().st_mode & 0o077 == 0
    for path in files_below(v.folder / 'state' / 'git'):
        assert path.stat().st_mode & 0o002 == 0, path
        assert path.stat().st_mode & 0o111 == 0, path  # no hook, nothing that could be run
