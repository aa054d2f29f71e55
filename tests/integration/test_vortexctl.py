"""vortexctl: each verb as a person or a script runs it; exit codes, messages, JSON."""
import json
import os
import shutil
import subprocess
import xml.etree.ElementTree as xml
from pathlib import Path

import pytest
import yaml

import daemon

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / 'examples' / 'config'
OK, UNHEALTHY, USAGE, NOT_FOUND, UNREACHABLE, NOT_COMPOSED = 0, 1, 2, 3, 6, 7


def ctl(*arguments, env=None, cwd=None):
    """Run vortexctl; the completed process with text output."""
    program = daemon.build_dir() / 'tools' / 'vortexctl'
    clean = {k: v for k, v in os.environ.items() if not k.startswith('VORTEX_')}
    done = subprocess.run([program, *map(str, arguments)], capture_output=True, text=True,
                          timeout=60, stdin=subprocess.DEVNULL, cwd=cwd, env={**clean, **(env or {})})
    assert done.returncode >= 0, done.stderr
    assert not any(word in done.stderr for word in daemon.SANITIZERS), done.stderr
    return done


@pytest.fixture
def beside():
    """What vortexctl prints does not depend on a backend that is silent."""
    return []


@pytest.fixture
def folder(tmp_path):
    """write({path: text}) makes a directory of documents."""
    def write(files):
        for name, text in files.items():
            path = tmp_path / 'docs' / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return tmp_path / 'docs'
    return write


# --- the command line ---------------------------------------------------------------------------

@pytest.mark.parametrize('arguments, code, piece', [
    ([], USAGE, 'a verb is missing'),
    (['destroy'], USAGE, "there is no verb 'destroy'"),
    (['get'], USAGE, 'APP/PROFILE'),
    (['get', 'payment'], USAGE, 'names no profile'),
    (['get', 'a/b', 'c/d'], USAGE, 'one configuration'),
    (['get', 'payment/-prod'], USAGE, 'profile'),
    (['get', '../etc/passwd'], USAGE, ''),
    (['get', 'a/b', '-o', 'xml'], USAGE, "'xml' is no format"),
    (['ls', '-o', 'xml'], USAGE, "'xml' is no format"),
    (['ls', '--colour'], USAGE, 'ls --help'),
    (['validate'], USAGE, 'which directory'),
    (['validate', '.', '--labels', 'branches'], USAGE, 'subdirectories'),
    (['validate', '.', '--graph', 'svg'], USAGE, 'one configuration'),
    (['validate', '.', 'a/b', '--graph', 'png'], USAGE, 'json, dot and svg'),
    (['validate', '/nonexistent'], NOT_FOUND, 'No such file'),
    (['validate', '/etc/passwd'], NOT_FOUND, 'not a directory'),
    (['doctor', 'now'], USAGE, 'options only'),
    (['version', 'now'], USAGE, 'options only'),
    (['get', 'a/b', '--mount', '/nonexistent'], UNREACHABLE, 'No such file'),
    (['ls', '--mount', '/etc'], UNREACHABLE, 'nothing is mounted at /etc'),
])
def test_what_is_refused(arguments, code, piece):
    done = ctl(*arguments)
    assert (done.returncode, done.stdout) == (code, '')
    assert done.stderr.startswith('vortexctl: ') or '--colour' in arguments
    assert piece in done.stderr


@pytest.mark.parametrize('verb', ['get', 'ls', 'validate', 'doctor', 'version'])
def test_each_verb_explains_itself_with_an_example(verb):
    done = ctl(verb, '--help')
    assert done.returncode == OK
    assert done.stdout.startswith(f'Usage: vortexctl {verb}')
    assert 'Example' in done.stdout and done.stdout.count(f'vortexctl {verb}') > 1
    assert verb in ctl('--help').stdout


def test_version_is_that_of_the_daemon():
    number = ctl('version').stdout.split()[1]
    assert number in daemon.built_in_version()
    assert ctl('--version').stdout == ctl('version').stdout


def test_no_colours_where_nobody_sees_them():
    assert '\x1b' not in ctl('--help').stdout + ctl('doctor').stdout


