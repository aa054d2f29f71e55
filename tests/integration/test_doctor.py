"""vortexctl doctor: each finding is provoked for real, in a mount namespace of its own where it takes
the machine's mounts or devices away."""
import json
import os
import re
import shutil
import signal
import socket
import subprocess
from pathlib import Path

import pytest
import yaml

import daemon
from test_vortexctl import EXAMPLES, OK, ROOT, UNHEALTHY, ctl

NOBODY = 12345
PROGRAM = daemon.build_dir() / 'tools' / 'vortexctl'

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason='namespaces and mounts need root')


@pytest.fixture
def beside():
    """What doctor says does not depend on a backend that is silent."""
    return []


@pytest.fixture
def settings(tmp_path):
    """write(**changes) makes a settings file that nothing is wrong with, but for the changes."""
    def write(mode=0o600, **changes):
        (tmp_path / 'docs').mkdir(exist_ok=True)
        (tmp_path / 'docs' / 'shop.yml').write_text('a: 1\n')
        plain = {'mount': {'path': str(tmp_path / 'mnt')},
                 'state': {'path': str(tmp_path / 'state')},
                 'backends': [{'name': 'local', 'type': 'directory', 'priority': 1,
                               'path': str(tmp_path / 'docs')}]}
        file = tmp_path / 'vortexd.yaml'
        file.write_text(yaml.safe_dump({**plain, **changes}))
        file.chmod(mode)
        return file
    return write


def answer_of(done):
    """The findings, after what holds for every answer was seen to."""
    answer = json.loads(done.stdout)
    assert set(answer) == {'checks', 'problems', 'warnings', 'notes'}
    for verdict, total in ('problem', 'problems'), ('warning', 'warnings'), ('note', 'notes'):
        assert sum(one['verdict'] == verdict for one in answer['checks']) == answer[total]
    for one in answer['checks']:
        assert set(one) - {'fix'} == {'verdict', 'check', 'message'} and one['message']
        assert one['verdict'] in ('ok', 'note', 'warning', 'problem')
        assert 'fix' not in one or one['verdict'] != 'ok'
        assert 'fix' in one or one['verdict'] not in ('warning', 'problem')
    assert done.returncode == (UNHEALTHY if answer['problems'] else OK)
    assert done.stderr == ''
    return answer['checks']


def doctor(file, **options):
    return answer_of(ctl('doctor', '-c', file, '-o', 'json', **options))


def inside(script, file, *more):
    """Doctor's findings in a mount namespace in which the shell @script has run."""
    words = ['unshare', '-m', '--propagation', 'private', 'sh', '-ec',
             script + '; exec "$0" "$@"', PROGRAM, 'doctor', '-c', file, '-o', 'json', *more]
    return answer_of(subprocess.run(words, capture_output=True, text=True, timeout=60))


def as_nobody(*words, env=None):
    # The build may be where only root comes to: the program is inherited.
    fd = os.open(PROGRAM, os.O_RDONLY)
    try:
        return subprocess.run([shutil.which('setpriv'), f'--reuid={NOBODY}', f'--regid={NOBODY}',
                               '--clear-groups', f'/proc/self/fd/{fd}', 'doctor', *map(str, words)],
                              pass_fds=[fd], capture_output=True, text=True, timeout=60, cwd='/',
                              env={'PATH': os.environ['PATH'], **(env or {})})
    finally:
        os.close(fd)


def found(checks, check, piece):
    """The one finding of @check whose message holds @piece."""
    hits = [one for one in checks if one['check'] == check and piece in one['message']]
    assert len(hits) == 1, (piece, [one for one in checks if one['check'] == check])
    return hits[0]


def verdict(checks, check, piece):
    one = found(checks, check, piece)
    return one['verdict'], one.get('fix')


# --- the machine --------------------------------------------------------------------------------

def test_nothing_is_wrong_with_a_good_machine(settings):
    checks = doctor(settings())
    bad = [one for one in checks if one['verdict'] == 'problem' and one['check'] != 'mounts']
    assert not bad  # a dead mount of somebody else's test is no fault of this one
    assert verdict(checks, 'device', 'can be opened') == ('ok', None)
    assert verdict(checks, 'backend', 'local: it answers')[0] == 'ok'
    assert verdict(checks, 'settings', '1 backend,')[0] == 'ok'
    assert {'kernel', 'fuse', 'state', 'mount point', 'clock', 'limits', 'confinement',
            'mounts'} <= {one['check'] for one in checks}


def test_the_text_says_the_same(settings):
    file = settings(mount={'path': '/etc/passwd'})
    text = ctl('doctor', '-c', file).stdout
    problem = found(doctor(file), 'mount point', 'not a directory')
    line = next(line for line in text.splitlines() if 'not a directory' in line)
    assert line.startswith('problem  mount point') and problem['message'] in line
    assert f'fix: {problem["fix"]}' in text
    assert re.search(r'^\d+ problems?, \d+ warnings?, \d+ notes?$', text, re.M)
    assert '\x1b' not in text


