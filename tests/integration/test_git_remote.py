"""Remote Git, served from a mirror: what arrives, how it changes, and who is let in or trusted."""
import json
import os
import random
import subprocess

import pytest

from api import walk
from daemon import build_dir, wait_until
from gitserver import SshServer
from remote import FIRST, complaints, fails, mirrors, remote, says, secret_file, serves


@pytest.fixture
def beside():
    """Alone: what stands beside a git backend is tested elsewhere."""
    return []


@pytest.fixture(params=['http', 'https', 'ssh'])
def way(request, git_web, git_ssh):
    """way(hosted) gives the settings that reach it by one of the protocols."""
    def settings(hosted, **more):
        if request.param == 'ssh':
            return remote(git_ssh.uri(hosted), ssh_key=str(git_ssh.key),
                          ssh_known_hosts=str(git_ssh.known_hosts), **more)
        port = 'good' if request.param == 'https' else 'http'
        return remote(git_web.uri(hosted, port), ca_file=str(git_web.ca), **more)

    return settings


def https(web, hosted, uri=None, **settings):
    return remote(uri or web.uri(hosted), **{'ca_file': str(web.ca), **settings})


def private(web, hosted, tmp_path, password=None, **settings):
    return remote(web.uri(hosted, where='private'), ca_file=str(web.ca), username=web.USER,
                  password=secret_file(tmp_path / 'password', password or web.password), **settings)


def by_key(ssh, hosted, **settings):
    return remote(ssh.uri(hosted), **{'ssh_key': str(ssh.key),
                                      'ssh_known_hosts': str(ssh.known_hosts), **settings})


# what is served, and how it changes

def test_a_clone_is_served_and_a_push_arrives_by_the_timer(vortex, hosted, way):
    repo = hosted()
    v = vortex([way(repo)])
    assert v.text(FIRST) == 'a: 1\n'  # the first read waits for the clone
    commit = repo.push({'payment.yml': 'a: 2\n', 'notes.txt': 'plain\n'})
    serves(v, 'a: 2\n')
    serves(v, 'plain\n', 'payment/default/notes.txt')
    assert f'revision.repo {commit}' in v.text('payment/default/.version')
    assert not complaints(v), v.log()


def test_branches_tags_and_commits_are_labels(vortex, hosted, way):
    repo = hosted()
    first = repo.git('rev-parse', 'HEAD')
    repo.git('tag', '-a', 'v1', '-m', 'one')
    repo.git('push', '-q', 'origin', 'v1')
    repo.branch('feature/x')
    repo.push({'payment.yml': 'a: x\n'})
    v = vortex([way(repo)])
    serves(v, 'a: x\n', 'payment/default/feature(_)x/application.yml')
    assert v.text('payment/default/v1/application.yml') == 'a: 1\n'
    assert v.text(f'payment/default/{first[:10]}/application.yml') == 'a: 1\n'
    assert {'main', 'v1', 'feature(_)x'} <= set(v.listing('payment/default'))
    repo.branch('late')
    repo.push({'payment.yml': 'a: late\n'})
    serves(v, 'a: late\n', 'payment/default/late/application.yml')


def test_history_that_was_rewritten_is_served_as_it_is_now(vortex, hosted, way):
    repo = hosted()
    repo.push({'payment.yml': 'a: 2\n', 'old.txt': 'old\n'})
    v = vortex([way(repo)])
    serves(v, 'a: 2\n')
    repo.git('checkout', '-q', '--orphan', 'another')
    repo.git('rm', '-rqf', '.')
    repo.work.commit({'payment.yml': 'a: 3\n'})
    repo.git('branch', '-M', 'main')
    repo.git('push', '-qf', 'origin', 'main')
    serves(v, 'a: 3\n')
    assert v.answer('payment/default/old.txt') == 'ENOENT'


def test_a_moved_tag_moves(vortex, hosted, git_web):
    repo = hosted()
    repo.git('tag', 'stable')
    repo.git('push', '-q', 'origin', 'stable')
    v = vortex([https(git_web, repo)])
    stable = 'payment/default/stable/application.yml'
    serves(v, 'a: 1\n', stable)
    repo.push({'payment.yml': 'a: 2\n'})
    repo.git('tag', '-fa', 'stable', '-m', 'moved')
    repo.git('push', '-qf', 'origin', 'stable')
    serves(v, 'a: 2\n', stable)


