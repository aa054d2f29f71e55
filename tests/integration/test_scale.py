"""Many applications, and readers that only ask for what is not there."""
import os
import re
import signal
import subprocess
import time

import pytest

from daemon import wait_until
from repository import Repository, backend, directory


def counts(v):
    """What SIGUSR1 makes the daemon log: {name: number} summed over the backends."""
    before = len(v.log())
    v.process.send_signal(signal.SIGUSR1)
    wait_until(lambda: 'fetches=' in v.log()[before:])
    time.sleep(0.05)
    found = {}
    for name, number in re.findall(r'(\w+)=(\d+)(?= |$)', v.log()[before:], re.M):
        found[name] = found.get(name, 0) + int(number)
    return found


def medians(v, apps, rounds=30):
    """Microseconds of a first read of each application's configuration, the median."""
    times = []
    for app in apps[:rounds]:
        begin = time.perf_counter()
        v.read(app, 'default/application.yml')
        times.append(time.perf_counter() - begin)
    return sorted(times)[len(times) // 2] * 1e6


def rss_kib(pid):
    with open(f'/proc/{pid}/status') as f:
        return int(re.search(r'RssAnon:\s+(\d+)', f.read()).group(1))


def test_ten_thousand_applications(vortex, tmp_path, beside):
    sizes = {'few': 40, 'many': 10_000}
    result = {}
    for name, n in sizes.items():
        repo = Repository(tmp_path / name)
        repo.commit({'application.yml': 'shared: 1\n',
                     **{f'app{i}.yml': f'number: {i}\n' for i in range(n)}})
        v = vortex([backend(repo)])
        v.read('app0/default/application.yml')  # builds the index of the tree
        before = counts(v)
        begin = time.perf_counter()
        assert len(v.listing()) == n
        listing_s = time.perf_counter() - begin
        assert v.listing('app1') == ['default']
        after = counts(v)
        assert after['composed'] == before['composed']
        assert after['fetches'] <= before['fetches'] + 1  # whether app1 exists
        first = medians(v, [f'app{i}' for i in range(1, 40)])
        result[name] = first
        print(f'{name}: {n} applications: ls of the root {listing_s * 1000:.1f} ms, first read '
              f'{first:.0f} us (median), anonymous memory {rss_kib(v.process.pid)} KiB')
        assert v.text('app7/default/application.yml') == 'shared: 1\nnumber: 7\n'
    # timing is for people; only a cost that grows with the repository would show as a factor, and
    # beside a silent source it is that source's timeout which is measured
    assert beside or result['many'] < 10 * result['few']


@pytest.mark.parametrize('listed', ['directory', 'git'])
def test_eight_crawlers_delay_nobody(vortex, tmp_path, version, listed):
    """Unprivileged loops of stat on unknown names beside a backend that never answers."""
    if 'never' not in version:
        pytest.skip('this build has no backend of type never')
    never = {'name': 'hung', 'type': 'never', 'optional': True, 'timeout': '1s'}
    files = {f'app{i}.yml': f'number: {i}\n' for i in range(20)}
    if listed == 'git':
        repo = Repository(tmp_path / 'repo')
        repo.commit(files)
        source = backend(repo)
    else:
        source = directory(tmp_path / 'files', files)
    v = vortex([never, source])
    for parent in [v.folder, *v.folder.parents]:
        if os.stat(parent).st_uid == os.geteuid() and not os.stat(parent).st_mode & 0o001:
            os.chmod(parent, 0o755)  # the crawlers are somebody else
    for i in range(20):
        v.read(f'app{i}/default/application.yml')
    script = f'i=0; while :; do i=$((i+1)); stat {v.mount}/x$$-$i/y >/dev/null 2>&1; done'
    user = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'] if os.geteuid() == 0 else []
    crawlers = [subprocess.Popen([*user, 'sh', '-c', script], start_new_session=True)
                for _ in range(8)]
    try:
        time.sleep(0.5)
        slowest_read = slowest_change = 0
        for n in range(20):
            begin = time.perf_counter()
            for i in range(20):
                v.read(f'app{i}/default/application.yml')
            slowest_read = max(slowest_read, (time.perf_counter() - begin) / 20)
            begin = time.perf_counter()
            if listed == 'git':
                repo.commit({'app3.yml': f'number: change{n}\n'})
            else:
                (tmp_path / 'files' / 'app3.yml').write_text(f'number: change{n}\n')
            wait_until(lambda: v.text('app3/default/application.yml') == f'number: change{n}\n', step=0.002)
            slowest_change = max(slowest_change, time.perf_counter() - begin)
    finally:
        for one in crawlers:
            os.killpg(one.pid, signal.SIGKILL)
            one.wait()
    print(f'slowest read {slowest_read * 1e3:.2f} ms, slowest change {slowest_change * 1e3:.1f} ms')
    # `never` times out after 1 s: any wait for it would show as that
    assert slowest_read < 0.5 and slowest_change < 0.9
