#!/usr/bin/python3
"""remote_git.py - what remote Git costs: from a push to its bytes, and the first clone.

    tools/bench/remote_git.py [--only PART]... [--pushes N] [--quick] [--large] [--json]

Parts: push   from a push to the new bytes in the mount, on demand and by the timer
       clone  100,000 files and 20,000 commits: first clone, fetch of one commit, first read
       pack   a pack of 1 GiB (only with --large)

Each figure stands beside what the git command takes for the same on the same server in the same
run. The servers are real and on loopback (those of tests/integration: https by nginx). Needs root,
or a /dev/fuse that one may open, and the build that VORTEX_BUILD names (build/dev; a release build
for figures that are to be kept). Memory is the peak of the resident set.
"""
import argparse
import http.client
import json
import os
import platform
import random
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / 'tests' / 'integration'))

import daemon  # noqa: E402
from gitserver import Hosted, WebServer  # noqa: E402
from line import descendants  # noqa: E402
from repository import ENV  # noqa: E402

FIRST = 'payment/default/application.yml'
FOLDERS, FILES, COMMITS = 320, 313, 20_000
LARGE_BYTES = 1 << 30


def say(*words):
    print(*words, file=sys.stderr, flush=True)


def milliseconds(samples):
    """The figures of a distribution of seconds."""
    ordered = sorted(samples)
    return {'n': len(ordered), 'p50_ms': round(statistics.median(ordered) * 1000, 2),
            'p99_ms': round(ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))] * 1000, 2),
            'max_ms': round(ordered[-1] * 1000, 2)}


# the other side: git itself

def git_environment(web):
    """Nothing of this machine's settings, certificates and proxies."""
    theirs = ('GIT_', 'SSL_', 'CURL_')
    return {name: value for name, value in os.environ.items()
            if not name.startswith(theirs) and not name.lower().endswith('_proxy')} | ENV | {
                'GIT_SSL_CAINFO': str(web.ca), 'GIT_TERMINAL_PROMPT': '0'}


def git_run(web, *args):
    """(seconds, peak bytes) of a git command and its helpers."""
    begun = time.monotonic()
    process = subprocess.Popen(['git', *map(str, args)], stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, env=git_environment(web))
    _, code, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(code)
    if process.returncode != 0:
        sys.exit(f'remote_git: git {args[0]} ended with {process.returncode}')
    return time.monotonic() - begun, usage.ru_maxrss * 1024


# the daemon