def test_a_deleted_branch_is_served_for_the_time_of_grace(vortex, hosted, git_web):
    repo = hosted()
    repo.branch('short')
    repo.push({'payment.yml': 'a: short\n'})
    v = vortex([https(git_web, repo)])
    short = 'payment/default/short/application.yml'
    serves(v, 'a: short\n', short)
    repo.git('push', '-q', 'origin', ':short')
    says(v, 'payment/default/short', 'orphaned')
    assert v.text(short) == 'a: short\n'
    repo.git('checkout', '-q', 'main')
    repo.push({'payment.yml': 'a: 2\n'})
    serves(v, 'a: 2\n')
    assert v.text(short) == 'a: short\n'


def test_a_deleted_branch_and_tag_go_after_the_time_of_grace(vortex, hosted, git_web):
    repo = hosted()
    repo.branch('short')
    repo.push({'payment.yml': 'a: short\n'})
    repo.git('push', '-q', 'origin', 'short:refs/tags/t1')
    v = vortex([https(git_web, repo)], tree={'retain': '1s'})
    serves(v, 'a: short\n', 'payment/default/short/application.yml')
    assert {'short', 't1'} <= set(v.listing('payment/default'))
    repo.git('push', '-q', 'origin', ':short', ':refs/tags/t1')
    wait_until(lambda: not {'short', 't1'} & set(v.listing('payment/default')), 20)
    wait_until(lambda: v.answer('payment/default/short/application.yml') == 'ENOENT', 20)
    assert v.text(FIRST) == 'a: 1\n'
    refs = [path.relative_to(mirrors(v)[0]) for path in (mirrors(v)[0] / 'refs').rglob('*')]
    assert not [ref for ref in refs if ref.name in ('short', 't1')], refs
    packed = mirrors(v)[0] / 'packed-refs'
    assert not packed.exists() or 'short' not in packed.read_text()


def test_a_branch_and_a_folder_of_branches_take_turns(vortex, hosted, git_web):
    repo = hosted()
    repo.branch('x')
    repo.push({'payment.yml': 'a: x\n'})
    v = vortex([https(git_web, repo)])
    serves(v, 'a: x\n', 'payment/default/x/application.yml')
    repo.git('push', '-q', 'origin', ':x')
    repo.git('push', '-q', 'origin', 'x:refs/heads/x/y')
    serves(v, 'a: x\n', 'payment/default/x(_)y/application.yml')
    repo.git('push', '-q', 'origin', ':x/y')
    repo.push({'payment.yml': 'a: x2\n'})
    serves(v, 'a: x2\n', 'payment/default/x/application.yml')


def test_an_empty_repository_waits_for_its_first_push(vortex, hosted, git_web):
    repo = hosted()
    repo.bare_git('update-ref', '-d', 'refs/heads/main')
    v = vortex([https(git_web, repo)])
    fails(v)
    repo.push({'payment.yml': 'a: 1\n'})
    serves(v, 'a: 1\n')


def test_two_backends_on_one_server(vortex, hosted, git_web):
    lower, upper = hosted('lower'), hosted('upper', {'payment.yml': 'b: 1\n'})
    v = vortex([https(git_web, lower), https(git_web, upper, name='top')])
    serves(v, 'a: 1\nb: 1\n')
    assert len(mirrors(v)) == 2
    upper.push({'payment.yml': 'a: top\n'})
    serves(v, 'a: top\n')
    lower.push({'payment.yml': 'c: 1\n'})
    wait_until(lambda: v.answer('payment/default/.keys/c') == b'1\n', 20)
    assert v.text('payment/default/.keys/a') == 'top\n'


def test_two_backends_on_one_repository(vortex, hosted, git_web):
    repo = hosted(files={'payment.yml': 'a: 1\n', 'more/payment.yml': 'b: 1\n'})
    v = vortex([https(git_web, repo), https(git_web, repo, name='more', search_paths=['more'])])
    wait_until(lambda: v.answer('payment/default/.keys/b') == b'1\n', 20)
    assert v.text('payment/default/.keys/a') == '1\n'


