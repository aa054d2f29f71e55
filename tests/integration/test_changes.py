"""A change at the source arrives in the mount; what was open or unchanged is left alone."""
import os
import time

from daemon import wait_until
from repository import Repository, backend, directory, replace


def test_a_commit_is_visible_and_an_open_file_keeps_the_old_bytes(vortex, tmp_path):
    repo = Repository(tmp_path / 'repo')
    repo.commit({'payment.yml': 'a: 1\n', 'other.yml': 'b: 1\n'})
    v = vortex([backend(repo)])
    assert v.text('payment/default/application.yml') == 'a: 1\n'
    with open(v.path('payment/default/application.yml'), 'rb') as old:
        first = os.fstat(old.fileno())
        repo.commit({'payment.yml': 'a: 2\nc: 3\n'})
        wait_until(lambda: v.text('payment/default/application.yml') == 'a: 2\nc: 3\n')
        assert old.read() == b'a: 1\n'
    second = os.stat(v.path('payment/default/application.yml'))
    assert second.st_size == 10
    assert second.st_mtime_ns > first.st_mtime_ns
    assert second.st_ino != first.st_ino


def test_a_file_whose_bytes_stay_keeps_inode_and_time(vortex, tmp_path):
    repo = Repository(tmp_path / 'repo')
    repo.commit({'payment.yml': 'a: 1\nb: 2\n', 'notes.txt': 'plain\n'})
    v = vortex([backend(repo)])
    names = ['notes.txt', '.keys/b', 'application.yml', '.keys/a']
    for name in names:
        v.read('payment/default', name)
    before = [os.stat(v.path('payment/default', name)) for name in names]
    repo.commit({'payment.yml': 'a: 5\nb: 2\n'})
    wait_until(lambda: v.text('payment/default/.keys/a') == '5\n')
    after = [os.stat(v.path('payment/default', name)) for name in names]
    same = [(a.st_ino, a.st_mtime_ns) == (b.st_ino, b.st_mtime_ns) for a, b in zip(before, after)]
    assert same == [True, True, False, False]


def test_a_commit_that_changes_no_content_publishes_nothing(vortex, tmp_path):
    repo = Repository(tmp_path / 'repo')
    repo.commit({'payment.yml': 'a: 1\n'})
    v = vortex([backend(repo)])
    version = v.text('payment/default/.version')
    origin = v.text('payment/default/.origin.json')
    repo.commit({'payment.yml': '# only a comment\na: 1\n'})
    repo.commit({'marker.yml': 'x: 1\n'})
    wait_until(lambda: 'marker' in v.listing())
    time.sleep(0.3)  # nothing to wait for: nothing must happen
    assert v.text('payment/default/.version') == version
    assert v.text('payment/default/.origin.json') == origin


def test_names_come_and_go(vortex, tmp_path):
    repo = Repository(tmp_path / 'repo')
    repo.commit({'payment.yml': 'a: 1\n', 'old.txt': 'old\n'})
    v = vortex([backend(repo)])
    assert v.text('payment/default/old.txt') == 'old\n'
    assert v.answer('payment/default/new.txt') == 'ENOENT'
    assert v.answer('payment/default/.keys/b/c') == 'ENOENT'
    repo.commit({'new.txt': 'new\n', 'payment.yml': 'b:\n  c: 1\n'}, remove=['old.txt'])
    wait_until(lambda: v.answer('payment/default/new.txt') == b'new\n')
    assert v.answer('payment/default/old.txt') == 'ENOENT'
    assert 'new.txt' in v.listing('payment/default')
    assert 'old.txt' not in v.listing('payment/default')
    wait_until(lambda: v.answer('payment/default/.keys/b/c') == b'1\n')
    assert v.listing('payment/default/.keys') == ['b']


def test_branches_tags_and_commits(vortex, tmp_path):
    repo = Repository(tmp_path / 'repo')
    first = repo.commit({'payment.yml': 'a: 1\n'})
    repo.git('tag', '-a', 'v1', '-m', 'one')
    repo.git('checkout', '-q', '-b', 'feature/x')
    repo.commit({'payment.yml': 'a: x\n'})
    repo.git('checkout', '-q', 'main')
    repo.commit({'payment.yml': 'a: 2\n'})
    v = vortex([backend(repo)])
    assert v.text('payment/default/application.yml') == 'a: 2\n'
    assert v.text('payment/default/main/application.yml') == 'a: 2\n'
    assert v.text('payment/default/v1/application.yml') == 'a: 1\n'
    assert v.text('payment/default/feature(_)x/application.yml') == 'a: x\n'
    assert v.text('payment/default', first, 'application.yml') == 'a: 1\n'
    assert v.text('payment/default', first[:7], 'application.yml') == 'a: 1\n'
    assert v.answer('payment/default/0123456789abcdef/application.yml') == 'ENOENT'
    assert v.answer('payment/default/x/application.yml') == 'ENOENT'
    listed = v.listing('payment/default')
    assert {'main', 'v1', 'feature(_)x'} <= set(listed) and first not in listed
    repo.git('branch', 'hotfix')
    wait_until(lambda: 'hotfix' in v.listing('payment/default'))
    assert v.text('payment/default/hotfix/application.yml') == 'a: 2\n'