class Peaks:
    """The peak resident sets of the daemon and of its children, while it is entered."""

    def __init__(self, v):
        self.v = v
        self.daemon = self.child = 0
        self.children = set()
        self.ending = threading.Event()
        self.thread = threading.Thread(target=self.watch, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.look()
        self.ending.set()
        self.thread.join()

    def watch(self):
        while not self.ending.wait(0.02):
            self.look()

    def look(self):
        self.daemon = max(self.daemon, peak(self.v.process.pid))
        for pid in descendants(self.v.process.pid):
            self.children.add(pid)
            self.child = max(self.child, peak(pid))


def peak(pid):
    try:
        for text in Path(f'/proc/{pid}/status').read_text().splitlines():
            if text.startswith('VmHWM:'):
                return int(text.split()[1]) * 1024
    except OSError:
        pass
    return 0


class Api(http.client.HTTPConnection):
    """The daemon's local interface."""

    def __init__(self, path):
        super().__init__('vortex', timeout=60)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def api_post(v, path):
    """The answer's JSON. OSError or ValueError where there is none."""
    connection = Api(v.folder / 'api.sock')
    try:
        connection.request('POST', path)
        answer = connection.getresponse()
        body = json.loads(answer.read())
        if answer.status != 200:
            raise ValueError(f'{answer.status}: {body}')
        return body
    finally:
        connection.close()


def api_settings(folder):
    """Where the local interface listens; none in a build without one, which is then reported."""
    at = folder / 'api.sock'
    known = subprocess.run([daemon.binary(), '--set', f'http.socket={at}', '--print-settings'],
                           capture_output=True, check=False, timeout=30)
    return {'http': {'socket': str(at)}} if known.returncode == 0 else {}


def start(folder, web, hosted, **settings):
    folder.mkdir()
    backend = {'name': 'repo', 'type': 'git', 'uri': web.uri(hosted), 'ca_file': str(web.ca),
               'refresh': '1s', 'timeout': '60m', 'fetch_timeout': '60m', 'stall_timeout': '10m'}
    return daemon.Daemon(folder, {'backends': [{**backend, **settings}]} | api_settings(folder)).start()


def until(v, path, content):
    """Read @path until it is @content; the wall time of that."""
    while True:
        try:
            if v.read(*path.split('/')) == content:
                return time.time()
        except OSError:
            pass
        time.sleep(0.001)


# the parts

def push_one(repo, number):
    """A push of new bytes; them, and the moment at which the server had them."""
    content = f'a: {number}\n'.encode()
    repo.push({'payment.yml': content})
    return content, (repo.bare / 'refs/heads/main').stat().st_mtime


def part_push(web, room, args):
    repo = Hosted(web.root, 'push.git', room / 'work-push')
    repo.push({'payment.yml': 'a: 0\n'})
    result = {}

    v = start(room / 'd1', web, repo, refresh='1d')
    try:
        until(v, FIRST, b'a: 0\n')
        api_post(v, '/api/backends/repo/refresh')
    except (OSError, ValueError) as failure:
        result['on_demand'] = {'failure': str(failure)}
    else:
        samples = []
        for number in range(args.pushes):
            content, moment = push_one(repo, f'{number} on demand')
            api_post(v, '/api/backends/repo/refresh')
            samples.append(until(v, FIRST, content) - moment)
        result['on_demand'] = milliseconds(samples)
    finally:
        v.stop()

    v = start(room / 'd2', web, repo)
    try:
        samples = []
        for number in range(args.pushes):
            time.sleep(random.random() * 0.3)  # else each push comes right after a fetch
            content, moment = push_one(repo, f'{number} by the timer')
            samples.append(until(v, FIRST, content) - moment)
        result['timer_1s'] = milliseconds(samples)
    finally:
        v.stop()

    mirror = room / 'push-mirror'
    git_run(web, 'clone', '-q', '--mirror', web.uri(repo), mirror)
    samples = []
    for number in range(args.pushes):
        push_one(repo, f'{number} by git')
        samples.append(git_run(web, '-C', mirror, 'fetch', '-q', '--prune')[0])
    result['git_fetch'] = milliseconds(samples)
    return result


def history(folder, folders, files, commits):
    """A stream for git fast-import: all files at once, then a file a commit."""
    def commit(number):
        text = f'change {number}\n'
        folder.write(f'commit refs/heads/main\ncommitter A <a@b.test> {1_700_000_000 + number} +0000\n'
                     f'data {len(text)}\n{text}')

    def change(one, two, number):
        name = f'app-{one:03}/' + ('application.yml' if two == 0 else f'part-{two:03}.txt')
        text = f'server:\n  port: {one}{two:03}\n  note: "{number} {one * two}"\n'
        folder.write(f'M 100644 inline {name}\ndata {len(text)}\n{text}\n')

    commit(0)
    for one in range(folders):
        for two in range(files):
            change(one, two, 0)
    for number in range(1, commits):
        commit(number)
        change(number % folders, number // folders % files, number)


def part_clone(web, room, args):
    folders, files, commits = (32, 31, 200) if args.quick else (FOLDERS, FILES, COMMITS)
    repo = Hosted(web.root, 'history.git', room / 'work-history')
    begun = time.monotonic()
    importer = subprocess.Popen(['git', '-C', repo.bare, 'fast-import', '--quiet', '--force'],
                                stdin=subprocess.PIPE, text=True, env={**os.environ, **ENV})
    with importer.stdin as stream:
        history(stream, folders, files, commits)
    if importer.wait() != 0:
        sys.exit('remote_git: git fast-import failed')
    say(f'  {folders * files} files and {commits} commits made in {time.monotonic() - begun:.1f} s')
    result = {'files': folders * files, 'commits': commits, 'pack_bytes': size_below(repo.bare)}
    result |= first_clone(web, room, repo, 'app-007/default/.keys/server/port', b'7000\n')
    v = result.pop('daemon')
    try:
        reads = []
        for one in range(8, 8 + 20):
            begun = time.monotonic()
            v.read(f'app-{one:03}/default/application.yml')
            reads.append(time.monotonic() - begun)
        result['first_read'] = milliseconds(reads)
        # one more commit
        tree = repo.bare_git('rev-parse', 'main^{tree}')
        stream = subprocess.Popen(['git', '-C', repo.bare, 'fast-import', '--quiet'],
                                  stdin=subprocess.PIPE, text=True, env={**os.environ, **ENV})
        content = 'server:\n  port: 1\n'
        with stream.stdin as pipe:
            pipe.write(f'commit refs/heads/main\ncommitter A <a@b.test> 1800000000 +0000\ndata 1\n.\n'
                       f'from refs/heads/main^0\nM 100644 inline app-007/application.yml\n'
                       f'data {len(content)}\n{content}\n')
        stream.wait()
        moment = time.time()
        assert repo.bare_git('rev-parse', 'main^{tree}') != tree
        try:
            api_post(v, '/api/backends/repo/refresh')
        except (OSError, ValueError):
            result['fetch_by'] = 'timer of 1 s'
        else:
            result['fetch_by'] = 'on demand'
        result['fetch_s'] = round(until(v, 'app-007/default/.keys/server/port', b'1\n') - moment, 3)
    finally:
        v.stop()
    result['git_fetch_s'] = round(git_run(web, '-C', room / 'mirror-history', 'fetch', '-q')[0], 3)
    shown = []
    for one in range(8, 8 + 20):
        shown.append(git_run(web, '-C', room / 'mirror-history', 'cat-file', '-p',
                             f'main:app-{one:03}/application.yml')[0])
    result['git_cat_file'] = milliseconds(shown)
    return result


def first_clone(web, room, repo, path, content):
    """Time and memory of the daemon's first clone, and of git's. The daemon goes on running."""
    name = repo.bare.stem
    seconds, memory = git_run(web, 'clone', '-q', '--mirror', web.uri(repo), room / f'mirror-{name}')
    begun = time.time()
    v = start(room / f'd-{name}', web, repo, search_paths=['{application}'])
    try:
        with Peaks(v) as peaks:
            took = until(v, path, content) - begun
    except BaseException:
        v.stop()
        raise
    return {'daemon': v, 'clone_s': round(took, 2), 'clone_daemon_peak_bytes': peaks.daemon,
            'clone_child_peak_bytes': peaks.child, 'git_clone_s': round(seconds, 2),
            'git_clone_peak_bytes': memory,
            'mirror_bytes': size_below(v.folder / 'state' / 'git'),
            'git_mirror_bytes': size_below(room / f'mirror-{name}')}


def size_below(folder):
    return sum(path.stat().st_size for path in Path(folder).rglob('*') if path.is_file())


def part_pack(web, room, args):
    repo = Hosted(web.root, 'large.git', room / 'work-large')
    size = LARGE_BYTES >> 6 if args.quick else LARGE_BYTES
    pieces = 64
    # Random bytes: looking for what they share, or packing them tighter, only takes time.
    for key, value in (('core.bigFileThreshold', '1m'), ('core.compression', '0')):
        repo.bare_git('config', key, value)
    importer = subprocess.Popen(['git', '-C', repo.bare, 'fast-import', '--quiet', '--force'],
                                stdin=subprocess.PIPE, env={**os.environ, **ENV})
    with importer.stdin as stream:
        stream.write(b'commit refs/heads/main\ncommitter A <a@b.test> 1700000000 +0000\ndata 1\n.\n')
        stream.write(b'M 100644 inline app/application.yml\ndata 5\na: 1\n\n')
        for piece in range(pieces):
            stream.write(b'M 100644 inline ballast/%d\ndata %d\n' % (piece, size // pieces))
            stream.write(os.urandom(size // pieces) + b'\n')
    if importer.wait() != 0:
        sys.exit('remote_git: git fast-import failed')
    result = {'pack_bytes': size_below(repo.bare)}
    result |= first_clone(web, room, repo, 'app/default/application.yml', b'a: 1\n')
    result.pop('daemon').stop()
    return result


PARTS = {'push': part_push, 'clone': part_clone, 'pack': part_pack}


# what is printed

def shown(value):
    return f'{value / 2**20:.0f} MiB' if value >= 2**20 else f'{value / 1024:.0f} KiB'


def rows(results):
    """(what, ours, git's) of all that was measured."""
    def spread(one):
        if 'failure' in one:
            return f'failed: {one["failure"]}'
        return f'{one["p50_ms"]:.1f} / {one["p99_ms"]:.1f} ms (p50/p99 of {one["n"]})'

    if 'push' in results:
        push = results['push']
        yield 'push to bytes, on demand', spread(push['on_demand']), spread(push['git_fetch'])
        yield 'push to bytes, refresh 1s', spread(push['timer_1s']), spread(push['git_fetch'])
    for part in ('clone', 'pack'):
        if part not in results:
            continue
        one = results[part]
        what = f'{one["files"]} files, {one["commits"]} commits' if part == 'clone' else \
            f'pack of {shown(one["pack_bytes"])}'
        yield f'{what}: start to first bytes', f'{one["clone_s"]} s', f'{one["git_clone_s"]} s'
        yield (f'{what}: memory', f'{shown(one["clone_daemon_peak_bytes"])} daemon, '
               f'{shown(one["clone_child_peak_bytes"])} child', shown(one['git_clone_peak_bytes']))
        yield f'{what}: on disk', shown(one['mirror_bytes']), shown(one['git_mirror_bytes'])
        if part == 'clone':
            yield (f'{what}: one commit ({one["fetch_by"]})', f'{one["fetch_s"]} s',
                   f'{one["git_fetch_s"]} s')
            yield f'{what}: first read', spread(one['first_read']), spread(one['git_cat_file'])


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--only', action='append', choices=PARTS, help='this part alone')
    parser.add_argument('--pushes', type=int, default=100)
    parser.add_argument('--quick', action='store_true', help='small: for the result, not the times')
    parser.add_argument('--large', action='store_true', help='the pack of 1 GiB too')
    parser.add_argument('--json', action='store_true', help='one JSON object instead of a table')
    args = parser.parse_args()
    if args.quick:
        args.pushes = min(args.pushes, 5)
    parts = args.only or [part for part in PARTS if part != 'pack' or args.large]
    if not daemon.binary().exists():
        sys.exit(f'remote_git: {daemon.binary()} is not there: build it, or set VORTEX_BUILD')

    room = Path(tempfile.mkdtemp(prefix='vx-bench-'))
    (room / 'root').mkdir()
    web = WebServer(room / 'web', room / 'root')
    results = {}
    try:
        for part in parts:
            say(f'{part}:')
            results[part] = PARTS[part](web, room, args)
    finally:
        web.stop()
        shutil.rmtree(room, ignore_errors=True)
    if args.json:
        print(json.dumps({'version': daemon.built_in_version().split('\n')[0], 'build':
                          str(daemon.build_dir().name), 'processors': os.cpu_count(),
                          'kernel': platform.release(), **results}))
        return
    print(f'{"what":56} {"vortexd":40} git command')
    for what, ours, theirs in rows(results):
        print(f'{what:56} {ours:40} {theirs}')


if __name__ == '__main__':
    main()
