"""Remote Git by the local interface: news on demand, and what it says of the source's state."""
import os
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from api import ask, refused
from daemon import wait_until
from remote import FIRST, remote, says, secret_file, serves


@pytest.fixture
def beside():
    """Alone: what stands beside a git backend is tested elsewhere."""
    return []


def the_backend(v):
    items = ask(v, 'backends')['items']
    assert [item['name'] for item in items] == ['repo']
    return items[0]


def problems(v):
    return {item['key']: item for item in ask(v, 'problems')['items']}


@pytest.mark.parametrize('protocol', ['https', 'ssh'])
def test_a_push_arrives_on_demand(vortex, hosted, git_web, git_ssh, protocol):
    repo = hosted()
    backend = remote(git_web.uri(repo), ca_file=str(git_web.ca)) if protocol == 'https' else \
        remote(git_ssh.uri(repo), ssh_key=str(git_ssh.key), ssh_known_hosts=str(git_ssh.known_hosts))
    v = vortex([{**backend, 'refresh': '1d'}])
    serves(v, 'a: 1\n')
    for number in range(2, 5):
        commit = repo.push({'payment.yml': f'a: {number}\n'})
        answer = ask(v, 'backends/repo/refresh', 'POST')['items'][0]
        assert answer['state'] == 'ok' and answer['message'] is None, answer
        serves(v, f'a: {number}\n', timeout=5)
        wait_until(lambda commit=commit: the_backend(v)['revision'] == commit)
    assert the_backend(v)['good_age_s'] < 10


def test_many_ask_at_once(vortex, hosted, git_web):
    repo = hosted()
    v = vortex([remote(git_web.uri(repo), ca_file=str(git_web.ca), refresh='1d')])
    serves(v, 'a: 1\n')
    repo.push({'payment.yml': 'a: 2\n'})
    before = len(git_web.requests())
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: ask(v, 'backends/repo/refresh', 'POST'), range(20)))
    assert all(answer['items'][0]['state'] == 'ok' for answer in answers)
    serves(v, 'a: 2\n', timeout=5)
    fetches = [text for text in git_web.requests()[before:] if 'GET' in text and repo.at in text]
    assert 1 <= len(fetches) <= 10, 'those who ask together are answered together'


def test_what_is_said_of_a_source_that_is_away(vortex, hosted, git_web, line, tmp_path):
    repo = hosted()
    far = line(git_web.target())
    v = vortex([remote(git_web.uri(repo, where='private', via=far), ca_file=str(git_web.ca),
                       username=git_web.USER,
                       password=secret_file(tmp_path / 'password', git_web.password))])
    serves(v, 'a: 1\n')
    assert the_backend(v)['state'] == 'ok' and not problems(v)
    far.shut()
    says(v, 'repo', 'connect')
    now = the_backend(v)
    assert now['state'] in ('failing', 'resting') and 'connect' in now['message'], now
    assert now['source'] == git_web.uri(repo, where='private', via=far)
    told = problems(v)['backend repo']
    assert told['severity'] == 'warning' and 'connect' in told['message']  # served, not the newest
    sentence = refused(v, 'backends/repo/refresh', 503, 'EAGAIN', 'POST')
    assert 'connect' in sentence and git_web.password not in sentence
    assert git_web.password not in f'{now}{told}'
    assert v.text(FIRST) == 'a: 1\n'
    far.open()
    wait_until(lambda: 'backend repo' not in problems(v), 20)
    assert the_backend(v)['state'] == 'ok'


def test_on_demand_does_not_wait_for_the_back_off(vortex, hosted, git_web):
    repo = hosted()
    repo.vanish()
    v = vortex([remote(git_web.uri(repo), ca_file=str(git_web.ca), refresh='1d')])
    says(v, 'repo', 'no such repository')
    wait_until(lambda: (the_backend(v)['next_s'] or 0) > 3, 30)
    repo.appear()
    begun = time.monotonic()
    ask(v, 'backends/repo/refresh', 'POST')
    serves(v, 'a: 1\n', timeout=5)
    assert time.monotonic() - begun < 5


def test_a_clone_tells_how_far_it_is(vortex, hosted, git_web, line):
    repo = hosted()
    repo.push({'big.bin': repo.ballast(1_000_000)})
    far = line(git_web.target())
    far.rate = 250_000
    v = vortex([remote(git_web.uri(repo, via=far), ca_file=str(git_web.ca))])
    now = wait_until(lambda: (item := the_backend(v))['state'] == 'starting' and
                     'MiB' in (item['message'] or '') and item, 20)
    assert 'objects' in now['message'], now
    far.rate = None
    serves(v, 'a: 1\n')
    wait_until(lambda: the_backend(v)['state'] == 'ok', 10)


def test_secrets_are_in_no_answer(vortex, hosted, git_web):
    repo = hosted()
    userinfo = f'{git_web.USER}:{git_web.password}@'
    usual = os.umask(0o077)  # else the settings' file could be read by everybody, and is refused
    try:
        v = vortex([remote(git_web.uri(repo, where='private', userinfo=userinfo),
                           ca_file=str(git_web.ca))])
    finally:
        os.umask(usual)
    serves(v, 'a: 1\n')
    answers = [ask(v, 'backends'), ask(v, 'tracks'), ask(v, 'explain', at='payment/default')]
    git_web.set_password('another')
    says(v, 'repo', 'password')
    answers += [ask(v, 'backends'), ask(v, 'problems'), ask(v, 'tracks'),
                refused(v, 'backends/repo/refresh', 403, 'EACCES', 'POST')]
    assert git_web.password not in f'{answers}'
    assert 'password' in f'{answers}'
