"""A real vortexd on a real mount: start it, look at it, stop it, and free it when it hangs."""
import errno
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
START_S = 20
STOP_S = 15
HUNG_S = 300  # a test that holds a mount for longer is taken to hang
SANITIZERS = ('AddressSanitizer', 'LeakSanitizer', 'ThreadSanitizer', 'runtime error:')


def build_dir():
    return Path(os.environ.get('VORTEX_BUILD', ROOT / 'build' / 'dev')).resolve()


def binary():
    return build_dir() / 'daemon' / 'vortexd'


def built_in_version():
    """What `vortexd --version` prints; it names the backend types that are built in."""
    return subprocess.run([binary(), '--version'], capture_output=True, text=True, check=True,
                          timeout=30).stdout


def heed_interrupts():
    """In a child: SIGINT ends it, also where the tests are a background job, which ignores it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def wait_until(what, timeout=10, step=0.02):
    """Wait for the truth of what(), and return it; AssertionError when it does not come."""
    deadline = time.monotonic() + timeout
    while not (answer := what()):
        assert time.monotonic() < deadline, f'not within {timeout} s'
        time.sleep(step)
    return answer


def merged(base, change):
    """@base with the maps of @change merged in."""
    result = dict(base)
    for key, value in change.items():
        both = isinstance(value, dict) and isinstance(result.get(key), dict)
        result[key] = merged(result[key], value) if both else value
    return result


class Daemon:
    """One vortexd; `mount` is its directory. Always end it by stop()."""

    def __init__(self, folder, settings, options=(), env=None):
        self.folder = Path(folder)
        self.mount = self.folder / 'mnt'
        self.file = self.folder / 'vortexd.yaml'
        self.log_file = self.folder / 'vortexd.log'
        # A test's own folder may have a longer path than a socket can.
        self.run = tempfile.mkdtemp(prefix='vx')
        os.chmod(self.run, 0o755)
        self.socket = Path(self.run) / 'vortex' / 'api.sock'
        self.options = list(options)
        self.env = env or {}
        for path, mode in ((self.mount, 0o755), (self.folder / 'state', 0o700)):
            path.mkdir(mode=mode, exist_ok=True)
        self.settings = merged({
            'mount': {'path': str(self.mount)},
            'state': {'path': str(self.folder / 'state')},
            'http': {'socket': str(self.socket)},
        }, settings)
        self.process = None
        self.watchdog = None
        self.hung = False

    # life

    def start(self):
        self.write_settings()
        ready = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        ready.bind(str(self.folder / 'notify'))
        # Ours would be taken for settings.
        env = {name: value for name, value in os.environ.items() if not name.startswith('VORTEX_')}
        # Strict: a provider call that blocks aborts the daemon (debug builds).
        env |= {'NOTIFY_SOCKET': str(self.folder / 'notify'), 'VORTEX_STRICT': '1', **self.env}
        with ready, open(self.log_file, 'ab') as log:
            self.process = subprocess.Popen([binary(), '-c', self.file, *self.options],
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            env=env, start_new_session=True)
            self.watchdog = threading.Timer(HUNG_S, self.free)
            self.watchdog.daemon = True
            self.watchdog.start()
            self.wait_ready(ready)
        os.unlink(self.folder / 'notify')
        return self

    def wait_ready(self, ready):
        ready.settimeout(0.1)
        deadline = time.monotonic() + START_S
        while True:
            try:
                if b'READY=1' in ready.recv(4096):
                    break
            except TimeoutError:
                pass
            if self.process.poll() is not None or time.monotonic() > deadline:
                state = f'ended with {self.process.poll()}' if self.process.poll() is not None \
                    else f'is not ready after {START_S} s'
                self.free()
                self.process = None  # nothing to stop
                raise AssertionError(f'vortexd {state}:\n{self.log()}')
        assert f'mounted at {self.mount}' in self.log(), self.log()
        assert self.mounts(), 'it says that it is mounted, but nothing is'

    def stop(self):
        """SIGTERM; it must end well, leave no mount and have nothing to tell a sanitizer."""
        if self.process is None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            code = f'nothing within {STOP_S} s'
        left = self.mounts()
        self.free()
        assert not self.hung, f'the mount hung for {HUNG_S} s:\n{self.log()}'
        assert code == 0, f'SIGTERM ended it with {code}:\n{self.log()}'
        assert not left, f'mounts were left: {left}'
        found = [word for word in SANITIZERS if word in self.log()]
        assert not found, f'{found}:\n{self.log()}'

    def free(self):
        """Whatever state it is in: no process and no mount are left behind."""
        if self.watchdog and threading.current_thread() is self.watchdog:
            self.hung = True
        elif self.watchdog:
            self.watchdog.cancel()
        if self.process and self.process.poll() is None or self.mounts():
            self.abort()
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for path, _ in reversed(self.mounts()):
            subprocess.run(['umount', '-l', path], check=False)
        shutil.rmtree(self.run, ignore_errors=True)

    def mounts(self):
        """(path, device minor) of every mount at or below ours."""
        found = []
        for line in Path('/proc/self/mountinfo').read_text().splitlines():
            fields = line.split()
            path = fields[4].encode().decode('unicode_escape')
            if path == str(self.mount) or path.startswith(f'{self.mount}/'):
                found.append((path, int(fields[2].split(':')[1])))
        return found

    def abort(self):
        for _, minor in self.mounts():
            try:
                Path(f'/sys/fs/fuse/connections/{minor}/abort').write_text('1')
            except OSError:
                pass  # not ours, or gone already

    # settings

    def write_settings(self):
        self.file.write_text(yaml.safe_dump(self.settings, sort_keys=False, allow_unicode=True))

    def reload(self, change):
        """Merge @change into the settings and send SIGHUP."""
        self.settings = merged(self.settings, change)
        self.write_settings()
        self.process.send_signal(signal.SIGHUP)

    def log(self):
        return self.log_file.read_text(errors='replace') if self.log_file.exists() else ''

    # the mount

    def path(self, *parts):
        return self.mount.joinpath(*parts)

    def read(self, *parts):
        return self.path(*parts).read_bytes()

    def text(self, *parts):
        return self.read(*parts).decode()

    def listing(self, *parts):
        return sorted(os.listdir(self.path(*parts)))

    def answer(self, *parts):
        """The bytes of a file, or the name of the errno."""
        try:
            return self.read(*parts)
        except OSError as error:
            return errno_name(error)

    def answers(self, paths, threads=32):
        """`answer` for many paths at once, in order."""
        with ThreadPoolExecutor(threads) as pool:
            return list(pool.map(self.answer, paths))


def errno_name(error):
    return errno.errorcode.get(error.errno, str(error.errno))