def test_what_doctor_asks_the_kernel_for_is_in_the_documentation():
    source = (ROOT / 'tools' / 'vortexctl' / 'doctor_kernel.c').read_text()
    page = (ROOT / 'docs' / 'kernels.md').read_text()
    names = re.findall(r'\{"([^"]+)",\s*"\d\.\d+"', source)
    assert len(names) > 10
    assert [name for name in names if name not in page] == []


@needs_root
def test_no_device(settings):
    checks = inside('mount -t tmpfs none /dev', settings())
    assert verdict(checks, 'device', 'does not exist')[0] == 'problem'
    assert '--device /dev/fuse' in found(checks, 'device', 'does not exist')['fix']
    assert verdict(checks, 'fuse', 'opening /dev/fuse')[0] == 'problem'


@needs_root
def test_a_device_for_nobody():
    fd = os.open(PROGRAM, os.O_RDONLY)
    words = ['unshare', '-m', 'sh', '-ec',
             'mount -t tmpfs none /dev; mknod -m 0600 /dev/fuse c 10 229;'
             f'exec setpriv --reuid={NOBODY} --regid={NOBODY} --clear-groups /proc/self/fd/{fd} doctor '
             '-o json']
    try:
        done = subprocess.run(words, pass_fds=[fd], capture_output=True, text=True, timeout=60,
                              cwd='/')
    finally:
        os.close(fd)
    assert verdict(answer_of(done), 'device', '0600') == ('problem', 'chmod 0666 /dev/fuse')


@needs_root
def test_root_without_the_right_to_mount(settings):
    done = subprocess.run(['setpriv', '--bounding-set=-sys_admin', PROGRAM, 'doctor', '-c',
                           settings(), '-o', 'json'], capture_output=True, text=True, timeout=60)
    checks = answer_of(done)
    assert verdict(checks, 'privileges', 'without CAP_SYS_ADMIN')[0] == 'problem'
    assert '--cap-add SYS_ADMIN' in found(checks, 'fuse', 'not permitted')['fix']


@needs_root
def test_a_user_is_told_about_fusermount3_and_others(tmp_path):
    checks = answer_of(as_nobody('-o', 'json'))
    assert verdict(checks, 'fusermount3', 'set-uid root')[0] == 'ok'
    assert verdict(checks, 'privileges', 'not root')[0] == 'note'
    allowed = re.search(r'^\s*user_allow_other', Path('/etc/fuse.conf').read_text(), re.M)
    assert verdict(checks, 'fusermount3', 'user_allow_other')[0] == ('ok' if allowed else 'note')
    checks = answer_of(as_nobody('-o', 'json', env={'PATH': str(tmp_path)}))
    assert verdict(checks, 'fusermount3', 'not installed') == (
        'problem', 'sudo apt-get install fuse3')
    (tmp_path / 'fusermount3').write_text('#!/bin/sh\n')
    (tmp_path / 'fusermount3').chmod(0o755)
    for path in tmp_path, *tmp_path.parents[:2]:
        path.chmod(0o755)
    checks = answer_of(as_nobody('-o', 'json', env={'PATH': str(tmp_path)}))
    assert 'chmod 4755' in found(checks, 'fusermount3', 'not set-uid root')['fix']


@needs_root
def test_a_limit_on_open_files(settings):
    words = ['sh', '-c', 'ulimit -n 256; exec "$0" "$@"', PROGRAM, 'doctor', '-c', settings(),
             '-o', 'json']
    checks = answer_of(subprocess.run(words, capture_output=True, text=True, timeout=60))
    assert verdict(checks, 'limits', 'only 256')[0] == 'warning'


# --- settings -----------------------------------------------------------------------------------

@needs_root
def test_without_a_settings_file_the_defaults_are_said():
    words = ['unshare', '-m', 'sh', '-ec', 'mkdir -p /etc/vortex; mount -t tmpfs none /etc/vortex;'
             'exec "$0" doctor -o json', PROGRAM]
    there = Path('/etc/vortex').exists()
    try:
        checks = answer_of(subprocess.run(words, capture_output=True, text=True, timeout=60))
    finally:
        if not there:
            os.rmdir('/etc/vortex')
    note = found(checks, 'settings', 'there is no settings file')
    assert note['verdict'] == 'note' and 'vortexd.yaml' in note['fix']
    for path in '/etc/vortex/config', '/vortex', '/var/lib/vortex':
        assert path in note['message']
    assert verdict(checks, 'backend', 'local:') == ('warning', 'mkdir -p /etc/vortex/config')


