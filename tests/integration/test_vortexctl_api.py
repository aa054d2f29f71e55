"""vortexctl as a client of the local interface: each verb's text and JSON, and its exit codes."""
import json
import os
import re
import signal
import subprocess
import threading
from pathlib import Path

import pytest

import daemon
from ctl_shop import (NOT_COMPOSED, NOT_FOUND, OK, UNHEALTHY, USAGE, Ctl, beside, ctl, one, paged,
                      repo)
from repository import directory

__all__ = ['beside', 'ctl', 'one', 'repo']  # fixtures


# --- explain ------------------------------------------------------------------------------------

def test_explain_says_who_supplied_a_value_and_what_it_overrode(ctl, repo):
    answer = ctl.json('explain', 'payment/prod', 'server.port')
    item, = paged(answer, 'at', 'version', 'documents')
    assert answer['at'] == 'payment/prod' and re.fullmatch('[0-9a-f]{32}', answer['version'])
    assert {k: item[k] for k in ('key', 'type', 'value', 'backend', 'path', 'line')} == {
        'key': 'server.port', 'type': 'int', 'value': '8080', 'backend': 'repo',
        'path': 'payment-prod.yml', 'line': 2}
    assert item['revision'] == repo.git('rev-parse', 'HEAD')
    hidden, = item['overrode']
    assert (hidden['value'], hidden['backend'], hidden['line']) == ('80', 'local', 2)
    assert ctl.text('explain', 'payment/prod', 'server.port').splitlines() == [
        'server.port = 8080 (int)',
        f'  from      payment-prod.yml:2 of repo at {item["revision"][:7]}',
        '  overrode  payment/payment.yml:2 of local' + place(hidden) + ', where it is 80']


def place(origin):
    """How a revision is shown: those of Git in seven digits."""
    revision = origin['revision']
    if not revision:
        return ''
    return f' at {revision[:7] if re.fullmatch("[0-9a-f]{20,}", revision) else revision}'


def test_explain_without_a_key_says_all_and_the_documents(ctl):
    answer = ctl.json('explain', 'payment/prod')
    assert [i['key'] for i in answer['items']] == [
        'payment.provider', 'payment.retries', 'server.host', 'server.port', 'shared']
    assert [d['path'] for d in answer['documents']][-1] == 'payment-prod.yml'
    text = ctl.text('explain', 'payment/prod')
    assert all(f'{i["key"]} = {i["value"]}' in text for i in answer['items'])
    documents = text.split('documents, the later overrides the earlier\n')[1].splitlines()
    assert [line.split(' of ')[0].strip() for line in documents] == \
        [d['path'] for d in answer['documents']]


def test_explain_of_a_key_with_others_below_it(ctl):
    assert [i['key'] for i in ctl.json('explain', 'payment/prod', 'server')['items']] == \
        ['server.host', 'server.port']
    assert len(ctl.json('explain', 'payment/prod', 'server', '--limit', '1')['items']) == 1


@pytest.mark.parametrize('path, want', [
    ('application.yml', ['payment.provider', 'payment.retries', 'server.host', 'server.port', 'shared']),
    ('.keys/server/port', ['server.port']),
    ('.keys/payment', ['payment.provider', 'payment.retries']),
    ('main/.keys/server/port', ['server.port']),
])
def test_explain_takes_a_path_in_the_mount(ctl, one, path, want):
    answer = ctl.json('explain', one.path('payment', 'prod', path))
    assert [i['key'] for i in answer['items']] == want
    assert answer['at'] == ('payment/prod/main' if path.startswith('main') else 'payment/prod')


def test_explain_takes_a_list_element_a_link_and_a_relative_path(ctl, one, tmp_path):
    item, = ctl.json('explain', one.path('orders', 'default', '.keys', 'ports', '1'))['items']
    assert (item['key'], item['value']) == ('ports[1]', '2')
    (tmp_path / 'config').symlink_to(one.path('payment', 'prod'))
    assert ctl.json('explain', tmp_path / 'config' / '.keys' / 'shared')['items'][0]['value'] == '1'
    for word in ('application.yml', './application.yml', '../prod/.keys/shared'):
        done = ctl('explain', word, cwd=one.path('payment', 'prod'))
        assert done.returncode == OK and 'shared = 1' in done.stdout, done.stderr


