"""The first read of a file, by every way that programs read, with nothing stat'ed before."""
import mmap
import os
import subprocess

import pytest

from repository import directory

SIZES = {'small': 12, 'page': 4096, 'large': 400_000, 'empty': 0}


def content(size):
    return bytes(b'0123456789abcde\n'[i % 16] for i in range(size))


def by_read(path):
    fd = os.open(path, os.O_RDONLY)
    try:
        return b''.join(iter(lambda: os.read(fd, 65536), b''))
    finally:
        os.close(fd)


def by_sendfile(path):
    fd = os.open(path, os.O_RDONLY)
    out = os.memfd_create('out')
    while os.sendfile(out, fd, None, 1 << 20):
        pass
    os.close(fd)
    with open(out, 'rb') as f:
        f.seek(0)
        return f.read()


def by_splice(path):
    fd = os.open(path, os.O_RDONLY)
    ends = os.pipe()
    found = b''
    while n := os.splice(fd, ends[1], 65536):
        found += os.read(ends[0], n)
    for one in (fd, *ends):
        os.close(one)
    return found


def by_mmap(path):
    fd = os.open(path, os.O_RDONLY)
    try:
        os.read(fd, 1)  # a map needs a size, which the first read brings
        size = os.fstat(fd).st_size
        return mmap.mmap(fd, size, prot=mmap.PROT_READ)[:] if size else b''
    finally:
        os.close(fd)


def by_command(*command):
    def read(path):
        return subprocess.run([*command, path], capture_output=True, check=True, timeout=30).stdout
    return read


WAYS = {
    'read': by_read, 'sendfile': by_sendfile, 'splice': by_splice, 'mmap': by_mmap,
    'cat': by_command('cat'), 'busybox cat': by_command('busybox', 'cat'),
    'head': by_command('head', '-c', '1000000'), 'dd': by_command('sh', '-c', 'dd status=none < "$0"'),
    'python': lambda path: open(path, 'rb').read(),
}


@pytest.mark.parametrize('way', WAYS)
def test_a_first_read_gives_the_right_bytes(vortex, tmp_path, way):
    files = {f'{name}.txt': content(size) for name, size in SIZES.items()}
    v = vortex([directory(tmp_path / 'files', {'app.yml': 'a: 1\n', **files})])
    for name, size in SIZES.items():
        path = str(v.path('app/default', f'{name}.txt'))
        assert WAYS[way](path) == content(size), name
        assert os.stat(path).st_size == size


def test_sizes_are_exact_for_stat_and_ls(vortex, tmp_path):
    v = vortex([directory(tmp_path / 'files', {'app.yml': 'a: 1\n', 'x.txt': content(400_000)})])
    assert os.stat(v.path('app/default/x.txt')).st_size == 400_000
    listed = subprocess.run(['ls', '-l', v.path('app/default')], capture_output=True, text=True,
                            check=True, timeout=30).stdout
    sizes = {line.split()[-1]: int(line.split()[4]) for line in listed.splitlines()[1:]
             if line.startswith('-')}
    assert sizes['x.txt'] == 400_000 and sizes['application.yml'] == 5


def test_every_name_of_a_file_reads_the_same(vortex, tmp_path):
    v = vortex([directory(tmp_path / 'files', {'app.yml': 'a: 1\n'})])
    wanted = v.read('app/default/application.yml')
    for name in ('application.yaml', 'app.yml', 'app.yaml'):
        assert v.read('app/default', name) == wanted
        assert name not in v.listing('app/default')
    for suffix in ('json', 'properties', 'env', 'toml'):
        assert v.read(f'app/default/app.{suffix}') == v.read(f'app/default/application.{suffix}')


def test_the_kernel_does_not_ask_again(vortex, tmp_path):
    """Warm reads do not reach the daemon: they go on while it is stopped."""
    import signal
    v = vortex([directory(tmp_path / 'files', {'app.yml': 'a: 1\n'})], mount={'entry_ttl': '300s'})
    if os.geteuid() != 0:
        pytest.skip('without root OPEN is answered by the daemon')
    fd = os.open(v.path('app/default'), os.O_PATH)
    path = f'/proc/self/fd/{fd}/application.yml'
    wanted = by_read(path)
    os.stat(path)
    v.process.send_signal(signal.SIGSTOP)
    try:
        for _ in range(1000):
            assert by_read(path) == wanted
    finally:
        v.process.send_signal(signal.SIGCONT)
        os.close(fd)