@needs_root
def test_a_user_without_a_settings_file(tmp_path):
    env = {'XDG_RUNTIME_DIR': '/nonexistent/run', 'HOME': '/nonexistent/home'}
    checks = answer_of(as_nobody('-o', 'json', env=env))
    note = found(checks, 'settings', 'there is no settings file')
    assert '/nonexistent/run/vortex/mnt' in note['message']
    assert '/nonexistent/home/.local/state/vortex' in note['message']
    assert verdict(checks, 'mount point', '/nonexistent/run')[0] == 'problem'
    assert verdict(checks, 'state', '/nonexistent/home')[0] == 'problem'


def test_settings_with_an_error_are_explained(settings):
    checks = doctor(settings(cache={'tll': '60s'}))
    assert verdict(checks, 'settings', 'tll')[0] == 'problem'
    assert not [one for one in checks if one['check'] in ('backend', 'state', 'mount point')]


def test_a_plain_secret_in_a_file_for_everybody(settings, tmp_path):
    backend = {'name': 'repo', 'type': 'git', 'priority': 1, 'uri': str(tmp_path),
               'password': 'hunter2-secret'}
    file = settings(mode=0o644, backends=[backend])
    done = ctl('doctor', '-c', file, '-o', 'json')
    assert 'hunter2' not in done.stdout
    if "'backends[].password' is not built in" in done.stdout:
        pytest.skip('this build has no backend that takes a secret')
    one = found(answer_of(done), 'settings', 'plain text')
    assert (one['verdict'], one['fix']) == ('problem', f'chmod o-r {file}')
    file.chmod(0o600)
    assert verdict(doctor(file), 'settings', 'plain text')[0] == 'warning'


# --- the state directory ------------------------------------------------------------------------

def test_state_for_others(settings, tmp_path):
    (tmp_path / 'state').mkdir()
    (tmp_path / 'state').chmod(0o755)
    state = tmp_path / 'state'
    assert verdict(doctor(settings()), 'state', '0755') == ('problem', f'chmod 0700 {state}')


@needs_root
def test_state_of_another_user(settings, tmp_path):
    (tmp_path / 'state').mkdir(mode=0o700)
    os.chown(tmp_path / 'state', NOBODY, NOBODY)
    assert verdict(doctor(settings()), 'state', f'uid {NOBODY}')[0] == 'problem'


def test_state_that_is_a_file(settings, tmp_path):
    (tmp_path / 'state').write_text('')
    assert verdict(doctor(settings()), 'state', 'not a directory')[0] == 'problem'


@needs_root
@pytest.mark.parametrize('fill, want, piece', [
    ('true', 'note', 'in memory'),
    ('dd if=/dev/zero of={0}/fill bs=64k status=none 2>/dev/null || true', 'problem', 'no space'),
    ('dd if=/dev/zero of={0}/fill bs=1M count=40 status=none', 'warning', '64 MiB'),
    ('mount -o remount,ro {0}', 'problem', 'read-only'),
])
def test_state_in_a_tmpfs(settings, tmp_path, fill, want, piece):
    state = tmp_path / 'state'
    state.mkdir(mode=0o700)
    script = f'mount -t tmpfs -o size=80m,mode=0700 none {state}; {fill.format(state)}'
    assert verdict(inside(script, settings()), 'state', piece)[0] == want


def test_state_that_a_daemon_uses(vortex):
    one = vortex([{'name': 'local', 'type': 'directory', 'path': str(EXAMPLES)}])
    checks = doctor(one.file)
    assert verdict(checks, 'state', f'running vortexd (pid {one.process.pid})')[0] == 'ok'
    assert verdict(checks, 'mounts', f'{one.mount} answers')[0] == 'ok'


# --- the mount point and mounts -----------------------------------------------------------------

@needs_root
def test_a_foreign_mount_at_the_mount_point(settings, tmp_path):
    (tmp_path / 'mnt').mkdir()
    checks = inside(f'mount -t tmpfs none {tmp_path}/mnt', settings())
    one = found(checks, 'mount point', 'another filesystem (tmpfs)')
    assert one['verdict'] == 'problem' and f'umount {tmp_path}/mnt' in one['fix']


@needs_root
@pytest.mark.parametrize('how, want', [('private', 'note'), ('shared', 'ok')])
def test_whether_the_mount_point_is_shared(settings, tmp_path, how, want):
    script = f'mount --bind {tmp_path} {tmp_path}; mount --make-{how} {tmp_path}'
    one = found(inside(script, settings()), 'mount point', f'{tmp_path} is {how}')
    assert one['verdict'] == want
    assert one.get('fix') == (f'mount --make-rshared {tmp_path}' if want == 'note' else None)


def test_a_mount_point_that_is_not_empty(settings, tmp_path):
    (tmp_path / 'mnt').mkdir()
    (tmp_path / 'mnt' / 'x').write_text('')
    assert verdict(doctor(settings()), 'mount point', 'not empty')[0] == 'warning'