@pytest.mark.parametrize('name', ['nginx.conf', 'conf.d/x.conf'])
def test_explain_of_a_plain_file(ctl, one, name):
    by_path = ctl.json('explain', one.path('payment', 'prod', name))
    assert by_path == ctl.json('explain', 'payment/prod', '--file', name)
    assert set(by_path) == {'at', 'version', 'file'}
    assert by_path['at'] == 'payment/prod'
    assert set(by_path['file']) == {'name', 'backend', 'path', 'revision', 'bytes'}
    assert by_path['file']['backend'] == 'local'
    text = ctl.text('explain', one.path('payment', 'prod', name))
    assert text.startswith(f'{name}: a plain file of ') and by_path['file']['path'] in text


@pytest.mark.parametrize('words', [['payment/prod', 'nginx.conf'], ['payment/prod/nginx.conf'],
                                   ['payment/prod/main/nginx.conf'], ['payment/prod/', 'nginx.conf']])
def test_explain_finds_a_plain_file_that_is_named_as_a_key_or_label(ctl, words):
    assert ctl.json('explain', *words)['file']['name'] == 'nginx.conf'


@pytest.mark.parametrize('word', ['payment/prod/.keys/server/port', 'payment/prod/main/.keys/server/port'])
def test_explain_takes_a_path_without_its_mount_point(ctl, one, word):
    assert ctl.json('explain', word)['items'][0]['value'] == '8080'
    by_path = ctl('explain', f'mnt/{word}', cwd=one.mount.parent)
    assert by_path.returncode == OK and 'server.port = 8080' in by_path.stdout, by_path.stderr


@pytest.mark.parametrize('words, piece', [
    (['payment/prod', 'server.prot'], "no key 'server.prot'; without a key all are listed"),
    (['payment/prod/.keys/server/prot'], "no key 'server.prot'"),
    (['payment/prod/main/.keys/server/prot'], "no key 'server.prot'"),
    (['payment/prod/relaese'], "no backend has the label 'relaese'"),
    (['payment/prod', '--file', 'ngnix.conf'], 'ngnix.conf'),
    (['pyment/prod'], "application 'pyment'; 'vortexctl ls' lists"),
    (['pyment/prod', 'server.port'], "application 'pyment'; 'vortexctl ls' lists"),
    (['payment/prod/@rev:repo:nowhere'], 'nowhere'),
    (['/etc/passwd'], 'not inside a mounted Vortex'),
])
def test_explain_of_what_is_not_there(ctl, words, piece):
    assert piece in ctl.refused(NOT_FOUND, 'explain', *words)


def test_explain_of_a_missing_file_and_key_by_their_paths(ctl, one):
    assert 'ngnix.conf' in ctl.refused(NOT_FOUND, 'explain', one.path('payment', 'prod', 'ngnix.conf'))
    assert 'server.prot' in ctl.refused(NOT_FOUND, 'explain',
                                        one.path('payment', 'prod', '.keys', 'server', 'prot'))


def test_explain_of_a_path_that_is_a_key_and_another_key(ctl, one):
    done = ctl('explain', one.path('payment', 'prod', '.keys', 'server'), 'port')
    assert done.returncode == USAGE and "'port' is one too many" in done.stderr


def test_an_import_is_named_once(vortex, tmp_path):
    one = vortex([directory(tmp_path / 'docs', {
        'application.yml': 'a: 1\n', 'application-prod.yml': 'a: 2\n', 'db.yml': 'b: 1\n',
        'shop.yml': 'vortex: {imports: [db]}\n', 'shop-prod.yml': 'c: 1\n'})])
    text = Ctl(one).text('explain', 'shop/prod', 'a')
    assert text.count('application-prod.yml') == 1 and text.count('application.yml') == 1


