"""The local interface: events as they come, and the end of the daemon."""
import http.client
import signal
import time

import pytest

import daemon
import repository
from api import Connection, Events, ask, by, refused, wait_event


@pytest.fixture
def beside(silent):
    """One silent backend beside: it costs its timeout (300 ms) where it has to be asked."""
    return [silent]


# --- events -------------------------------------------------------------------------------------

def test_events_as_they_come_and_again(api):
    stream = Events(api.v)
    api.v.read('payment/prod/application.yml')
    published = wait_event(stream, 'published', at='payment/prod')
    data = published['data']
    assert data['number'] == '1' and len(data['version']) == 32 and data['type'] == 'published'
    assert str(data['seq']) == published['id'] and data['time'].endswith('Z')
    api.repo.commit({'payment-prod.yml': 'server:\n  port: 1\n'})
    assert wait_event(stream, 'changed', backend='repo')
    assert wait_event(stream, 'published', at='payment/prod')['data']['number'] == '2'
    stream.close()
    # From the beginning, by parameter or header, the same come again.
    for again in (Events(api.v, after=0), Events(api.v, {'Last-Event-ID': '0'})):
        events = [again.read()]
        while events[-1]['id'] != published['id']:
            events.append(again.read())
        assert by(events, 'id') == [(str(i + 1),) for i in range(data['seq'])]
        assert 'started' in {e['event'] for e in events} and events[-1] == published
        again.close()
    after = Events(api.v, {'Last-Event-ID': published['id']})
    assert int(after.read()['id']) == data['seq'] + 1
    after.close()
    # A number of an earlier daemon: everything is news.
    later = Events(api.v, after=10**9)
    assert later.read()['data']['seq'] == 1
    later.close()
    assert refused(api.v, 'events', 400, 'EINVAL', after='x')


def test_events_so_far_end_by_themselves(api):
    api.v.read('payment/prod/application.yml')

    def all_of(**query):
        stream, events = Events(api.v, follow='false', **query), []
        with pytest.raises(EOFError):
            while True:
                events.append(stream.read())
        stream.close()
        return [int(event['id']) for event in events]
    so_far = all_of()
    assert len(so_far) >= 2 and so_far == list(range(1, len(so_far) + 1))
    assert all_of(after=1)[:len(so_far) - 1] == so_far[1:]
    stream = Events(api.v, follow='true', after=0)
    assert stream.read()['id'] == '1'
    stream.close()
    assert 'true or false' in refused(api.v, 'events', 400, 'EINVAL', follow='maybe')


def test_a_slow_reader_is_told_what_it_lost(vortex, tmp_path):
    n = 260  # four changes of what all share are 1,040 publications, in a ring of 1,000
    files = {f'app{i}.yml': f'n: {i}\n' for i in range(n)}
    v = vortex([repository.directory(tmp_path / 'local', files)])
    v.answers([f'app{i}/default/application.yml' for i in range(n)])
    stream = Events(v)
    for change in range(2, 6):
        repository.replace(tmp_path / 'local' / 'application.yml', f'change: {change}\n')
        told = set()
        while len(told) < n:
            data = wait_event(stream, 'published')['data']
            if data['number'] == str(change):
                told.add(data['at'])
    stream.close()
    again = Events(v, after=1)
    lost = again.read()
    first = again.read()
    again.close()
    assert lost['event'] == 'lost' and 'id' not in lost
    assert int(first['id']) == 1 + lost['data']['lost'] + 1


def test_there_are_so_many_streams_and_no_more(api):
    streams = [Events(api.v) for _ in range(16)]
    assert [s.status for s in streams] == [200] * 16
    assert '16' in refused(api.v, 'events', 409, 'EBUSY')
    assert ask(api.v, 'version')  # there is room to ask
    for stream in streams:
        stream.close()
    # The daemon sees that they are gone.
    more = daemon.wait_until(lambda: next((s for s in [Events(api.v)] if s.status == 200), None),
                             timeout=20, step=0.5)
    more.close()


def test_sigterm_ends_open_streams(api):
    stream = Events(api.v)
    idle = Connection(api.v.socket)
    idle.request('GET', '/api/version')
    idle.getresponse().read()  # kept alive
    begin = time.monotonic()
    api.v.process.send_signal(signal.SIGTERM)
    with pytest.raises((EOFError, OSError, http.client.HTTPException)):
        while True:
            stream.read()
    api.v.process.wait(10)
    assert time.monotonic() - begin < 5
    assert not api.v.socket.exists()
