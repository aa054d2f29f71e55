"""The daemon's life: start, settings, signals, a second one, a dead one, the end."""
import contextlib
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

import daemon
from daemon import heed_interrupts, wait_until
from repository import Repository, backend, directory


def run(*args, env=None):
    return subprocess.run([daemon.binary(), *map(str, args)], capture_output=True, text=True,
                          timeout=30, env={**os.environ, **(env or {})}, stdin=subprocess.DEVNULL)


def test_help_and_version():
    assert 'usage: vortexd' in run('--help').stdout
    assert 'directory' in run('--version').stdout
    wrong = run('--nonsense')
    assert wrong.returncode == 2 and '--help' in wrong.stderr
    assert run('surplus').returncode == 2


@pytest.mark.parametrize('text,words', [
    ('backends: []\n', ['backends']),
    ('cache: {tll: 5s}\nbackends: [{name: a, type: directory, path: /tmp}]\n',
     ['line 1', 'cache.tll', 'cache.ttl']),
    ('cache: {ttl: 5}\nbackends: [{name: a, type: directory, path: /tmp}]\n', ['line 1', '5s']),
    ('backends: [{name: a, type: nonsense, path: /tmp}]\n', ['line 1', 'directory']),
    ('backends: [{name: a, type: directory}]\n', ['path']),
    ('backends:\n- {name: a, type: directory, path: /tmp}\n- {name: b, type: directory, path: /x}\n',
     ['priority']),
    ('a: [\n', ['line']),
    ('backends: [{name: a, type: directory, path: /tmp, enabled: false}]\n', ['disabled']),
])
def test_bad_settings_name_file_line_and_what_would_be_right(tmp_path, text, words):
    file = tmp_path / 'vortexd.yaml'
    file.write_text(text)
    done = run('-c', file, '--check')
    assert done.returncode == 2
    for word in ['vortexd.yaml', *words]:
        assert word in done.stderr, done.stderr


def test_check_and_print_settings(tmp_path):
    file = tmp_path / 'vortexd.yaml'
    file.write_text('backends: [{name: a, type: directory, path: /tmp}]\n')
    assert run('-c', file, '--check').returncode == 0
    shown = run('-c', file, '--set', 'cache.ttl=7m', '--print-settings',
                env={'VORTEX_LOG_LEVEL': 'debug'}).stdout
    assert '7m' in shown and 'debug' in shown and 'VORTEX_LOG_LEVEL' in shown


def test_closed_standard_descriptors_are_nobody_else_s(tmp_path):
    """What is opened first would be where the log is written."""
    files = tmp_path / 'files'
    v = daemon.Daemon(tmp_path, {'backends': [{'priority': 1, **directory(files, {'app.yml': 'a: 1\n'})}]})
    v.write_settings()
    v.log_file.touch()
    v.process = subprocess.Popen([daemon.binary(), '-c', v.file], start_new_session=True,
                                 preexec_fn=lambda: os.closerange(0, 3))
    try:
        wait_until(v.mounts)
        for fd in range(3):
            assert os.readlink(f'/proc/{v.process.pid}/fd/{fd}') == '/dev/null'
        assert v.text('app/default/application.yml') == 'a: 1\n'
    finally:
        v.stop()


def test_a_second_daemon_says_who_holds_the_state(vortex, tmp_path):
    v = vortex([directory(tmp_path / 'files', {'app.yml': 'a: 1\n'})])
    second = run('-c', v.file, '--mount', tmp_path / 'elsewhere')
    assert second.returncode == 1
    assert f'pid {v.process.pid}' in second.stderr and 'state.path' in second.stderr


def test_a_mount_point_in_use_is_refused(vortex, tmp_path):
    v = vortex([directory(tmp_path / 'files', {'app.yml': 'a: 1\n'})])
    second = run('-c', v.file, '--set', f'state.path={tmp_path}/state2')
    assert second.returncode == 1 and str(v.mount) in second.stderr
    assert v.text('app/default/application.yml') == 'a: 1\n'


def test_a_killed_daemon_is_replaced_by_the_next_start(vortex, tmp_path):
    v = vortex([directory(tmp_path / 'files', {'app.yml': 'a: 1\n'})])
    assert v.text('app/default/application.yml') == 'a: 1\n'
    v.process.kill()
    v.process.wait()
    assert v.answer('app/default/application.json') == 'ENOTCONN'
    v.watchdog.cancel()
    v.start()
    assert v.text('app/default/application.yml') == 'a: 1\n'
    assert len(v.mounts()) == 1


def test_it_ends_with_open_files_and_readers(vortex, tmp_path):
    v = vortex([directory(tmp_path / 'files', {'app.yml': 'a: 1\n'})])
    held = [os.open(v.path('app/default/application.yml'), os.O_RDONLY),
            os.open(v.path('app/default'), os.O_PATH)]
    v.process.send_signal(signal.SIGTERM)
    assert v.process.wait(15) == 0
    assert not v.mounts()
    for fd in held:
        with contextlib.suppress(OSError):  # ENOTCONN: whom to tell of the close is gone
            os.close(fd)
    assert 'ended' in v.log()