def test_explain_of_what_cannot_be_composed_is_the_daemons_sentence(ctl):
    sentence = ctl.refused(NOT_COMPOSED, 'explain', 'orders/default/@rev:repo:broken')
    assert 'orders.yml' in sentence and 'line' in sentence


# --- find, diff ---------------------------------------------------------------------------------

def test_find_walks_all_configurations(ctl):
    answer = ctl.json('find', 'server.port')
    items = paged(answer, 'composed', 'failed')
    assert {(i['at'], i['value']) for i in items} >= {('payment/prod', '8080'), ('orders/default', '7070')}
    assert set(items[0]) == {'at', 'key', 'value', 'backend', 'path', 'line', 'revision'}
    assert answer['composed'] >= 4 and answer['failed'] == 0
    line = next(x for x in ctl.text('find', 'server.port').splitlines() if x.startswith('payment/prod '))
    assert line.startswith('payment/prod  server.port = 8080  payment-prod.yml:2 of repo at ')


def test_find_of_a_value_a_pattern_and_a_label(ctl):
    assert [i['at'] for i in ctl.json('find', 'server.port=8080')['items']] == ['payment/prod']
    assert {i['key'] for i in ctl.json('find', 'payment.*')['items']} == {'payment.retries', 'payment.provider'}
    assert '9090' in ctl.text('find', 'server.port', '--label', 'feature/x')
    done = ctl('find', 'no.such.key')
    assert (done.returncode, done.stdout) == (NOT_FOUND, '')
    assert ctl.json('find', 'no.such.key', code=NOT_FOUND)['items'] == []


def test_find_stops_at_the_limit_and_says_where(ctl):
    part = ctl.json('find', 'shared', '--limit', '1')
    assert len(part['items']) == 1 and part['next']
    assert len(ctl.json('find', 'shared')['items']) > 1


def test_pages_are_merged(vortex, tmp_path):
    """vortexd gives a thousand items at once."""
    keys = ''.join(f'key{i:04}: {i}\n' for i in range(2500))
    ctl = Ctl(vortex([directory(tmp_path / 'docs', {'a.yml': keys})]))
    answer = ctl.json('explain', 'a/default')
    assert [i['value'] for i in paged(answer, 'at', 'version', 'documents')] == [str(i) for i in range(2500)]
    assert len(answer['documents']) == 1
    part = ctl.json('explain', 'a/default', '--limit', '1500')
    assert part['items'] == answer['items'][:1500] and part['next']
    found = ctl.json('find', 'key*')
    assert [i['key'] for i in found['items']] == [i['key'] for i in answer['items']]
    assert len(ctl.text('find', 'key*').splitlines()) == 2500
    shown, _ = ctl.terminal('find', 'key*')
    assert '\rconfigurations' not in shown and shown.count('configurations composed ...\r\x1b[K') == 2


def test_diff_of_two_configurations(ctl):
    answer = ctl.json('diff', 'payment/default', 'payment/prod', code=UNHEALTHY)
    item, = paged(answer, 'a', 'b', 'same')
    assert answer['same'] is False
    assert answer['a']['at'] == 'payment/default' and len(answer['b']['version']) == 32
    assert (item['key'], item['change'], item['a']['value'], item['b']['value']) == \
        ('server.port', 'changed', '80', '8080')
    lines = ctl.text('diff', 'payment/default', 'payment/prod', code=UNHEALTHY).splitlines()
    assert lines[0].startswith('--- payment/default (version ')
    assert lines[1].startswith('+++ payment/prod (version ')
    assert lines[2] == '~ server.port: 80 -> 8080  payment-prod.yml:2 of repo'
    assert len(lines) == 3


