"""Fixtures of the integration tests: the real daemon on a real mount.

    VORTEX_BUILD             the build directory whose daemon/vortexd is tested (build/dev)
    VORTEX_SAMPLES           where the sample repositories are (../shared/samples)
    VORTEX_REQUIRE_SAMPLES   1: absent samples are a failure instead of a skipped test
"""
import pytest

import api as client
import daemon
# The fixtures of tests that need a Git server; pytest finds them here.
from gitserver import git_root, git_ssh, git_ssh_server, git_web, git_web_server, hosted, line

# Each first read waits for it, so it is short; no test asks how short.
NEVER = {'name': 'silent', 'type': 'never', 'priority': 1, 'optional': True, 'timeout': '300ms'}


@pytest.fixture(scope='session')
def version():
    """What `vortexd --version` prints."""
    if not daemon.binary().exists():
        pytest.fail(f'{daemon.binary()} is not there: build it, or set VORTEX_BUILD')
    return daemon.built_in_version()


@pytest.fixture(params=['alone', 'beside-never'])
def beside(request, version):
    """Backends that stand beside those of the test: none, or one that never answers."""
    if request.param == 'alone':
        return []
    if 'never' not in version:
        pytest.skip('this build has no backend of type never')
    return [NEVER]


@pytest.fixture
def silent(version):
    """A backend that never answers."""
    if 'never' not in version:
        pytest.skip('this build has no backend of type never')
    return NEVER


@pytest.fixture
def vortex(tmp_path, version, beside):
    """start(backends, **settings) gives a mounted daemon; each is stopped and checked."""
    running = []

    def start(backends, options=(), env=None, **settings):
        numbered = [{'priority': 10 + i, **backend} for i, backend in enumerate(backends)]
        folder = tmp_path / f'vortexd{len(running)}'
        folder.mkdir()
        one = daemon.Daemon(folder, {'backends': beside + numbered, **settings}, options, env)
        running.append(one)
        return one.start()

    yield start
    failures = []
    for one in running:
        try:
            one.stop()
        except AssertionError as failure:
            failures.append(str(failure))
        print(one.log()[-8000:])
    assert not failures, '\n'.join(failures)


@pytest.fixture
def api(vortex, tmp_path):
    """A daemon with a repository over a directory."""
    return client.Api(vortex, tmp_path)