def test_a_dead_mount_and_the_command_that_frees_it(vortex):
    one = vortex([{'name': 'local', 'type': 'directory', 'path': str(EXAMPLES)}])
    one.process.kill()
    one.process.wait()
    try:
        dead = found(doctor(one.file), 'mounts', f'{one.mount} is dead')
        assert dead['verdict'] == 'problem'
        subprocess.run(dead['fix'].split(), check=True)
        assert not one.mounts()
    finally:
        one.free()
        one.process = None  # it was ended on purpose; there is nothing left to stop


def test_a_mount_that_hangs_is_given_up(vortex):
    one = vortex([{'name': 'local', 'type': 'directory', 'path': str(EXAMPLES)}])
    one.process.send_signal(signal.SIGSTOP)
    try:
        hung = found(doctor(one.file), 'mounts', f'{one.mount} does not answer')
        assert hung['verdict'] == 'problem'
    finally:
        one.process.send_signal(signal.SIGCONT)


# --- backends -----------------------------------------------------------------------------------

def backend_says(settings, **backend):
    name = backend.setdefault('name', 'one')
    return found(doctor(settings(backends=[{'priority': 1, **backend}])), 'backend', f'{name}: ')


def test_a_directory_that_is_not_there(settings, tmp_path):
    one = backend_says(settings, type='directory', path=str(tmp_path / 'gone'))
    assert (one['verdict'], one['fix']) == ('problem', f'mkdir -p {tmp_path}/gone')
    one = backend_says(settings, type='directory', path=str(tmp_path / 'gone'), optional=True)
    assert one['verdict'] == 'warning'


def test_a_repository(settings, tmp_path):
    repo = tmp_path / 'repo'
    one = backend_says(settings, type='git', uri=str(repo))
    assert one['verdict'] == 'problem' and 'git init' in one['fix']
    subprocess.run(['git', 'init', '-q', '-b', 'trunk', repo], check=True)
    one = backend_says(settings, type='git', uri=str(repo))
    assert one['verdict'] == 'problem' and 'default_label' in one['fix']
    (repo / 'application.yml').write_text('a: 1\n')
    subprocess.run(['git', '-C', repo, 'add', '.'], check=True)
    subprocess.run(['git', '-C', repo, '-c', 'user.name=a', '-c', 'user.email=a@b', 'commit', '-qm',
                    'x'], check=True)
    one = backend_says(settings, type='git', uri=str(repo), default_label='trunk')
    assert one['verdict'] == 'ok'


def test_a_repository_elsewhere(settings):
    with socket.create_server(('127.0.0.1', 0)) as server:
        port = server.getsockname()[1]
        one = backend_says(settings, type='git', uri=f'https://127.0.0.1:{port}/config.git')
        assert one['verdict'] == 'ok' and 'accepts connections' in one['message']
    one = backend_says(settings, type='git', uri=f'https://127.0.0.1:{port}/config.git')
    assert one['verdict'] == 'problem' and 'refused' in one['message'] and 'nc -vz' in one['fix']
    one = backend_says(settings, type='git', uri='git@no-such-host.invalid:config.git')
    assert one['verdict'] == 'problem' and 'getent hosts no-such-host.invalid' in one['fix']


def test_a_server_that_does_not_answer(settings):
    """A full backlog: the connection is neither made nor refused."""
    with socket.socket() as server, socket.socket() as first, socket.socket() as second:
        server.bind(('127.0.0.1', 0))
        server.listen(0)
        for one in first, second:
            one.setblocking(False)
            one.connect_ex(server.getsockname())
        uri = f'ssh://127.0.0.1:{server.getsockname()[1]}/config.git'
        checks = doctor(settings(backends=[{'name': 'far', 'type': 'git', 'priority': 1, 'uri': uri,
                                            'timeout': '500ms'}]))
    assert verdict(checks, 'backend far', 'no answer within')[0] == 'problem'


@needs_root
@pytest.mark.parametrize('most, want, piece', [(100, 'warning', 'more than half'),
                                               (50, 'problem', '61 folders')])
def test_more_folders_than_may_be_watched(settings, tmp_path, most, want, piece):
    """In a user namespace, which has a limit of its own below the machine's."""
    for i in range(60):
        (tmp_path / 'docs' / f'd{i}').mkdir(parents=True)
    words = ['unshare', '-Ur', 'sh', '-ec',
             f'echo {most} > /proc/sys/user/max_inotify_watches; exec "$0" "$@"',
             PROGRAM, 'doctor', '-c', settings(), '-o', 'json']
    checks = answer_of(subprocess.run(words, capture_output=True, text=True, timeout=60))
    assert verdict(checks, 'backend', piece) == (want, 'sysctl user.max_inotify_watches=244')
