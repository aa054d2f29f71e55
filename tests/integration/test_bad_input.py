"""Bad input: the right errno at the mount, a clear sentence in the log, nothing half served."""
import errno
import os
import subprocess

import pytest

from daemon import wait_until
from repository import Repository, backend, directory, replace

BROKEN = {
    'a YAML error': ({'x.yml': 'a: 1\nb: [1\n'}, ['x.yml', 'line']),
    'a duplicate key': ({'x.yml': 'a: 1\nb: 2\na: 3\n'}, ['x.yml', 'line 3', "'a'"]),
    'a placeholder cycle': ({'x.yml': 'a: ${b}\nb: ${a}\n'}, ['a -> b -> a']),
    'an import cycle': ({'x.yml': 'vortex.imports: y\n', 'y.yml': 'vortex.imports: [x]\n'},
                        ['x -> y -> x']),
    'an import of nothing': ({'x.yml': 'vortex.imports: [nosuch]\n'}, ['nosuch']),
    'an alias bomb': ({'x.yml': 'a: &a [x,x,x,x,x,x,x,x,x,x]\n' + ''.join(
        f'{chr(98 + i)}: &{chr(98 + i)} [' + ','.join([f'*{chr(97 + i)}'] * 10) + ']\n'
        for i in range(9))}, ['x.yml', 'values']),
    'a placeholder bomb': ({'x.yml': 'k0: 0123456789\n' + ''.join(
        f'k{i + 1}: ${{k{i}}}${{k{i}}}\n' for i in range(40))}, ['k']),
    'invalid UTF-8': ({'x.yml': b'a: \xff\xfe\n'}, ['x.yml']),
    'a wrong expression': ({'x.yml': 'spring.config.activate.on-profile: a & b | c\n'}, ['a & b | c']),
    'a JSON error': ({'x.yml': '', 'x.json': '{"a": 01}'}, ['x.json', 'line 1']),
    'a properties error': ({'x.properties': 'a=\\u12\n'}, ['x.properties', 'line 1']),
    'an empty key': ({'x.yml': 'a..b: 1\n'}, ['x.yml', 'a..b']),
    'too deep': ({'x.yml': '[' * 500 + ']' * 500}, ['x.yml']),
}


@pytest.mark.parametrize('what', BROKEN)
def test_what_cannot_be_composed_is_eio_and_said_once(vortex, tmp_path, what):
    files, words = BROKEN[what]
    v = vortex([directory(tmp_path / 'files', {**files, 'good.yml': 'a: 1\n'})])
    for _ in range(3):
        assert v.answer('x/default/application.yml') == 'EIO'
        assert v.answer('x/default/application.json') == 'EIO'
    for word in words:
        assert word in v.log(), word
    said = [line for line in v.log().splitlines() if ' warn ' in line and words[0] in line]
    assert 1 <= len(said) <= 3, said
    assert v.text('good/default/application.yml') == 'a: 1\n'


def test_the_last_good_version_outlives_every_bad_one(vortex, tmp_path):
    files = tmp_path / 'files'
    v = vortex([directory(files, {'x.yml': 'ok: 1\n'})])
    assert v.text('x/default/application.yml') == 'ok: 1\n'
    for what, (bad, _) in BROKEN.items():
        before = len(v.log())
        for name, content in reversed(bad.items()):  # x.yml last: an empty one alone is good
            replace(files / name, content)
        wait_until(lambda: ' warn ' in v.log()[before:])
        assert v.text('x/default/application.yml') == 'ok: 1\n', what
        replace(files / 'x.yml', f'ok: {len(what)}\n')
        for name in set(bad) - {'x.yml'}:
            (files / name).unlink()
        wait_until(lambda: v.text('x/default/application.yml') == f'ok: {len(what)}\n')
        replace(files / 'x.yml', 'ok: 1\n')
        wait_until(lambda: v.text('x/default/application.yml') == 'ok: 1\n')


def test_a_huge_file_is_refused_by_its_size(vortex, tmp_path):
    files = tmp_path / 'files'
    backend_settings = directory(files, {'good.yml': 'a: 1\n'})
    with open(files / 'x.yml', 'w') as f:
        f.truncate(100 << 20)
    v = vortex([backend_settings])
    assert v.answer('x/default/application.yml') == 'EIO'
    assert 'limits.document' in v.log() and 'x.yml' in v.log()
    assert v.text('good/default/application.yml') == 'a: 1\n'


NAMES = {
    'unknown application': ('nosuch/default/application.yml', 'ENOENT'),
    'unknown profile': ('app/nosuch/application.yml', 'ENOENT'),
    'unknown label': ('app/default/nosuch/application.yml', 'ENOENT'),
    'unknown file': ('app/default/nosuch.yml', 'ENOENT'),
    'unknown key': ('app/default/.keys/nosuch', 'ENOENT'),
    'dots in an application': ('a..b/default/application.yml', 'ENOENT'),
    'a hidden application': ('.app/default/application.yml', 'ENOENT'),
    'an at sign': ('@app/default/application.yml', 'ENOENT'),
    'a version of no track': ('app/default/@current/application.yml', 'ENOENT'),
    'a hash': ('a#b/default/application.yml', 'ENOENT'),
    'a bad profile': ('app/-x-/application.yml', 'ENOENT'),
    'a profile twice': ('app/default,default/application.yml', 'ENOENT'),
    'a label above': ('app/default/..(_)x/application.yml', 'ENOENT'),
    '300 bytes, application': ('a' * 300, 'ENAMETOOLONG'),
    '300 bytes, profile': ('app/' + 'a' * 300, 'ENAMETOOLONG'),
    '300 bytes, in a leaf': ('app/default/' + 'a' * 300, 'ENAMETOOLONG'),
    'invalid UTF-8': (b'\xff\xfe/default/application.yml', 'ENOENT'),
    'a file as a directory': ('app/default/application.yml/x', 'ENOTDIR'),
}


