"""The Git servers of the tests are what they claim to be, shown by the git command itself."""
import os
import signal
import subprocess
import time

import pytest

from daemon import wait_until
from line import descendants
from repository import ENV


def plain_environment():
    """Without what the machine tells git, curl and ssh of its own certificates and proxies."""
    theirs = ('GIT_', 'SSL_', 'CURL_', 'SSH_')
    return {name: value for name, value in os.environ.items()
            if not name.startswith(theirs) and not name.lower().endswith('_proxy')} | ENV


def clone(uri, to, *options, wait=True, **env):
    """`git clone --mirror`; what it says on failure."""
    words = [word for option in options for word in ('-c', option)]
    process = subprocess.Popen(
        ['git', *words, 'clone', '-q', '--mirror', uri, str(to)], stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
        env={**plain_environment(), 'GIT_TERMINAL_PROMPT': '0', **env})
    if not wait:
        return process
    said, _ = process.communicate(timeout=30)
    return process.returncode, said


def end(process):
    """End a clone that hangs, with its helpers."""
    for pid in (*descendants(process.pid), process.pid):
        os.kill(pid, signal.SIGKILL)
    process.communicate()


def ca(server):
    return f'http.sslCAInfo={server.ca}'


def head(path):
    return subprocess.run(['git', '-C', path, 'rev-parse', 'main'], capture_output=True, text=True,
                          check=True, env={**os.environ, **ENV}).stdout.strip()


def ssh_command(server, key, known):
    return (f'ssh -F none -i {key} -o IdentitiesOnly=yes -o BatchMode=yes '
            f'-o UserKnownHostsFile={known} -o GlobalKnownHostsFile=none')


@pytest.mark.parametrize('port', ['http', 'good'])
def test_the_web_server_serves_what_was_pushed(git_web, hosted, tmp_path, port):
    repo = hosted()
    commit = repo.push({'payment.yml': 'a: 2\n'})
    code, said = clone(git_web.uri(repo, port), tmp_path / 'c', ca(git_web))
    assert code == 0, said + git_web.output()
    assert head(tmp_path / 'c') == commit


def test_the_web_server_wants_the_password(git_web, hosted, tmp_path):
    repo = hosted()
    for userinfo, good in (('', False), ('reader:wrong@', False), (f'reader:{git_web.password}@', True)):
        uri = git_web.uri(repo, where='private', userinfo=userinfo)
        code, said = clone(uri, tmp_path / f'c{good}{len(userinfo)}', ca(git_web))
        assert (code == 0) == good, said
    git_web.set_password('another')
    code, said = clone(uri, tmp_path / 'again', ca(git_web))
    assert code != 0 and 'Authentication failed' in said


@pytest.mark.parametrize('port,trusted,words', [
    ('good', False, 'unable to get local issuer certificate'),
    ('expired', True, 'certificate has expired'),
    ('misnamed', True, 'hostname mismatch'),
])
def test_the_certificates_are_bad_as_promised(git_web, hosted, tmp_path, port, trusted, words):
    options = [ca(git_web)] if trusted else []
    code, said = clone(git_web.uri(hosted(), port), tmp_path / 'c', *options)
    assert code != 0 and 'certificate' in said
    ask = ['openssl', 'verify', *(['-CAfile', git_web.ca] if trusted else ['-no-CAfile']),
           '-verify_hostname', 'localhost', getattr(git_web.certificates, port)[0]]
    assert words in subprocess.run(ask, capture_output=True, text=True, check=False).stderr


def test_a_repository_vanishes_and_appears(git_web, hosted, tmp_path):
    repo = hosted()
    repo.vanish()
    code, said = clone(git_web.uri(repo), tmp_path / 'c', ca(git_web))
    assert code != 0 and 'not found' in said
    repo.appear()
    assert clone(git_web.uri(repo), tmp_path / 'c', ca(git_web))[0] == 0