def test_diff_with_a_moment(ctl):
    assert ctl.text('diff', 'payment/prod', '@head') == ''
    assert ctl.json('diff', 'payment/prod', '@head')['same'] is True
    lines = ctl.text('diff', 'payment/prod', '@rev:repo:feature/x', code=UNHEALTHY).splitlines()
    assert [line.split('  ')[0] for line in lines[2:]] == ['+ extra: true', '~ server.port: 8080 -> 9090']
    back = ctl.text('diff', 'payment/prod/@rev:repo:feature/x', 'payment/prod', code=UNHEALTHY)
    assert '- extra: true' in back


def test_diff_of_types_origins_files_and_paths(ctl, one):
    text = ctl.text('diff', one.path('payment', 'default'), one.path('orders', 'default'), code=UNHEALTHY)
    assert '- file:nginx.conf  ' in text and '~ server.port: 80 -> 7070' in text
    assert 'payment.retries' in text and '= ' not in text
    moved = ctl.json('diff', 'payment/default', 'payment/prod/feature/x', '--origins', code=UNHEALTHY)
    assert {i['change'] for i in moved['items']} <= {'added', 'removed', 'changed', 'type', 'origin'}


# --- preview, validate, history -----------------------------------------------------------------

def test_preview_counts_what_would_change(ctl, repo):
    answer = ctl.json('preview', 'repo:feature/x')
    item, = paged(answer, 'rev', 'composed', 'failed')
    assert answer['rev']['backend'] == 'repo'
    assert item == {'at': 'payment/prod', 'outcome': 'changed', 'added': 1, 'removed': 0, 'changed': 1,
                    'message': None}
    head, line = ctl.text('preview', 'feature/x').splitlines()
    assert head.split() == ['CONFIGURATION', 'OUTCOME', 'KEYS', 'MESSAGE']
    assert line.split() == ['payment/prod', 'changed', '+1', '-0', '~1', '-']
    assert ctl.text('preview', 'main') == ''
    assert 'same' in ctl.text('preview', 'main', '--all')
    assert ctl.json('preview', 'feature/x', 'orders')['items'] == []


def test_preview_and_validate_of_what_fails(ctl):
    failed = [i for i in ctl.json('preview', 'broken', code=UNHEALTHY)['items'] if i['outcome'] == 'fails']
    assert failed and all(i['at'].startswith('orders/') and 'orders.yml' in i['message'] for i in failed)
    answer = ctl.json('validate', 'repo:broken', code=NOT_COMPOSED)
    assert {i['at'] for i in paged(answer, 'rev', 'composed', 'failed')} == {i['at'] for i in failed}
    assert answer['failed'] == len(failed)
    text = ctl.text('validate', 'broken', code=NOT_COMPOSED).splitlines()
    assert text[0].startswith('error: ') and 'orders.yml' in text[0] and '(at orders/default' in text[0]
    assert re.fullmatch(rf'\d+ configurations compose, {len(failed)} do not', text[-1])
    assert ctl.text('validate', 'broken', 'payment').endswith(' configurations compose, 0 do not\n')
    assert ctl('validate', 'feature/x').returncode == OK


def test_validate_tells_directories_and_revisions_apart(ctl, tmp_path):
    (tmp_path / 'broken').mkdir()
    (tmp_path / 'broken' / 'a.yml').write_text('a: 1\n')
    assert ctl('validate', 'broken', cwd=tmp_path).returncode == OK
    assert ctl('validate', 'broken', '--revision', cwd=tmp_path).returncode == NOT_COMPOSED
    assert ctl('validate', './broken', cwd=tmp_path).returncode == OK
    assert 'no directory' in ctl.refused(NOT_FOUND, 'validate', 'nowhere')
    assert ctl('validate', './nowhere').returncode == NOT_FOUND
    done = ctl('validate', 'nowhere', '--labels', 'none')
    assert done.returncode == USAGE and 'for a directory' in done.stderr


def test_preview_of_an_unknown_revision_and_backend(ctl):
    assert 'nowhere' in ctl.refused(NOT_FOUND, 'preview', 'repo:nowhere')
    assert 'nobody' in ctl.refused(NOT_FOUND, 'preview', 'nobody:main')


