"""Independent readers of the files of a leaf, none of them ours but the two that have no other.

    format_differences('yml', data, snapshot)    where one file disagrees with the composer
    leaf_differences(daemon, leaf, snapshot)     where anything in a leaf of the mount does

Comparing every format with one snapshot also shows that they agree with each other, but for the
losses that docs/formats.md names (views.py applies them).
"""
import json
import os
import re
import subprocess
import tomllib

import yaml

import views
from documents import logical_lines, split_property, unescape

FORMATS = ('yml', 'json', 'properties', 'env', 'toml')
SHELL_SETS = {'PWD', 'OLDPWD', 'SHLVL', '_'}


def read_yml(data):
    """PyYAML, a reader of YAML 1.1: what is written must not depend on the version."""
    return yaml.safe_load(data.decode()) or {}


def read_json(data):
    json.loads(data)  # a strict parser of its own has to take it, too
    return views.compact(data.decode())


def read_toml(data):
    return tomllib.loads(data.decode())


def read_properties(data):
    """As java.util.Properties.load, but with the order and with repeated keys."""
    pairs = []
    for line in logical_lines(data.decode('ascii')):
        assert line is not None, 'a separator of documents in our own output'
        pairs.append(tuple(unescape(half) for half in split_property(line)))
    return pairs


def read_env(data):
    """What a POSIX shell has exported after sourcing the file."""
    run = subprocess.run(['/usr/bin/env', '-i', '/bin/sh', '-c', 'set -a; . /dev/stdin; '
                          'exec /usr/bin/env -0'], input=data, capture_output=True, timeout=60)
    assert run.returncode == 0 and not run.stderr, (run.returncode, run.stderr)
    pairs = [one.split('=', 1) for one in run.stdout.decode().split('\0') if one]
    return {name: value for name, value in pairs if name not in SHELL_SETS}


READERS = {'yml': read_yml, 'json': read_json, 'properties': read_properties, 'env': read_env,
           'toml': read_toml}
WANTED = {'yml': views.as_yml, 'json': views.as_json, 'properties': views.as_properties,
          'env': views.as_env, 'toml': views.as_toml}


def typed(value):
    """With the types spelled out, as 1 == 1.0 == True; maps keep their order."""
    if isinstance(value, dict):
        return {key: typed(below) for key, below in value.items()}
    if isinstance(value, list):
        return [typed(below) for below in value]
    return f'{type(value).__name__} {value!r}'


def format_differences(format_, data, snapshot):
    """Sentences about where one format's bytes disagree with the snapshot."""
    try:
        got = READERS[format_](data)
    except Exception as error:  # whatever an independent reader throws is the finding
        return [f'application.{format_} does not parse: {error!r}']
    want = WANTED[format_](snapshot.root)
    if format_ == 'env':
        got = {name: value for name, value in got.items() if name in want or name not in SHELL_SETS}
    same = typed(got) == typed(want)
    if format_ in ('yml', 'json', 'properties'):  # toml and env have an order of their own
        same = same and repr(got) == repr(want)
    return [] if same else [f'application.{format_}\n  want {want!r}\n  got  {got!r}']


# --- the other names of a leaf ------------------------------------------------------------------


def read_keys(folder):
    """{path below .keys: bytes, or None for a directory}."""
    found = {}
    for here, folders, files in os.walk(folder):
        below = os.path.relpath(here, folder)
        prefix = '' if below == '.' else '/' + below
        for name in folders:
            found[f'{prefix}/{name}'] = None
        for name in files:
            with open(os.path.join(here, name), 'rb') as file:
                found[f'{prefix}/{name}'] = file.read()
    return found


def read_version(data):
    """{key: value} of .version; AssertionError where it is not as docs/tree.md says."""
    lines = dict(line.split(' ', 1) for line in data.decode().splitlines())
    assert re.fullmatch('[0-9a-f]{32}', lines['version']), lines
    assert int(lines['number']) >= 1, lines
    assert re.match(r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d', lines['published']), lines
    assert any(key.startswith('revision.') for key in lines), lines
    return lines


def origin_differences(data, snapshot):
    try:
        origins = json.loads(data)
    except ValueError as error:
        return [f'.origin.json does not parse: {error}']
    keys = [key for key, _, _ in views.flat(snapshot.root)]
    # A list or a map that overrode something has a line of its own before its keys.
    inner = {key for key in set(origins) - set(keys)
             if any(leaf.startswith((f'{key}[', f'{key}.')) for leaf in keys)}
    if [key for key in origins if key not in inner] != keys:
        return [f'.origin.json has the keys {list(origins)}, not {keys}']
    strange = [key for key, origin in origins.items()
               if origin['path'] not in snapshot.sources or not origin['backend']]
    return [f'.origin.json names no source of {strange}'] if strange else []


def leaf_differences(daemon, leaf, snapshot):
    """Everything wrong with a leaf of the mount, all formats and the dot names."""
    found = []
    for format_ in FORMATS:
        answer = daemon.answer(leaf, f'application.{format_}')
        if isinstance(answer, str):
            found.append(f'application.{format_}: {answer}')
        else:
            found += format_differences(format_, answer, snapshot)
            size = os.stat(daemon.path(leaf, f'application.{format_}')).st_size
            if size != len(answer):
                found.append(f'application.{format_}: {len(answer)} bytes, but stat says {size}')
    names = {'.keys', '.origin.json', '.version', *(f'application.{f}' for f in FORMATS),
             *(name.split('/')[0] for name in snapshot.plain)}
    if missing := names - set(daemon.listing(leaf)):
        found.append(f'the listing lacks {sorted(missing)}')
    keys, want = read_keys(daemon.path(leaf, '.keys')), views.as_keys(snapshot.root)
    if keys != want:
        found.append(f'.keys\n  want {want}\n  got  {keys}')
    try:
        found += origin_differences(daemon.read(leaf, '.origin.json'), snapshot)
        read_version(daemon.read(leaf, '.version'))
    except (OSError, KeyError, AssertionError) as error:
        found.append(f'.origin.json or .version: {error!r}')
    for name in snapshot.plain:
        answer = daemon.answer(leaf, name)
        if answer != snapshot.plain_bytes(name):
            found.append(f'plain file {name}: {answer[:200]!r}')
    return [f'{leaf}: {one}' for one in found]
