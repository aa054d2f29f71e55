"""Remote Git when the server, the line or a process of ours fails, at every moment of a fetch."""
import os
import signal
import time

import pytest

from daemon import wait_until
from remote import (CHILD, FIRST, alive, children, complaints, fails, mirrors, remote, says, serves,
                    the_child)

BIG = 1_500_000  # bytes of a pack that takes a while on a slow line


@pytest.fixture
def beside():
    """Alone: what stands beside a git backend is tested elsewhere."""
    return []


@pytest.fixture
def big(hosted):
    """A repository whose pack is BIG."""
    repo = hosted()
    repo.push({'big.bin': repo.ballast(BIG)})
    return repo


def over(web, hosted, far, **settings):
    """The backend's settings: @hosted on the web server, by the line @far."""
    return remote(web.uri(hosted, via=far), ca_file=str(web.ca), **settings)


def mid_clone(v, far, least=100_000):
    """Wait until a clone is well under way; the child's pid."""
    wait_until(lambda: far.down > least, 20)
    return the_child(v)


# the server

@pytest.mark.parametrize('protocol', ['https', 'ssh'])
def test_a_server_that_hangs_before_the_clone(vortex, hosted, git_web, git_ssh, protocol):
    repo = hosted()
    server = git_ssh if protocol == 'ssh' else git_web
    settings = {'ca_file': str(git_web.ca)} if protocol == 'https' else \
        {'ssh_key': str(git_ssh.key), 'ssh_known_hosts': str(git_ssh.known_hosts)}
    with server.stopped():
        begun = time.monotonic()
        v = vortex([remote(server.uri(repo), timeout='2s', **settings)])
        fails(v)  # by its `timeout`
        assert time.monotonic() - begun < 8
        says(v, 'repo', '2 s')  # by stall_timeout
    serves(v, 'a: 1\n')
    says(v, 'repo', 'again')


def test_a_server_that_hangs_in_the_middle_of_the_clone(vortex, big, git_web, line):
    far = line(git_web.target())
    far.rate = 100_000
    v = vortex([over(git_web, big, far)])
    first = mid_clone(v, far)
    with git_web.stopped():
        far.rate = None  # what is on the way arrives, then nothing
        says(v, 'repo', '2 s')
        wait_until(lambda: not alive(first), 10)
    serves(v, 'a: 1\n')


def test_a_line_that_falls_silent_in_the_middle_of_the_clone(vortex, big, git_ssh, line):
    far = line(git_ssh.target())
    far.hang_after = 300_000
    v = vortex([remote(git_ssh.uri(big, via=far), ssh_key=str(git_ssh.key),
                       ssh_known_hosts=str(git_ssh.known(far)))])
    first = mid_clone(v, far)
    says(v, 'repo', '2 s')
    wait_until(lambda: not alive(first), 10)
    far.hang_after = None
    serves(v, 'a: 1\n')


def test_a_slow_clone_is_not_ended_while_bytes_flow(vortex, big, git_web, line):
    far = line(git_web.target())
    far.rate = BIG // 6  # seconds: longer than timeout and stall_timeout
    v = vortex([over(git_web, big, far, timeout='1s')])
    child = mid_clone(v, far)
    assert fails(v) in ('ETIMEDOUT', 'EIO')  # readers do not wait for it
    serves(v, 'a: 1\n')
    assert [text for text in v.log().splitlines() if 'repo' in text and ' of ' in text
            and 'objects' in text and 'is being cloned' not in text], 'no line told of progress'
    assert far.connections <= 3, 'it began anew'
    assert not alive(child) or not children(v)
    assert not [text for text in complaints(v) if 'stall' in text or 'gave up' in text]


def test_a_clone_that_is_slower_than_fetch_timeout_is_ended(vortex, big, git_web, line):
    far = line(git_web.target())
    far.rate = BIG // 15
    v = vortex([over(git_web, big, far, fetch_timeout='2s')])
    child = mid_clone(v, far)
    says(v, 'repo', 'fetch_timeout')
    wait_until(lambda: not alive(child), 10)
    far.rate = None
    serves(v, 'a: 1\n')