def test_a_deleted_branch_is_served_as_an_orphan_until_it_is_retained_no_longer(vortex, tmp_path):
    repo = Repository(tmp_path / 'repo')
    repo.commit({'payment.yml': 'a: 1\n'})
    repo.git('branch', 'old')
    # another backend's default must not stand in for the branch that went
    v = vortex([backend(repo, missing_label='refuse')], tree={'retain': '3s'})
    assert v.text('payment/default/old/application.yml') == 'a: 1\n'
    repo.git('branch', '-D', 'old')
    wait_until(lambda: 'orphaned' in v.log())
    assert v.text('payment/default/old/application.yml') == 'a: 1\n'
    wait_until(lambda: v.answer('payment/default/old/application.yml') == 'ENOENT', timeout=15)


def test_a_bad_change_is_not_served_and_the_next_good_one_is(vortex, tmp_path):
    files = tmp_path / 'files'
    v = vortex([directory(files, {'payment.yml': 'a: 1\n'})])
    assert v.text('payment/default/application.yml') == 'a: 1\n'
    (files / 'payment.yml').write_text('a: 1\nb: [unclosed\n')
    wait_until(lambda: 'payment.yml' in v.log())
    assert v.text('payment/default/application.yml') == 'a: 1\n'
    assert 'line' in v.log() and 'unclosed' not in v.log()  # the place, never a value
    (files / 'payment.yml').write_text('a: 3\n')
    wait_until(lambda: v.text('payment/default/application.yml') == 'a: 3\n')


def test_what_imports_a_changed_application_changes_too(vortex, tmp_path):
    files = tmp_path / 'files'
    v = vortex([directory(files, {'payment.yml': 'vortex.imports: [db]\na: 1\n', 'db.yml': 'url: one\n'})])
    assert v.text('payment/default/application.yml') == 'url: one\na: 1\n'
    (files / 'db.yml').write_text('url: two\n')
    wait_until(lambda: v.text('payment/default/application.yml') == 'url: two\na: 1\n')


def test_a_higher_backend_wins_and_both_are_watched(vortex, tmp_path):
    repo = Repository(tmp_path / 'repo')
    repo.commit({'payment.yml': 'a: git\n'})
    files = tmp_path / 'files'
    v = vortex([directory(files, {'payment.yml': 'a: dir\nb: dir\n'}), backend(repo)])
    assert v.text('payment/default/application.properties') == 'a=git\nb=dir\n'
    (files / 'payment.yml').write_text('a: dir\nb: new\n')
    wait_until(lambda: v.text('payment/default/application.properties') == 'a=git\nb=new\n')
    repo.commit({'payment.yml': 'b: git\n'})
    wait_until(lambda: v.text('payment/default/application.properties') == 'a=dir\nb=git\n')


def test_a_changing_file_is_never_seen_torn(vortex, tmp_path):
    """Writers replace a 200 kB configuration while readers read it: every read is one version."""
    files = tmp_path / 'files'

    def body(n):
        return ''.join(f'key{i}: {n}\n' for i in range(15000))

    def values(text):
        return {line.split(': ')[1] for line in text.splitlines()}

    v = vortex([directory(files, {'payment.yml': body(0)})])
    reads = 0
    for n in range(1, 15):
        new = files / 'new'
        new.write_text(body(n))
        os.rename(new, files / 'payment.yml')
        while True:
            found = values(v.text('payment/default/application.yml'))
            reads += 1
            assert len(found) == 1, f'a mix of versions {found}'
            assert reads < 5000
            if found == {str(n)}:
                break


def test_a_mended_import_is_heard_of_by_what_failed_over_it(vortex, tmp_path):
    files = tmp_path / 'files'
    v = vortex([directory(files, {'shared.yml': 's: one\n', 'app.yml': 'a: 1\n'})])
    assert v.text('app/default/application.yml') == 'a: 1\n'
    replace(files / 'shared.yml', 's: [broken\n')
    replace(files / 'app.yml', 'vortex.imports: [shared]\na: 2\n')
    wait_until(lambda: 'still serving' in v.log())
    assert v.text('app/default/application.yml') == 'a: 1\n'
    replace(files / 'shared.yml', 's: two\n')
    wait_until(lambda: v.text('app/default/application.yml') == 's: two\na: 2\n')


def test_a_deleted_application_is_served_until_it_is_retained_no_longer(vortex, tmp_path):
    files = tmp_path / 'files'
    v = vortex([directory(files, {'gone.yml': 'a: 1\n', 'app.yml': 'a: 1\n'})],
               tree={'retain': '8s'})
    assert v.text('gone/default/application.yml') == 'a: 1\n'
    (files / 'gone.yml').unlink()
    wait_until(lambda: 'orphaned' in v.log())
    time.sleep(6)  # names of folders have timed out in the kernel
    assert v.text('gone/default/application.yml') == 'a: 1\n'
    wait_until(lambda: v.answer('gone/default/application.yml') == 'ENOENT', timeout=20)


def test_an_optional_source_that_comes_back_is_used_by_all(vortex, tmp_path):
    files = directory(tmp_path / 'files', {f'app{i}.yml': 'a: dir\n' for i in range(8)})
    git = {'name': 'repo', 'type': 'git', 'uri': str(tmp_path / 'repo'), 'optional': True}
    v = vortex([files, git])
    for i in range(8):
        assert v.text(f'app{i}/default/application.yml') == 'a: dir\n'
    repo = Repository(tmp_path / 'repo')
    repo.commit({f'app{i}.yml': 'a: git\n' for i in range(8)})
    for i in range(8):
        wait_until(lambda: v.text(f'app{i}/default/application.yml') == 'a: git\n', timeout=60)
