"""The composer's trees as each format must show them, written from docs/formats.md alone.

Numbers in brackets are rules of that page. `as_json` is compact JSON text; the others give what an
independent reader of the format (readers.py) has to get out of a file of the mount.
"""
import json
import re

from documents import JSON_NUMBER, JsonReader, Pairs

# --- leaves -------------------------------------------------------------------------------------


def leaves(value, path=()):
    """(segments, value) of each scalar, empty list and empty map, in the tree's order."""
    if value.scalar or path and not value.items and not value.entries:
        yield path, value
    for i, item in enumerate(value.items):
        yield from leaves(item, (*path, i))
    for key, child in value.entries.items():
        yield from leaves(child, (*path, key))


def spelled(path):
    """'server.ports[0].name' [1.3]."""
    return ''.join(f'[{part}]' if isinstance(part, int) else f'.{part}' for part in path)[1:]


def flat(value):
    for path, leaf in leaves(value):
        yield spelled(path), leaf.type, leaf.text


# --- numbers ------------------------------------------------------------------------------------

FLOAT_PARTS = re.compile(r'([-+]?)([0-9]*)\.?([0-9]*)(?:[eE]([-+]?)([0-9]+))?')
DIGITS_MAX = 1024


def special(text):
    """inf, -inf, nan, or None."""
    found = re.fullmatch(r'[+]?(-?)\.(inf|nan)', text.lower())
    return found and found.group(1) + found.group(2)


def decimal(type_, text):
    """Canonical decimal, or None where that is a string [1.7]."""
    if type_ == 'int':
        if text[:2] not in ('0x', '0o'):
            return text.lstrip('+')
        return None if len(text) - 2 > DIGITS_MAX else str(int(text, 0))
    sign, whole, fraction, exponent_sign, exponent = FLOAT_PARTS.fullmatch(text).groups()
    out = f'{sign.strip("+")}{whole or 0}.{fraction or 0}'
    return out + (f'e{exponent_sign or "+"}{exponent}' if exponent else '')


def json_number(value):
    """[3.2]"""
    if JSON_NUMBER.fullmatch(value.text):
        return value.text
    if special(value.text):
        return quote(value.text)
    return decimal(value.type, value.text) or quote(value.text)


# --- nested formats -----------------------------------------------------------------------------


def members(value, prefix=''):
    """(key, child) of a map in yml, json and toml; what stands below a scalar comes beside it under
    its dotted key, and after a list where the scalar is its element [1.5, 1.6]."""
    for key, child in value.entries.items():
        yield prefix + key, child
        yield from beside(child, prefix + key)


def beside(value, name):
    if value.scalar:
        yield from members(value, name + '.')
    for i, item in enumerate(value.items):
        yield from beside(item, f'{name}[{i}]')


def quote(text):
    return json.dumps(text, ensure_ascii=False)


def as_json(value):
    """Compact JSON of a tree, numbers with their author's text where JSON can hold it."""
    if value.type == 'list':
        return '[' + ','.join(as_json(item) for item in value.items) + ']'
    if value.type == 'map':
        return '{' + ','.join(f'{quote(k)}:{as_json(v)}' for k, v in members(value)) + '}'
    if value.type in ('int', 'float'):
        return json_number(value)
    if value.type == 'bool':
        return value.text.lower()
    return 'null' if value.type == 'null' else quote(value.text)


def compact(text):
    """JSON text read by our own reader and written as `as_json` does: comparable as a string."""
    def write(raw):
        if isinstance(raw, Pairs):
            return '{' + ','.join(f'{quote(k)}:{write(v)}' for k, v in raw) + '}'
        if isinstance(raw, list):
            return '[' + ','.join(map(write, raw)) + ']'
        return quote(raw.text) if raw.type == 'string' else raw.text

    return write(JsonReader(text).document())


def python(value):
    """A scalar as a reader with Python's types must see it."""
    if value.type == 'int':
        return int(value.text, 0) if value.text[:2] in ('0x', '0o') else int(value.text)
    if value.type == 'float':
        return float(special(value.text) or value.text)
    if value.type == 'bool':
        return value.text.lower() == 'true'
    return None if value.type == 'null' else value.text


def as_yml(value):
    """Python values that a YAML reader of either version must get [2]."""
    if value.type == 'list':
        return [as_yml(item) for item in value.items]
    if value.type == 'map':
        return {key: as_yml(child) for key, child in members(value)}
    if value.type == 'int' and decimal('int', value.text) is None:
        return value.text
    return python(value)


def as_toml(value):
    """Python values that a TOML reader must get: no nulls, no ints beyond 64 bits [1.4, 6.4]."""
    if value.type == 'list':
        return ['' if item.type == 'null' else as_toml(item) for item in value.items]
    if value.type == 'map':
        return {key: as_toml(child) for key, child in members(value) if child.type != 'null'}
    plain = python(value)
    if value.type == 'int' and not -2 ** 63 <= plain < 2 ** 63:
        return value.text
    return plain


# --- flat formats -------------------------------------------------------------------------------


def text_of(value):
    return value.text if value.scalar and value.type != 'null' else ''


def as_properties(value):
    """(key, value) in order [1.4, 4.1]."""
    return [(spelled(path), text_of(leaf)) for path, leaf in leaves(value)]


SHELLS_OWN = {'BASHOPTS', 'BASH_VERSINFO', 'EUID', 'OPTIND', 'PPID', 'SHELLOPTS', 'UID'}


def env_name(path):
    """[5.1]"""
    name = '_'.join(str(part) if isinstance(part, int)
                    else re.sub('[^A-Z0-9]', '_', re.sub('[a-z]', lambda m: m[0].upper(), part))
                    for part in path)
    return '_' + name if name[:1].isdigit() else name


def as_env(value):
    """{NAME: value}; the first of equal names [5.3]."""
    found = {}
    for path, leaf in leaves(value):
        name = env_name(path)
        if name not in SHELLS_OWN and '\0' not in text_of(leaf):
            found.setdefault(name, text_of(leaf))
    return found


# --- .keys --------------------------------------------------------------------------------------


def key_name(part):
    """[7.2]"""
    name = ''.join(f'%{ord(c):02X}' if c < ' ' or c in '/%\x7f' else c for c in str(part))
    return '%2E' + name[1:] if name.startswith('.') else name


def as_keys(value, path=''):
    """{path below .keys: bytes, or None for a directory} [7.1]."""
    found = {}
    if value.scalar and value.entries:
        found[f'{path}/.value'] = key_bytes(value)
    children = [*enumerate(value.items), *value.entries.items()]
    for part, child in children:
        name = key_name(part)
        if len(name.encode()) > 255:
            continue
        below = f'{path}/{name}'
        if child.scalar and not child.entries:
            found[below] = key_bytes(child)
        else:
            found[below] = None
            found |= as_keys(child, below)
    return found


def key_bytes(value):
    return b'' if value.type == 'null' else value.text.encode() + b'\n'