def test_a_line_that_is_cut_in_the_middle_of_the_pack(vortex, big, git_web, line):
    far = line(git_web.target())
    far.cut_after = BIG // 3
    v = vortex([over(git_web, big, far)])
    fails(v)
    says(v, 'repo', 'fetching')
    far.cut_after = None
    serves(v, 'a: 1\n')
    assert not list(mirrors(v)[0].rglob('tmp_*')), 'a half pack was left'


def test_a_server_that_is_away_at_the_start(vortex, hosted, git_web, line):
    repo = hosted()
    far = line(git_web.target(), up=False)
    v = vortex([over(git_web, repo, far)])
    fails(v)
    says(v, 'repo', 'connect')
    far.open()
    serves(v, 'a: 1\n')


def test_a_server_that_goes_away_later(vortex, hosted, git_web, line):
    repo = hosted()
    far = line(git_web.target())
    v = vortex([over(git_web, repo, far)])
    serves(v, 'a: 1\n')
    far.shut()
    repo.push({'payment.yml': 'a: 2\n'})
    says(v, 'repo', 'connect')
    before = v.log()
    deadline = time.monotonic() + 4  # attempts after 1 and 2 s more
    while time.monotonic() < deadline:
        assert v.text(FIRST) == 'a: 1\n'
        assert v.listing('payment/default')
        time.sleep(0.1)
    assert len(complaints(v)) == 1, v.log()
    assert v.log().startswith(before)
    far.open()
    serves(v, 'a: 2\n')
    says(v, 'repo', 'again')


def test_readers_of_what_is_new_do_not_wait_for_a_server_that_is_away(vortex, hosted, git_web, line):
    repo = hosted()
    repo.push({'other.yml': 'b: 1\n'})
    far = line(git_web.target())
    v = vortex([over(git_web, repo, far)])
    serves(v, 'a: 1\n')
    far.shut()
    says(v, 'repo', 'connect')
    begun = time.monotonic()
    assert v.text('other/default/application.yml') == 'b: 1\n'
    assert v.answer('nobody/default/application.yml') == 'ENOENT'
    assert time.monotonic() - begun < 1.5


def test_a_repository_that_vanishes(vortex, hosted, git_web):
    repo = hosted()
    v = vortex([remote(git_web.uri(repo), ca_file=str(git_web.ca))])
    serves(v, 'a: 1\n')
    repo.vanish()
    says(v, 'repo', 'no such repository')
    assert v.text(FIRST) == 'a: 1\n'
    repo.appear()
    repo.push({'payment.yml': 'a: 2\n'})
    serves(v, 'a: 2\n')


@pytest.mark.parametrize('answer', ['<html>Welcome to the hotel network</html>', ''])
def test_a_server_that_is_none_of_git(vortex, hosted, git_web, answer):
    """What a captive portal or a wrong path answers."""
    repo = hosted()
    pretender = git_web.root / repo.at / 'info'
    pretender.mkdir(exist_ok=True)
    (pretender / 'refs').write_text(answer)
    uri = git_web.uri(repo, where='files')
    v = vortex([remote(uri, ca_file=str(git_web.ca))])
    fails(v)
    says(v, 'repo', 'fetching')
    assert children(v) == [] or wait_until(lambda: not children(v), 10)


# our own processes

def test_a_killed_child_is_replaced(vortex, big, git_web, line):
    far = line(git_web.target())
    far.rate = 200_000
    v = vortex([over(git_web, big, far)])
    os.kill(mid_clone(v, far), signal.SIGKILL)
    says(v, 'repo', 'fetching')
    far.rate = None
    serves(v, 'a: 1\n')


def test_a_stopped_child_is_ended_and_replaced(vortex, big, git_web, line):
    far = line(git_web.target())
    far.rate = 200_000
    v = vortex([over(git_web, big, far, fetch_timeout='6s')])
    child = mid_clone(v, far)
    os.kill(child, signal.SIGSTOP)
    wait_until(lambda: not alive(child), 15)
    far.rate = None
    serves(v, 'a: 1\n')