def test_history_newest_first(ctl, repo):
    items = paged(ctl.json('history', 'payment/prod'))
    assert [i['message'].splitlines()[0] for i in items] == ['payment: be more patient', 'the beginning']
    assert set(items[0]) == {'backend', 'revision', 'author', 'time', 'message'}
    lines = ctl.text('history', 'payment/prod', '--backend', 'repo').splitlines()
    assert lines[0].split() == ['REVISION', 'BACKEND', 'WHEN', 'AUTHOR', 'MESSAGE']
    assert re.fullmatch(r'[0-9a-f]{7} +repo +\d+ (s|min|h|d) ago +Ada <ada@shop.test> +'
                        r'payment: be more patient', lines[1])
    part = ctl.json('history', 'payment/prod', '-n', '1')
    assert len(part['items']) == 1 and part['next']
    ctl.refused(NOT_COMPOSED, 'history', 'payment/prod', '--backend', 'local')


# --- what is going on ---------------------------------------------------------------------------

def test_tracks(ctl, one):
    one.text('payment', 'prod', 'application.yml')
    item = next(i for i in paged(ctl.json('tracks')) if i['at'] == 'payment/prod')
    assert set(item) == {'at', 'app', 'profile', 'label', 'state', 'version', 'number', 'published',
                         'age_s', 'idle_s', 'revisions', 'error'}
    head, *lines = ctl.text('tracks').splitlines()
    assert head.split() == ['CONFIGURATION', 'STATE', 'NUMBER', 'VERSION', 'PUBLISHED', 'IDLE', 'ERROR']
    line = next(x for x in lines if x.startswith('payment/prod '))
    assert line.split()[1:4] == [item['state'], str(item['number']), item['version'][:12]]
    assert ' ago ' in line


def test_backends_and_refresh(ctl, repo):
    items = paged(ctl.json('backends'))
    assert [i['name'] for i in items] == ['local', 'repo']
    assert set(items[0]) == {'name', 'type', 'priority', 'optional', 'source', 'state', 'revision', 'message',
                             'good_age_s', 'next_s', 'fetches', 'unchanged', 'calls', 'failures'}
    head, local, git = ctl.text('backends').splitlines()
    assert head.split() == ['NAME', 'TYPE', 'PRIORITY', 'STATE', 'REVISION', 'HEARD', 'SOURCE', 'MESSAGE']
    assert local.split()[:4] == ['local', 'directory', '10', 'ok']
    assert git.split()[:4] == ['repo', 'git', '20', 'ok']
    assert [i['name'] for i in ctl.json('backends', 'refresh')['items']] == ['local', 'repo']
    assert [i['name'] for i in ctl.json('backends', 'refresh', 'repo')['items']] == ['repo']
    assert 'nobody' in ctl.refused(NOT_FOUND, 'backends', 'refresh', 'nobody')
    ctl.refused(NOT_FOUND, 'backends', 'refresh', 'a/b ?#')
    assert ctl('backends', 'rfresh').returncode == USAGE


def test_problems_are_an_exit_code(vortex, tmp_path):
    docs = directory(tmp_path / 'docs', {'a.yml': 'a: 1\n'})
    one = vortex([docs])
    ctl = Ctl(one)
    assert ctl.text('problems') == ''
    assert paged(ctl.json('problems'), 'dropped') == []
    (tmp_path / 'docs' / 'a-prod.yml').write_text('{')
    daemon.wait_until(lambda: one.answer('a', 'prod', 'application.yml') == 'EIO')
    answer = ctl.json('problems', code=UNHEALTHY)
    found = [i for i in answer['items'] if i['severity'] == 'error']
    assert set(found[0]) == {'key', 'severity', 'since', 'message'}
    assert 'a-prod.yml' in found[0]['message']
    head, *lines = ctl.text('problems', code=UNHEALTHY).splitlines()
    assert head.split() == ['SEVERITY', 'SINCE', 'WHAT', 'MESSAGE']
    assert any(x.startswith('error') and 'a-prod.yml' in x for x in lines)