def test_links_and_submodules_are_never_followed(vortex, hosted, git_web, tmp_path):
    (tmp_path / 'secret.yml').write_text('stolen: 1\n')
    repo = hosted()
    other = hosted('other', {'payment.yml': 'sub: 1\n'})
    for name, target in (('payment-prod.yml', tmp_path / 'secret.yml'), ('link.txt', '/etc/passwd'),
                         ('etc', '/etc'), ('up.yml', '../../../../secret.yml')):
        os.symlink(target, repo.work.path / name)
    repo.git('-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', str(other.bare), 'sub')
    repo.push({'payment.yml': 'a: 2\n'})
    v = vortex([https(git_web, repo, search_paths=['sub'])])
    serves(v, 'a: 2\n')
    assert 'prod' not in v.listing('payment')
    assert not {'link.txt', 'etc', 'sub', 'up.yml'} & set(v.listing('payment/default'))
    for path in ('link.txt', 'etc/passwd', 'up.yml', 'sub/payment.yml'):
        assert v.answer('payment/default', path) == 'ENOENT'
    assert not [path for mirror in mirrors(v) for path in mirror.rglob('*') if path.is_symlink()]


def test_a_mirror_is_served_at_once_though_the_server_is_away(vortex, hosted, git_web, line):
    repo = hosted()
    far = line(git_web.target())
    v = vortex([https(git_web, repo, git_web.uri(repo, via=far))])
    serves(v, 'a: 1\n')
    v.stop()
    far.shut()
    v.start()
    assert v.text(FIRST) == 'a: 1\n'
    repo.push({'payment.yml': 'a: 2\n'})
    far.open()
    serves(v, 'a: 2\n')


def test_another_uri_under_the_same_name_is_another_mirror(vortex, hosted, git_web):
    one, two = hosted('one'), hosted('two', {'payment.yml': 'b: 2\n'})
    v = vortex([https(git_web, one)])
    serves(v, 'a: 1\n')
    v.stop()
    v.settings['backends'][0]['uri'] = git_web.uri(two)
    v.start()
    serves(v, 'b: 2\n')
    assert b'a: 1' not in v.read(FIRST)
    v.stop()
    v.settings['backends'][0]['uri'] = git_web.uri(one)
    v.start()
    serves(v, 'a: 1\n')


# who is let in

def test_the_password_is_used(vortex, hosted, git_web, tmp_path):
    v = vortex([private(git_web, hosted(), tmp_path)])
    serves(v, 'a: 1\n')
    assert any(' reader ' in request for request in git_web.requests())


def test_the_password_may_stand_in_the_uri(vortex, hosted, git_web):
    userinfo = f'{git_web.USER}:{git_web.password}@'
    repo = hosted()
    usual = os.umask(0o077)  # else the settings' file could be read by everybody, and is refused
    try:
        v = vortex([https(git_web, repo, git_web.uri(repo, where='private', userinfo=userinfo))])
    finally:
        os.umask(usual)
    serves(v, 'a: 1\n')
    assert git_web.password not in v.log()


def test_a_wrong_password_is_named_and_a_right_one_is_taken_later(vortex, hosted, git_web, tmp_path):
    repo = hosted()
    v = vortex([private(git_web, repo, tmp_path, 'not-the-one')])
    fails(v)
    told = says(v, 'repo', 'password')
    assert 'not-the-one' not in told
    asked = [request for request in git_web.requests() if repo.at in request]
    git_web.set_password('not-the-one')  # the server learns it
    serves(v, 'a: 1\n')
    assert len(asked) < 10, 'a refused password must not be tried again and again'


def test_a_refusal_is_one_problem_however_many_ask(vortex, hosted, git_web, tmp_path):
    v = vortex([private(git_web, hosted(), tmp_path, 'not-the-one')])
    for profile in ('default', 'prod', 'dev'):
        fails(v, f'payment/{profile}/application.yml')
    (one,) = [p for p in walk(v, 'problems') if p['key'].startswith('backend')]
    assert (one['key'], one['severity']) == ('backend repo', 'error') and 'password' in one['message']
    git_web.set_password('not-the-one')
    serves(v, 'a: 1\n')
    wait_until(lambda: not walk(v, 'problems'))


def test_no_password_where_one_is_wanted(vortex, hosted, git_web):
    repo = hosted()
    v = vortex([https(git_web, repo, git_web.uri(repo, where='private'))])
    fails(v)
    says(v, 'repo', 'password')


@pytest.mark.parametrize('port,change,words', [
    ('expired', {}, ['certificate', 'expired']),
    ('misnamed', {}, ['certificate', 'another host']),
    ('good', {'ca_file': ''}, ['certificate', 'authority']),
])
def test_a_bad_certificate_is_refused(vortex, hosted, git_web, tmp_path, port, change, words):
    repo = hosted()
    good = private(git_web, repo, tmp_path)
    v = vortex([{**good, 'uri': git_web.uri(repo, port, 'private'), **change}])
    fails(v)
    says(v, 'repo', *words)
    assert not any(' reader ' in request and repo.at in request for request in git_web.requests()), \
        'the password went to a server that is not trusted'