def test_an_unmount_from_outside_ends_it(vortex, tmp_path):
    v = vortex([directory(tmp_path / 'files', {'app.yml': 'a: 1\n'})])
    subprocess.run(['umount', v.mount], check=True)
    assert v.process.wait(15) == 0
    assert 'unmounted' in v.log()


def test_reload_takes_over_what_is_hot_and_says_what_is_not(vortex, tmp_path):
    v = vortex([directory(tmp_path / 'files', {'app.yml': 'a: 1\n'})])
    v.reload({'log': {'level': 'debug'}, 'tree': {'default_label': 'trunk'}})
    wait_until(lambda: 'settings reloaded' in v.log())
    assert 'setting=log.level: taken over' in v.log()
    assert 'setting=tree.default_label: at next start' in v.log()
    v.file.write_text('nonsense: 1\n')
    v.process.send_signal(signal.SIGHUP)
    wait_until(lambda: 'the settings in force stay' in v.log())
    assert v.text('app/default/application.yml') == 'a: 1\n'
    v.write_settings()


def test_background_returns_when_mounted(tmp_path, version):
    files = directory(tmp_path / 'files', {'app.yml': 'a: 1\n'})
    mount, state = tmp_path / 'mnt', tmp_path / 'state'
    args = ['--mount', mount, '--set', f'state.path={state}', '--set', 'log.level=info']
    file = tmp_path / 'v.yaml'
    file.write_text(f'backends: [{{name: a, type: directory, path: {files["path"]}}}]\n')
    done = run('-c', file, *args, '--background')
    assert done.returncode == 0, done.stderr
    pid = int((state / 'lock').read_text())
    try:
        assert (mount / 'app/default/application.yml').read_text() == 'a: 1\n'
        again = run('-c', file, *args, '--background')
        assert again.returncode == 1 and f'pid {pid}' in again.stderr
    finally:
        os.kill(pid, signal.SIGTERM)
        wait_until(lambda: str(mount) not in Path('/proc/self/mountinfo').read_text())
    wait_until(lambda: 'ended' in (state / 'vortexd.log').read_text())


def test_access_rules_are_the_kernel_s(vortex, tmp_path):
    if os.geteuid() != 0:
        pytest.skip('access rules need root')
    for parent in [tmp_path, *tmp_path.parents]:
        if os.stat(parent).st_uid == os.geteuid() and not os.stat(parent).st_mode & 0o001:
            os.chmod(parent, 0o755)  # the reader is somebody else
    files = directory(tmp_path / 'files', {'app.yml': 'a: 1\n', 'app-prod.yml': 'a: 2\n'})
    v = vortex([files], access=[{'match': 'app/prod', 'owner': 'root', 'group': 'nogroup', 'mode': '0440'}])
    os.chmod(v.folder, 0o755)

    def as_user(path, *groups):
        return subprocess.run(['setpriv', '--reuid=12345', '--regid=12345',
                               f'--groups={",".join(groups)}' if groups else '--clear-groups',
                               'cat', v.path(path)], capture_output=True, timeout=30).stdout

    assert as_user('app/default/application.yml') == b'a: 1\n'
    assert as_user('app/prod/application.yml') == b''
    assert as_user('app/prod/application.yml', 'nogroup') == b'a: 2\n'
    assert v.text('app/prod/application.yml') == 'a: 2\n'
    assert oct(os.stat(v.path('app/prod')).st_mode & 0o777) == '0o550'


def test_nobody_writes(vortex, tmp_path):
    """Root tries through the mount, a bind mount, the daemon's own root and another namespace."""
    if os.geteuid() != 0:
        pytest.skip('only root can try all of these')
    v = vortex([directory(tmp_path / 'files', {'app.yml': 'a: 1\n'})])
    path = v.path('app/default/application.yml')
    assert path.read_text() == 'a: 1\n'
    script = '''
import mmap, os, sys
path = sys.argv[1]
assert open(path).read() == "a: 1\\n"
tries = {
    "open": lambda: os.open(path, os.O_RDWR), "append": lambda: os.open(path, os.O_WRONLY | os.O_APPEND),
    "truncate": lambda: os.truncate(path, 0), "create": lambda: os.open(path + "x", os.O_CREAT | os.O_WRONLY),
    "unlink": lambda: os.unlink(path), "rename": lambda: os.rename(path, path + "y"),
    "chmod": lambda: os.chmod(path, 0o777), "utime": lambda: os.utime(path), "mkdir": lambda: os.mkdir(path + "d"),
    "link": lambda: os.link(path, path + "l"), "symlink": lambda: os.symlink("x", path + "s"),
    "setxattr": lambda: os.setxattr(path, "user.x", b"y"),
}
for name, one in tries.items():
    try:
        one()
        print("allowed:", name)
    except OSError as e:
        if e.errno not in (30, 1, 95, 17): print(name, e)
fd = os.open(path, os.O_RDONLY)
try:
    mmap.mmap(fd, 5, mmap.MAP_SHARED, mmap.PROT_READ | mmap.PROT_WRITE)
    print("allowed: mmap")
except OSError:
    pass
'''
    relative = os.path.relpath(path, '/')
    bind = tmp_path / 'bind'
    bind.mkdir()
    ways = {
        'the mount': ['/usr/bin/python3', '-c', script, path],
        'the root of the daemon': ['/usr/bin/python3', '-c', script,
                                   f'/proc/{v.process.pid}/root/{relative}'],
        'another namespace': ['unshare', '-m', '/usr/bin/python3', '-c', script, path],
        'a bind mount': ['unshare', '-m', 'sh', '-c',
                         f'mount --bind {v.mount} {bind} && exec /usr/bin/python3 -c "$0" "$1"', script,
                         bind / 'app/default/application.yml'],
        'a bind mount made writable': [
            'unshare', '-m', 'sh', '-c',
            f'mount --bind {v.mount} {bind} && mount -o remount,bind,rw {bind}; exec /usr/bin/python3 -c "$0" "$1"',
            script, bind / 'app/default/application.yml'],
    }
    for name, command in ways.items():
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        if name != 'a bind mount made writable':
            assert done.returncode == 0 and done.stdout == '', (name, done.stdout, done.stderr)
        assert path.read_text() == 'a: 1\n', name
        assert v.read('app/default/application.json') == b'{\n  "a": 1\n}\n', name


