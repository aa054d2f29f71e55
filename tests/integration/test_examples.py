"""The configuration that comes with Vortex: a directory, a repository of two branches, and both."""
import subprocess

import pytest

from composer import Source
from daemon import ROOT
from everything import differences, folder, listing_differences, tree

CONFIG = ROOT / 'examples' / 'config'
BRANCHES = {'main': ROOT / 'examples' / 'repo-files' / 'main',
            'release/2': ROOT / 'examples' / 'repo-files' / 'release-2'}


def need(*paths):
    for path in paths:
        if not path.is_dir():
            pytest.skip(f'{path} is not there')


def check(mounted, sources, labels=(None,)):
    wrong = listing_differences(mounted, sources(None))
    for label in labels:
        found, compared = differences(mounted, sources(label), label, lists=['default,prod'])
        wrong += found
        assert compared > 0
    assert not wrong, '\n'.join(wrong[:10])


@pytest.fixture
def repository(tmp_path):
    """examples/repo-files as a repository: each branch holds its folder over the one before."""
    need(*BRANCHES.values())
    path = tmp_path / 'repo'
    run(['git', 'init', '--quiet', '-b', 'main', path])
    for branch, files in BRANCHES.items():
        if branch != 'main':
            run(['git', '-C', path, 'checkout', '--quiet', '-b', branch])
        run(['cp', '-a', f'{files}/.', path])
        run(['git', '-C', path, 'add', '-A'])
        run(['git', '-C', path, '-c', 'user.name=t', '-c', 'user.email=t@example', 'commit',
             '--quiet', '-m', branch])
    run(['git', '-C', path, 'checkout', '--quiet', 'main'])
    return path


def run(command):
    subprocess.run(command, check=True, timeout=60)


def git_source(repository, label):
    return Source(tree(repository, label or 'main'), 'repo', 20, 'git')


def test_directory(vortex):
    need(CONFIG)
    check(vortex([{'name': 'local', 'type': 'directory', 'path': str(CONFIG)}]),
          lambda label: [Source(folder(CONFIG))])


def test_repository(vortex, repository):
    check(vortex([{'name': 'repo', 'type': 'git', 'uri': str(repository)}]),
          lambda label: [git_source(repository, label)], [None, *BRANCHES])


def test_both(vortex, repository):
    need(CONFIG)
    mounted = vortex([{'name': 'local', 'type': 'directory', 'priority': 10, 'path': str(CONFIG)},
                      {'name': 'repo', 'type': 'git', 'priority': 20, 'uri': str(repository)}])
    check(mounted, lambda label: [Source(folder(CONFIG), 'local', 10),
                                  git_source(repository, label)], [None, *BRANCHES])
