"""What the tests of remote Git share: the settings of a backend, and looks at daemon and child."""
import contextlib
import os
from pathlib import Path

from daemon import errno_name, wait_until
from line import descendants

FIRST = 'payment/default/application.yml'
CHILD = 'vortex-git-fetch'
WAIT = 20  # for what comes by itself: generous, the machine may be busy


def remote(uri, **settings):
    """A git backend that is asked often and gives up soon."""
    return {'name': 'repo', 'type': 'git', 'uri': uri, 'refresh': '1s', 'timeout': '5s',
            'fetch_timeout': '30s', 'stall_timeout': '2s', **settings}


def secret_file(path, text):
    path.write_text(f'{text}\n')
    path.chmod(0o600)
    return f'file:{path}'


def serves(v, text, path=FIRST, timeout=WAIT):
    """Wait until the mount says @text (bytes, str, or the name of an errno)."""
    last = []

    def is_there():
        answer = v.answer(path)
        last[:] = [answer]
        return answer in (text, text.encode())

    try:
        wait_until(is_there, timeout, step=0.05)
    except AssertionError:
        raise AssertionError(f'{path} is {last[0]!r}, not {text!r}, after {timeout} s') from None


def fails(v, path=FIRST):
    """Reading fails; the name of the errno. Never EAGAIN: readers would spin."""
    try:
        content = v.read(path)
    except OSError as error:
        assert errno_name(error) in ('EIO', 'ETIMEDOUT', 'EACCES'), error
        return errno_name(error)
    raise AssertionError(f'{path} can be read: {content!r}')


def says(v, *words, timeout=WAIT):
    """Wait for one line of the log with all of @words, in any case; that line."""
    def found():
        for text in v.log().splitlines():
            if all(word.lower() in text.lower() for word in words):
                return text
        return None

    try:
        return wait_until(found, timeout)
    except AssertionError:
        raise AssertionError(f'no line with {words}:\n{v.log()[-4000:]}') from None


def complaints(v):
    """What the log warns of backends and configurations, without the times."""
    return [text.split(' ', 1)[1] for text in v.log().splitlines()
            if text.split(' ')[1:2] in (['warn'], ['error']) and (' backend=' in text or ' track=' in text)]


def children(v):
    """The pids of the processes that fetch for the daemon."""
    found = []
    for pid in descendants(v.process.pid):
        with contextlib.suppress(OSError):
            # comm has 15 characters
            if Path(f'/proc/{pid}/comm').read_text().strip() == CHILD[:15]:
                found.append(pid)
    return found


def the_child(v):
    return wait_until(lambda: children(v), WAIT)[0]


def status(pid):
    """/proc/PID/status as a map."""
    return dict(text.split(':\t', 1) for text in Path(f'/proc/{pid}/status').read_text().splitlines()
                if ':\t' in text)


def alive(pid):
    """Whether @pid runs; a zombie does not."""
    try:
        return status(pid)['State'][0] not in 'ZX'
    except OSError:
        return False


def mirrors(v):
    return sorted(path for path in (v.folder / 'state' / 'git').glob('*') if path.name.endswith('.git'))


def files_below(folder):
    for top, _, names in os.walk(folder):
        for name in names:
            path = Path(top) / name
            if path.is_file() and not path.is_symlink():
                yield path