def test_an_interrupted_reader_gets_eintr_and_the_rest_goes_on(vortex, tmp_path, version):
    if 'never' not in version:
        pytest.skip('this build has no backend of type never')
    slow = {'name': 'slow', 'type': 'never', 'timeout': '60s'}
    v = vortex([slow, directory(tmp_path / 'files', {'app.yml': 'a: 1\n'})])
    reader = subprocess.Popen(['cat', v.path('app/default/application.yml')], stderr=subprocess.PIPE,
                              preexec_fn=heed_interrupts)
    time.sleep(0.5)
    assert reader.poll() is None
    reader.send_signal(signal.SIGINT)
    reader.wait(10)


def fetches(v):
    """How many fetches the backend `slow` has begun."""
    v.process.send_signal(signal.SIGUSR1)
    counts = [line for line in v.log().splitlines() if 'backend=slow' in line and 'fetches=' in line]
    return int(counts[-1].split('fetches=')[1].split()[0]) if counts else 0


def test_the_question_of_a_reader_who_left_is_cancelled(vortex, tmp_path, version):
    if 'never' not in version:
        pytest.skip('this build has no backend of type never')
    # One thread is with the labels for a minute, so the second reader's fetch needs the first one's.
    slow = {'name': 'slow', 'type': 'never', 'timeout': '60s', 'pool': {'max': 2}}
    v = vortex([slow, directory(tmp_path / 'files', {'app.yml': 'a: 1\n', 'other.yml': 'a: 1\n'})])
    first = subprocess.Popen(['cat', v.path('app/default/application.yml')], stderr=subprocess.PIPE)
    wait_until(lambda: fetches(v) == 1)
    second = subprocess.Popen(['stat', v.path('other')], stderr=subprocess.PIPE)
    first.kill()
    first.wait(10)
    wait_until(lambda: fetches(v) == 2)
    second.kill()
    second.wait(10)


def test_a_required_backend_that_never_answers_times_out(vortex, tmp_path, version):
    if 'never' not in version:
        pytest.skip('this build has no backend of type never')
    slow = {'name': 'slow', 'type': 'never', 'timeout': '500ms'}
    v = vortex([slow, directory(tmp_path / 'files', {'app.yml': 'a: 1\n'})])
    assert v.answer('app/default/application.yml') == 'ETIMEDOUT'
    assert 'slow' in v.log()


def test_a_reload_of_access_rules_reaches_what_is_shown(vortex, tmp_path):
    if os.geteuid() != 0:
        pytest.skip('access rules need root')
    v = vortex([directory(tmp_path / 'files', {'app.yml': 'a: 1\n'})])
    path = v.path('app/default/application.yml')
    assert os.stat(path).st_mode & 0o777 == 0o444
    v.reload({'access': [{'match': 'app/default', 'mode': '0400'}]})
    wait_until(lambda: os.stat(path).st_mode & 0o777 == 0o400)
    v.reload({'access': []})
    wait_until(lambda: os.stat(path).st_mode & 0o777 == 0o444)


def test_it_ends_soon_while_a_source_is_silent(vortex, tmp_path, version):
    if 'never' not in version:
        pytest.skip('this build has no backend of type never')
    slow = {'name': 'slow', 'type': 'never', 'timeout': '60s'}
    v = vortex([slow, directory(tmp_path / 'files', {'app.yml': 'a: 1\n'})])
    readers = [subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
               for command in (['ls', v.mount], ['ls', v.path('app')],
                               ['cat', v.path('app/default/application.yml')],
                               ['stat', v.path('unknown')])]
    time.sleep(0.5)
    begin = time.monotonic()
    v.process.send_signal(signal.SIGTERM)
    assert v.process.wait(15) == 0
    assert time.monotonic() - begin < 10
    for reader in readers:
        assert reader.wait(10) != 0