@pytest.mark.parametrize('port', ['expired', 'misnamed', 'good'])
def test_a_bad_certificate_is_taken_where_that_is_asked_for(vortex, hosted, git_web, port):
    repo = hosted()
    v = vortex([remote(git_web.uri(repo, port), tls='off')])
    serves(v, 'a: 1\n')


def test_a_key_that_the_server_does_not_know(vortex, hosted, git_ssh):
    v = vortex([by_key(git_ssh, hosted(), ssh_key=str(git_ssh.strange_key))])
    fails(v)
    says(v, 'repo', 'key')


def test_a_key_with_a_passphrase(vortex, hosted, git_ssh, tmp_path):
    v = vortex([by_key(git_ssh, hosted(), ssh_key=str(git_ssh.locked_key),
                       ssh_key_passphrase=secret_file(tmp_path / 'phrase', git_ssh.passphrase))])
    serves(v, 'a: 1\n')
    assert git_ssh.passphrase not in v.log()


@pytest.mark.parametrize('phrase', ['', 'not-the-phrase'])
def test_a_key_with_another_passphrase(vortex, hosted, git_ssh, tmp_path, phrase):
    more = {'ssh_key_passphrase': secret_file(tmp_path / 'phrase', phrase)} if phrase else {}
    v = vortex([by_key(git_ssh, hosted(), ssh_key=str(git_ssh.locked_key), **more)])
    fails(v)
    told = says(v, 'repo', 'passphrase')
    assert 'not-the-phrase' not in told


def test_an_unknown_host_is_refused_until_its_key_is_known(vortex, hosted, git_ssh, tmp_path):
    known = tmp_path / 'known'
    known.write_text('')
    v = vortex([by_key(git_ssh, hosted(), ssh_known_hosts=str(known))])
    fails(v)
    says(v, 'repo', 'host key')
    known.write_text(git_ssh.known_hosts.read_text())
    serves(v, 'a: 1\n')


def test_a_changed_host_key_is_refused(vortex, hosted, git_root, git_ssh, tmp_path):
    server = SshServer(tmp_path / 'sshd', git_root)
    try:
        repo = hosted()
        v = vortex([remote(server.uri(repo), ssh_key=str(server.key),
                           ssh_known_hosts=str(server.known_hosts))])
        serves(v, 'a: 1\n')
        server.stop()
        server.new_host_key()
        server.start()
        says(v, 'repo', 'host key', 'changed')
        repo.push({'payment.yml': 'a: 2\n'})
        says(v, 'repo', 'host key', 'changed')
        assert v.text(FIRST) == 'a: 1\n'
    finally:
        server.stop()


def test_the_short_form_of_ssh(vortex, hosted, git_root, tmp_path):
    if os.geteuid() != 0:
        pytest.skip('user@host:path has no port, and port 22 needs root')
    address = f'127.{random.randrange(10, 250)}.{random.randrange(250)}.{random.randrange(2, 250)}'
    server = SshServer(tmp_path / 'sshd', git_root, address, 22)
    try:
        repo = hosted()
        v = vortex([remote(f'{server.user}@{address}:{repo.bare}', ssh_key=str(server.key),
                           ssh_known_hosts=str(server.known_hosts))])
        serves(v, 'a: 1\n')
    finally:
        server.stop()


# what doctor says of it, which logs in nowhere itself

def doctor_says(v):
    done = subprocess.run([build_dir() / 'tools' / 'vortexctl', 'doctor', '-c', v.file, '-o', 'json'],
                          capture_output=True, text=True, timeout=60, check=False)
    (one,) = [c for c in json.loads(done.stdout)['checks'] if c['check'] == 'backend']
    return one['verdict'], one['message'], one.get('fix', '')


def test_doctor_asks_the_daemon_how_a_remote_is_doing(vortex, hosted, git_web, tmp_path):
    repo = hosted()
    v = vortex([private(git_web, repo, tmp_path, refresh='1s')])
    serves(v, 'a: 1\n')
    assert doctor_says(v)[:2] == ('ok', 'repo: vortexd has it')
    git_web.set_password('another')
    verdict, message, fix = wait_until(
        lambda: (said := doctor_says(v))[0] == 'problem' and said, timeout=20)
    assert 'password' in message and 'vortexctl backends refresh repo' in fix
    v.stop()
    v.process = None
    assert 'accepts connections' in doctor_says(v)[1]
