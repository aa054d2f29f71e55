"""vortex-bench measures every case; for its result, not for its time."""
import json
import os
import subprocess

import pytest

import daemon

CASES = ['compose', 'life', 'warm', 'cold', 'first', 'change']


def bench(*options):
    return subprocess.run([daemon.build_dir() / 'tools' / 'vortex-bench', '--quick', *options],
                          capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.parametrize('case', CASES)
def test_each_case_is_measured(case, tmp_path):
    if case == 'cold' and os.geteuid() != 0:
        pytest.skip('only root may have the kernel forget names')
    done = bench('--json', '--tmp', str(tmp_path), case)
    assert done.returncode == 0, done.stdout + done.stderr
    (told,) = json.loads(done.stdout)['cases']
    assert told['case'] == case and 'failed' not in told
    assert told['rows']
    for row in told['rows']:
        assert row['p50'] > 0 or 'memory' in row['what'], row
        assert 'peer' not in row or row['peer_p50'] > 0, row
    assert not list(tmp_path.iterdir()), 'something was left behind'


def test_the_list_of_cases_is_the_one_that_is_tested():
    told = bench('--help').stdout
    assert [line.split()[0] for line in told.split('named):\n')[1].split('\n\n')[0].splitlines()] \
        == CASES


def test_a_missing_daemon_is_a_failure_not_a_blank(tmp_path):
    assert bench('--vortexd', str(tmp_path / 'none')).returncode == 2
    (tmp_path / 'false').symlink_to('/bin/false')
    done = bench('--vortexd', str(tmp_path / 'false'), '--json', '--tmp', str(tmp_path), 'life')
    assert done.returncode == 1
    assert 'did not start' in json.loads(done.stdout)['cases'][0]['failed']