def test_version_of_both(ctl, one):
    number = daemon.built_in_version().split()[1]
    answer = ctl.json('version')
    assert set(answer) == {'client', 'daemon'}
    assert answer['client']['version'] == answer['daemon']['version'] == number
    assert answer['daemon']['pid'] == one.process.pid and answer['daemon']['mount'] == str(one.mount)
    assert set(answer['daemon']) == {'version', 'pid', 'mount', 'started', 'uptime_s'}
    client, server = ctl.text('version').splitlines()
    assert client == f'vortexctl {number}'
    assert re.fullmatch(rf'vortexd {re.escape(number)} \(pid {one.process.pid}, up .+, mounted at '
                        rf'{re.escape(str(one.mount))}\)', server)


# --- events -------------------------------------------------------------------------------------

class Watcher:
    """vortexctl events -w, line by line."""

    def __init__(self, one, *arguments):
        self.process = subprocess.Popen(
            [daemon.build_dir() / 'tools' / 'vortexctl', 'events', '-w', '-o', 'json',
             '--socket', one.socket, *arguments],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            preexec_fn=daemon.heed_interrupts)
        self.watchdog = threading.Timer(30, self.process.kill)
        self.watchdog.start()

    def wait_for(self, **want):
        """The next event of which that is true, within the watchdog's time."""
        for line in self.process.stdout:
            event = json.loads(line)
            if all(event.get(name) == value for name, value in want.items()):
                return event
        raise AssertionError(f'it ended: {self.process.wait()}')

    def stop(self):
        self.process.send_signal(signal.SIGINT)
        assert self.process.wait(10) == -signal.SIGINT
        return self.process.stderr.read() or ''


@pytest.fixture
def watch():
    running = []

    def start(one, *arguments):
        running.append(Watcher(one, *arguments))
        return running[-1]
    yield start
    for one in running:
        one.watchdog.cancel()
        if one.process.poll() is None:
            one.process.kill()
        one.process.communicate()


def test_events_that_were_and_those_to_come(vortex, tmp_path, watch):
    docs = directory(tmp_path / 'docs', {'a.yml': 'a: 1\n'})
    one = vortex([docs])
    ctl = Ctl(one)
    one.text('a', 'default', 'application.yml')
    first = watch(one, '--after', '0').wait_for(type='published', at='a/default')
    assert set(first) == {'seq', 'time', 'type', 'at', 'version', 'number'}
    follower = watch(one, '--after', str(first['seq']))
    (tmp_path / 'docs' / 'a.yml').write_text('a: 2\n')
    later = follower.wait_for(type='published', at='a/default')
    assert later['seq'] > first['seq'] and later['version'] != first['version']
    kept = [json.loads(line) for line in ctl.text('events', '-o', 'json').splitlines()]
    assert [e['seq'] for e in kept] == list(range(1, len(kept) + 1))
    assert later in kept and first in kept
    rest = [json.loads(line) for line in
            ctl.text('events', '--after', first['seq'], '-o', 'json').splitlines()]
    assert rest[0]['seq'] == first['seq'] + 1 and later in rest
    line = next(x for x in ctl.text('events').splitlines() if 'published' in x)
    assert line == f'{first["time"]}  published  a/default  number {first["number"]}, ' \
        f'version {first["version"][:12]}'


def test_events_go_on_over_a_restart(vortex, tmp_path, watch):
    one = vortex([directory(tmp_path / 'docs', {'a.yml': 'a: 1\n'})])
    one.text('a', 'default', 'application.yml')
    follower = watch(one, '--after', '0')
    follower.wait_for(type='published', at='a/default')
    one.process.send_signal(signal.SIGTERM)
    assert one.process.wait(daemon.STOP_S) == 0
    one.free()
    Path(one.run).mkdir(exist_ok=True)
    os.chmod(one.run, 0o755)
    one.start()
    assert follower.wait_for(type='started')['seq'] == 1
    one.text('a', 'default', 'application.yml')
    follower.wait_for(type='published', at='a/default')
    assert 'waiting for it' in follower.stop()
