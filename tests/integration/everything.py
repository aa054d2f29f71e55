"""Holds a whole mount against the independent composer: every application, profile and format."""
import itertools
import subprocess
from concurrent.futures import ThreadPoolExecutor

from composer import Composer, one_reading
from documents import Refused
from readers import FORMATS, leaf_differences

THREADS = 16


def git(repository, *arguments):
    return subprocess.run(['git', '-C', repository, *arguments], capture_output=True, check=True,
                          timeout=120).stdout


def refs(repository):
    """Every branch and tag."""
    out = git(repository, 'for-each-ref', '--format=%(refname)', 'refs/heads', 'refs/tags')
    return sorted({line.split('/', 2)[2] for line in out.decode().splitlines()})


def default_branch(repository):
    return git(repository, 'symbolic-ref', '--short', 'HEAD').decode().strip()


def tree(repository, ref):
    """{path: bytes} of the regular files at @ref, by git itself and without a work tree."""
    files = {}
    for line in git(repository, 'ls-tree', '-r', '-z', ref).split(b'\0')[:-1]:
        meta, path = line.split(b'\t', 1)
        mode, kind, blob = meta.decode().split(' ')
        if kind == 'blob' and mode != '120000':
            files[path.decode()] = git(repository, 'cat-file', 'blob', blob)
    return files


def folder(path):
    """{path: bytes} of a plain folder."""
    return {str(file.relative_to(path)): file.read_bytes() for file in path.rglob('*')
            if file.is_file() and not file.is_symlink()}


def listed(daemon, *parts):
    return [name for name in daemon.listing(*parts) if not name.startswith('.')]


def own_profiles(sources, app, label):
    """The profiles that a listing of @app must show at least, from the names of its files."""
    found = {'default'}
    for source in sources:
        stems = source.all_stems(label)
        found |= {profile for stem in stems for name, profile in [one_reading(stem, stems)]
                  if name == app and profile}
    return found


def listing_differences(daemon, sources, label=None):
    """The root and each application's directory, for sources without {application}."""
    composer = Composer(sources)
    wrong = []
    apps = listed(daemon)
    if apps != composer.applications(label):
        wrong.append(f'the root lists {apps}, not {composer.applications(label)}')
    for app in apps:
        profiles = listed(daemon, app)
        missing = own_profiles(sources, app, label) - set(profiles)
        if missing:
            wrong.append(f'{app} lists {profiles}, without {missing}')
        wrong += [f'{app} lists {profile}, which nothing names' for profile in profiles
                  if not composer.known_profile(app, profile, label=label)]
    return wrong


def differences(daemon, sources, label=None, lists=()):
    """Every application that is listed, or that @label alone has, with every profile that is listed
    or that its files at @label name, and some lists of profiles."""
    composer = Composer(sources)
    asked = [(app, profiles)
             for app in sorted({*listed(daemon), *composer.applications(label)})
             for profiles in sorted({*listed(daemon, app), *own_profiles(sources, app, label), *lists})]
    with ThreadPoolExecutor(THREADS) as pool:
        found = pool.map(lambda at: one_difference(daemon, composer, *at, label), asked)
    return list(itertools.chain.from_iterable(found)), len(asked)


def one_difference(daemon, composer, app, profiles, label):
    leaf = f'{app}/{profiles}' + (f'/{label.replace("/", "(_)")}' if label else '')
    try:
        snapshot = composer.compose(app, tuple(profiles.split(',')), label)
    except Refused as refused:
        want = 'ENOENT' if refused.errno == 'ENOENT' else 'EIO'
        answers = {daemon.answer(leaf, f'application.{format_}') for format_ in FORMATS}
        return [] if answers == {want} else [f'{leaf}: {answers}, not {want}: {refused}']
    return leaf_differences(daemon, leaf, snapshot)