def test_a_full_disk_is_no_success():
    program = daemon.build_dir() / 'tools' / 'vortexctl'
    with open('/dev/full', 'w') as full:
        done = subprocess.run([program, '--help'], stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == UNHEALTHY
    assert 'standard output' in done.stderr


# --- validate -----------------------------------------------------------------------------------

def test_the_examples_compose():
    done = ctl('validate', EXAMPLES)
    assert done.returncode == OK, done.stdout + done.stderr
    assert done.stdout.endswith(' configurations compose, 0 do not\n')


def test_a_broken_document_is_named_once_with_its_line(folder):
    docs = folder({'shop.yml': 'a: 1\n', 'shop-prod.yml': 'a: 1\nb: [1\nc: 2\n',
                   'shop-dev.yml': 'a: 2\n'})
    done = ctl('validate', docs)
    assert done.returncode == NOT_COMPOSED
    errors = [line for line in done.stdout.splitlines() if line.startswith('error:')]
    assert len(errors) == 1, done.stdout
    assert 'shop-prod.yml' in errors[0] and 'line 3' in errors[0]


@pytest.mark.parametrize('files, piece', [
    ({'shop.yml': 'a: ${b}\nb: ${a}\n'}, 'a'),
    ({'shop.yml': 'vortex: {imports: [db]}\n', 'db.yml': 'vortex: {imports: [shop]}\n'}, 'shop'),
    ({'shop.yml': 'vortex: {imports: [nowhere]}\n'}, 'nowhere'),
    ({'shop.yml': 'a: 1\na: 2\n'}, 'shop.yml'),
    ({'shop.properties': 'a..b=1\n'}, 'shop.properties'),
])
def test_what_cannot_be_composed(folder, files, piece):
    done = ctl('validate', folder(files))
    assert done.returncode == NOT_COMPOSED, done.stdout
    assert 'error:' in done.stdout and piece in done.stdout


def test_json_for_pipelines(folder):
    docs = folder({'shop.yml': 'a: 1\n', 'shop-prod.yml': '{'})
    done = ctl('validate', docs, '-o', 'json')
    answer = json.loads(done.stdout)
    assert done.returncode == NOT_COMPOSED
    assert answer['failed'] >= 1
    assert answer['errors'][0]['at'].startswith('shop')
    assert 'shop-prod.yml' in answer['errors'][0]['message']


def test_only_the_coordinates_that_are_named(folder):
    docs = folder({'shop.yml': 'a: 1\n', 'shop-prod.yml': 'a: 2\n', 'other.yml': '{'})
    assert ctl('validate', docs, 'shop/prod', 'shop/default').returncode == OK
    assert ctl('validate', docs, 'other/default').returncode == NOT_COMPOSED
    done = ctl('validate', docs, 'shop/staging')
    assert done.returncode == NOT_COMPOSED and 'staging' in done.stdout


def test_search_paths_and_label_folders(folder):
    docs = folder({'base/shop.yml': 'a: 1\n', 'shop/shop-prod.yml': 'a: 2\n',
                   'v2/shop.yml': '{'})
    found = ctl('validate', docs, '--search-path', 'base', '--search-path', '{application}')
    assert found.returncode == OK and 'compose' in found.stdout
    labelled = ctl('validate', docs, '--labels', 'subdirectories')
    assert labelled.returncode == NOT_COMPOSED and 'v2' in labelled.stdout


def test_graph_of_imports(folder):
    docs = folder({'shop.yml': 'vortex: {imports: [db]}\n', 'db.yml': 'a: 1\n'})
    nodes = json.loads(ctl('validate', docs, 'shop/default', '--graph', 'json').stdout)
    assert nodes['imports'] == [{'from': 'shop/default', 'to': 'db/default'}]
    assert 'digraph' in ctl('validate', docs, 'shop/default', '--graph', 'dot').stdout
    drawing = ctl('validate', docs, 'shop/default', '--graph', 'svg')
    assert xml.fromstring(drawing.stdout).tag.endswith('svg')


# --- get and ls, from a mount -------------------------------------------------------------------

@pytest.fixture
def shop(vortex, tmp_path):
    """The example shop, mounted; (mount, ctl with its --mount)."""
    shutil.copytree(EXAMPLES, tmp_path / 'config')
    one = vortex([{'name': 'local', 'type': 'directory', 'path': str(tmp_path / 'config')}])
    return one


@pytest.mark.parametrize('word, suffix', [
    ('yaml', 'yml'), ('yml', 'yml'), ('json', 'json'), ('properties', 'properties'),
    ('env', 'env'), ('toml', 'toml'),
])
def test_get_prints_what_is_served(shop, word, suffix):
    done = ctl('get', 'payment/prod', '-o', word, '--mount', shop.mount)
    assert done.returncode == OK
    assert done.stdout == shop.text('payment', 'prod', f'application.{suffix}')
    assert done.stdout


def test_get_finds_the_mount_by_the_environment(shop):
    done = ctl('get', 'orders/dev', env={'VORTEX_MOUNT': str(shop.mount)})
    assert done.returncode == OK
    assert yaml.safe_load(done.stdout)['orders']['reservation'] == '1m'


@pytest.mark.parametrize('name, piece', [
    ('pyment/prod', "no application 'pyment'"),
    ('payment/staging', "no profile 'staging'"),
])
def test_get_says_which_part_is_missing(shop, name, piece):
    done = ctl('get', name, '--mount', shop.mount)
    assert (done.returncode, done.stdout) == (NOT_FOUND, '')
    assert piece in done.stderr


def test_get_of_what_cannot_be_composed(shop, tmp_path):
    (tmp_path / 'config' / 'broken.yml').write_text('a: ${a}\n')
    daemon.wait_until(lambda: 'broken' in shop.listing())
    done = ctl('get', 'broken/default', '--mount', shop.mount)
    assert (done.returncode, done.stdout) == (NOT_COMPOSED, '')
    assert 'cannot be composed' in done.stderr


def test_ls_goes_down_the_tree(shop):
    assert {'payment/', 'orders/'} <= set(ctl('ls', '--mount', shop.mount).stdout.split())
    assert {'prod/', 'default/'} <= set(ctl('ls', 'payment', '--mount', shop.mount).stdout.split())
    leaf = ctl('ls', 'payment/prod', '--mount', shop.mount).stdout.split()
    assert {'application.yml', 'application.env', 'nginx.conf'} <= set(leaf)
    assert '.keys/' not in leaf
    assert '.keys/' in ctl('ls', 'payment/prod', '-a', '--mount', shop.mount).stdout.split()
    listed = json.loads(ctl('ls', 'payment', '-o', 'json', '--mount', shop.mount).stdout)
    assert {'name': 'prod', 'type': 'directory'} in listed
    assert ctl('ls', 'nothing', '--mount', shop.mount).returncode == NOT_FOUND
    for completed in ('payment/', 'payment/prod/'):
        assert ctl('ls', completed, '--mount', shop.mount).stdout == \
            ctl('ls', completed[:-1], '--mount', shop.mount).stdout