def test_ssh_takes_the_key_and_no_other(git_ssh, hosted, tmp_path):
    repo = hosted()
    for key, good in ((git_ssh.key, True), (git_ssh.strange_key, False)):
        code, said = clone(git_ssh.uri(repo), tmp_path / f'c{good}',
                           GIT_SSH_COMMAND=ssh_command(git_ssh, key, git_ssh.known_hosts))
        assert (code == 0) == good, said + git_ssh.output()
    unlocked = subprocess.run(['ssh-keygen', '-y', '-P', '', '-f', git_ssh.locked_key],
                              capture_output=True, check=False)
    assert unlocked.returncode != 0
    subprocess.run(['ssh-keygen', '-y', '-P', git_ssh.passphrase, '-f', git_ssh.locked_key],
                   capture_output=True, check=True)


def test_ssh_is_known_by_its_host_key(git_ssh, hosted, tmp_path, line):
    repo = hosted()
    (tmp_path / 'nothing').write_text('')
    other = tmp_path / 'other'
    other.write_text(git_ssh.known_hosts.read_text().split()[0] + ' ' +
                     git_ssh.strange_key.with_suffix('.pub').read_text())
    for known in (tmp_path / 'nothing', other):
        code, said = clone(git_ssh.uri(repo), tmp_path / 'c',
                           GIT_SSH_COMMAND=ssh_command(git_ssh, git_ssh.key, known))
        assert code != 0 and 'Host key verification failed' in said, said
    far = line(git_ssh.target())
    code, said = clone(git_ssh.uri(repo, via=far), tmp_path / 'c',
                       GIT_SSH_COMMAND=ssh_command(git_ssh, git_ssh.key, git_ssh.known(far)))
    assert code == 0, said


def test_a_stopped_server_answers_nobody_until_it_goes_on(git_web, hosted, tmp_path):
    repo = hosted()
    with git_web.stopped():
        process = clone(git_web.uri(repo), tmp_path / 'c', ca(git_web), wait=False)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.5)
    assert process.wait(20) == 0, process.stdout.read()
    process.communicate()


def test_a_line_is_slow_and_can_hang(git_web, hosted, tmp_path, line):
    repo = hosted(files={'big.bin': b'', 'payment.yml': 'a: 1\n'})
    repo.push({'big.bin': repo.ballast(600_000)})
    far = line(git_web.target())
    far.rate = 400_000
    begun = time.monotonic()
    assert clone(git_web.uri(repo, via=far), tmp_path / 'slow', ca(git_web))[0] == 0
    assert time.monotonic() - begun > 1.2
    assert far.down > 600_000
    far.hang_after = far.down + 100_000
    process = clone(git_web.uri(repo, via=far), tmp_path / 'c', ca(git_web), wait=False)
    wait_until(lambda: far.down == far.hang_after)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.5)
    end(process)
    assert far.down == far.hang_after


def test_a_line_is_cut_or_away(git_web, git_ssh, hosted, tmp_path, line):
    repo = hosted()
    repo.push({'big.bin': repo.ballast(300_000)})
    far = line(git_web.target())
    far.cut_after = 100_000
    code, said = clone(git_web.uri(repo, via=far), tmp_path / 'c', ca(git_web))
    assert code != 0, said
    far.shut()
    code, said = clone(git_web.uri(repo, via=far), tmp_path / 'c', ca(git_web))
    assert code != 0 and 'onnect' in said, said
    far.cut_after = None
    far.open()
    assert clone(git_web.uri(repo, via=far), tmp_path / 'c', ca(git_web))[0] == 0
    near = line(git_ssh.target())
    near.cut_after = 100_000
    ssh = ssh_command(git_ssh, git_ssh.key, git_ssh.known(near))
    assert clone(git_ssh.uri(repo, via=near), tmp_path / 's', GIT_SSH_COMMAND=ssh)[0] != 0
    near.cut_after = None
    assert clone(git_ssh.uri(repo, via=near), tmp_path / 's', GIT_SSH_COMMAND=ssh)[0] == 0