def test_a_killed_daemon_leaves_no_child_and_the_next_heals_the_mirror(vortex, big, git_web, line):
    far = line(git_web.target())
    far.rate = 200_000
    v = vortex([over(git_web, big, far)])
    child = mid_clone(v, far)
    v.process.kill()
    v.process.wait()
    wait_until(lambda: not alive(child), 5)
    v.free()
    far.rate = None
    v.start()
    serves(v, 'a: 1\n')
    assert not list(mirrors(v)[0].rglob('tmp_*')), 'a half pack was left'
    check_mirror(v, big)


def test_daemon_and_child_killed_in_the_middle_of_a_fetch(vortex, hosted, git_web, line):
    repo = hosted()
    far = line(git_web.target())
    v = vortex([over(git_web, repo, far)])
    serves(v, 'a: 1\n')
    far.rate = 200_000
    begun = far.down
    repo.push({'payment.yml': 'a: 2\n', 'big.bin': repo.ballast(BIG)})
    child = mid_clone(v, far, begun + 100_000)
    for pid in (v.process.pid, child):
        os.kill(pid, signal.SIGKILL)
    v.process.wait()
    v.free()
    v.start()
    assert v.answer(FIRST) in (b'a: 1\n', b'a: 2\n')  # what was whole is served at once
    far.rate = None
    serves(v, 'a: 2\n')
    check_mirror(v, repo)


def check_mirror(v, repo):
    """git itself finds nothing wrong with the mirror."""
    said = repo.work.git('-c', 'safe.directory=*', '--git-dir', str(mirrors(v)[0]), 'fsck', '--full',
                         '--connectivity-only')
    assert 'missing' not in said and 'broken' not in said, said


@pytest.mark.parametrize('damage', ['truncated pack', 'no HEAD', 'no objects', 'a file'])
def test_a_broken_mirror_is_made_anew(vortex, hosted, git_web, damage):
    repo = hosted()
    repo.push({'big.bin': repo.ballast(100_000)})
    v = vortex([remote(git_web.uri(repo), ca_file=str(git_web.ca))])
    serves(v, 'a: 1\n')
    v.stop()
    mirror = mirrors(v)[0]
    objects = [path for path in (mirror / 'objects').rglob('*') if path.is_file()]
    if damage == 'truncated pack':
        for path in objects:
            path.chmod(0o600)
            os.truncate(path, path.stat().st_size // 2)
    elif damage == 'no HEAD':
        (mirror / 'HEAD').write_bytes(b'')
    elif damage == 'no objects':
        for path in objects:
            path.unlink()
    else:
        mirror.rename(mirror.with_name('aside'))
        mirror.write_text('what is this?\n')
    v.start()
    serves(v, 'a: 1\n')
    repo.push({'payment.yml': 'a: 2\n'})
    serves(v, 'a: 2\n')


@pytest.mark.parametrize('hang', ['before', 'middle'])
def test_the_daemon_ends_during_a_hanging_clone(vortex, big, git_web, line, hang):
    far = line(git_web.target())
    far.hang_after = 0 if hang == 'before' else 200_000
    v = vortex([over(git_web, big, far, stall_timeout='60s', fetch_timeout='120s')])
    if hang == 'middle':
        wait_until(lambda: far.down == far.hang_after, 20)
    child = the_child(v)
    begun = time.monotonic()
    v.process.send_signal(signal.SIGTERM)
    assert v.process.wait(5) == 0
    assert not alive(child), f'{CHILD} outlived the daemon by {time.monotonic() - begun:.1f} s'


def test_a_reader_can_be_interrupted_while_the_clone_hangs(vortex, big, git_web, line):
    far = line(git_web.target())
    far.hang_after = 0
    v = vortex([over(git_web, big, far, timeout='60s', stall_timeout='60s', fetch_timeout='120s')])
    reader = os.fork()
    if reader == 0:
        try:
            v.read(FIRST)
        finally:
            os._exit(1)
    time.sleep(0.5)  # it waits; nothing tells when
    assert os.waitpid(reader, os.WNOHANG) == (0, 0)
    os.kill(reader, signal.SIGTERM)
    wait_until(lambda: os.waitpid(reader, os.WNOHANG) != (0, 0), 5)
