"""A remote repository whose server, or somebody on the way, means harm."""
import itertools

import pytest

from daemon import wait_until
from hostile import HostileServer, packet, refs
from remote import FIRST, alive, children, fails, files_below, mirrors, remote, says, serves, status


@pytest.fixture
def beside():
    """Alone: what stands beside a git backend is tested elsewhere."""
    return []


@pytest.fixture
def hostile(hosted):
    """hostile(announce) gives the server and its repository; announce(commit) yields bytes."""
    servers = []

    def make(announce):
        repo = hosted()
        head = repo.git('rev-parse', 'HEAD').encode()
        servers.append(HostileServer(repo, lambda: announce(head)))
        return servers[-1], repo

    yield make
    for server in servers:
        server.close()


def test_the_server_tells_the_truth(vortex, hostile):
    """The other tests here would pass for any reason were this one not there."""
    server, _ = hostile(lambda head: refs((head, b'HEAD'), (head, b'refs/heads/main')))
    v = vortex([remote(server.uri)])
    serves(v, 'a: 1\n')


def test_words_of_the_server_are_one_line_without_control_characters(vortex, hostile):
    words = b'ERR \x1b[31mred\x1b[0m\x07\r\n2026-11-21T00:00:00Z info forged=line\n'
    server, _ = hostile(lambda head: [packet(words)])
    v = vortex([remote(server.uri)])
    fails(v)
    says(v, 'repo', '[31mred')
    assert '\x1b' not in v.log() and '\x07' not in v.log() and '\r' not in v.log()
    assert not [text for text in v.log().splitlines() if text.startswith('2026-11-21T00:00:00Z')]


@pytest.mark.parametrize('name', [
    b'refs/heads/../../../escape', b'refs/heads/a/../../../../escape', b'../escape',
    b'/tmp/vx-escape', b'refs/heads/.lock', b'refs/heads/x.lock', b'refs/heads/\x1b[31m',
    b'refs/heads/a b', b'refs/heads/' + b'n' * 5000, b'objects/info/alternates', b'config'])
def test_names_of_refs_that_are_none(vortex, hostile, name):
    """Refused or left out; nothing is written outside of the refs, and the rest may be served."""
    def announce(head):
        return refs((head, b'HEAD'), (head, b'refs/heads/main'), (head, name))

    server, repo = hostile(announce)
    v = vortex([remote(server.uri)])
    answer = v.answer(FIRST)
    assert answer in (b'a: 1\n', 'EIO', 'ETIMEDOUT'), answer
    head = repo.git('rev-parse', 'HEAD').encode()
    for path in files_below(v.folder):
        assert 'escape' not in path.name
        below = path.relative_to(v.folder).parts
        if path.stat().st_size < 60 and path.read_bytes().startswith(head):
            assert 'refs' in below or path.name in ('FETCH_HEAD', 'HEAD'), path
    for mirror in mirrors(v):
        assert not (mirror / 'objects/info/alternates').exists()
    assert '\x1b' not in v.log()


def test_refs_without_end(vortex, hostile):
    def announce(head):
        yield from refs((head, b'HEAD'), (head, b'refs/heads/main'))[:-1]
        for number in itertools.count():
            yield b''.join(packet(b'%s refs/heads/b%d\n' % (head, number * 1000 + more))
                           for more in range(1000))

    server, _ = hostile(announce)
    v = vortex([remote(server.uri, fetch_timeout='5s')])
    seen = []

    def over():
        for pid in children(v):
            try:
                seen.append((pid, int(status(pid)['VmHWM'].split()[0])))
            except (OSError, KeyError):
                pass
        return seen and not alive(seen[0][0])

    wait_until(over, 30)
    assert max(size for _, size in seen) < 1_500_000, 'KiB: it took all that it was sent'
    says(v, 'repo', 'fetch')
    own = int(status(v.process.pid)['VmHWM'].split()[0])
    assert own < 500_000, own
    fails(v)


def test_a_flipped_bit_in_the_pack(vortex, hosted, git_web, line):
    repo = hosted()
    repo.push({'big.bin': repo.ballast(200_000)})
    far = line(git_web.target('http'))
    far.flip_at = 150_000
    v = vortex([remote(git_web.uri(repo, 'http', via=far))])
    fails(v)
    says(v, 'repo', 'fetch')
    far.flip_at = None
    serves(v, 'a: 1\n')


def test_what_a_line_sends_to_no_end_is_no_answer(vortex, hostile):
    """Bytes flow, so it does not stall; it still ends, by fetch_timeout."""
    server, _ = hostile(lambda head: itertools.repeat(b'z' * 65536))
    v = vortex([remote(server.uri, fetch_timeout='5s')])
    fails(v)
    says(v, 'repo', 'fetch')
    wait_until(lambda: server.sent > 0, 10)