@pytest.mark.parametrize('what', NAMES)
def test_names_get_their_errno(vortex, tmp_path, what):
    v = vortex([directory(tmp_path / 'files', {'app.yml': 'a: 1\n'})])
    path, wanted = NAMES[what]
    with pytest.raises(OSError) as error:
        open(os.path.join(os.fsencode(v.mount), os.fsencode(path)), 'rb').close()
    assert errno.errorcode[error.value.errno] == wanted


@pytest.mark.parametrize('what,make', [
    ('missing', lambda path: None),
    ('a plain folder', lambda path: path.mkdir()),
    ('a file', lambda path: path.write_text('x')),
    ('no commits', Repository),
])
def test_a_repository_that_is_none(vortex, tmp_path, what, make):
    make(tmp_path / 'repo')
    good = directory(tmp_path / 'files', {'app.yml': 'a: 1\n'})
    v = vortex([{'name': 'repo', 'type': 'git', 'uri': str(tmp_path / 'repo')}, good])
    assert v.answer('app/default/application.yml') in ('EIO', 'ENOENT')
    assert 'repo' in v.log() and str(tmp_path / 'repo') in v.log()


def test_an_optional_repository_that_is_none_harms_nobody(vortex, tmp_path):
    good = directory(tmp_path / 'files', {'app.yml': 'a: 1\n'})
    v = vortex([{'name': 'repo', 'type': 'git', 'uri': str(tmp_path / 'repo'), 'optional': True}, good])
    assert v.text('app/default/application.yml') == 'a: 1\n'


def test_a_repository_that_vanishes_goes_on_being_served_and_comes_back(vortex, tmp_path):
    repo = Repository(tmp_path / 'repo')
    repo.commit({'app.yml': 'a: 1\n'})
    v = vortex([backend(repo)])
    assert v.text('app/default/application.yml') == 'a: 1\n'
    os.rename(tmp_path / 'repo', tmp_path / 'away')
    assert v.text('app/default/application.yml') == 'a: 1\n'
    os.rename(tmp_path / 'away', tmp_path / 'repo')
    repo.commit({'app.yml': 'a: 2\n'})
    wait_until(lambda: v.text('app/default/application.yml') == 'a: 2\n', timeout=60)


def test_a_repository_of_another_user_is_read(vortex, tmp_path):
    if os.geteuid() != 0:
        pytest.skip('only root can give a repository to another user')
    repo = Repository(tmp_path / 'repo')
    repo.commit({'app.yml': 'a: 1\n'})
    subprocess.run(['chown', '-R', '12345:12345', tmp_path / 'repo'], check=True)
    v = vortex([backend(repo)])
    assert v.text('app/default/application.yml') == 'a: 1\n'


def test_symbolic_links_and_submodules_are_never_followed(vortex, tmp_path):
    secret = tmp_path / 'secret.yml'
    secret.write_text('password: x\n')
    repo = Repository(tmp_path / 'repo')
    os.symlink(secret, repo.path / 'app-prod.yml')
    os.symlink(secret, repo.path / 'link.txt')
    repo.commit({'app.yml': 'a: 1\n'})
    files = tmp_path / 'files'
    settings = directory(files, {'app.yml': 'b: 1\n'})
    os.symlink(secret, files / 'app-dev.yml')
    os.symlink('/etc', files / 'etc')
    v = vortex([settings, backend(repo)])
    assert v.answer('app/prod/application.yml') == 'ENOENT'
    assert v.answer('app/dev/application.yml') == 'ENOENT'
    assert v.answer('app/default/link.txt') == 'ENOENT'
    assert v.answer('app/default/etc/passwd') == 'ENOENT'
    assert v.text('app/default/application.yml') == 'b: 1\na: 1\n'


def test_a_plain_file_that_cannot_be_served_is_said_once(vortex, tmp_path):
    v = vortex([directory(tmp_path / 'files', {'app.yml': 'a: ${b}\n', 'app-x.yml': '',
                                               'loop.txt': '${a}', 'good.txt': 'good'})],
               tree={'overrides': {'b': '1'}})
    assert v.text('app/default/loop.txt') == '1'
    v = vortex([directory(tmp_path / 'more', {'app.yml': 'a: 0123456789\n',
                                              'bomb.txt': '${a}' * 200_000})])
    for _ in range(3):
        assert v.answer('app/default/bomb.txt') == 'EIO'
    assert v.log().count('file=bomb.txt') == 1
