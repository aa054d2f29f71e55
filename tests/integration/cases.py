"""Reads the composition cases of tests/cases/ (their format: tests/cases/README.md)."""
import re
from dataclasses import dataclass, field
from pathlib import Path

CASES = Path(__file__).resolve().parent.parent / 'cases'


@dataclass
class Backend:
    name: str = 'files'
    priority: int = 0
    settings: dict = field(default_factory=dict)
    files: dict = field(default_factory=dict)


@dataclass
class Want:
    kind: str
    argument: str = ''
    text: str = ''


@dataclass
class Case:
    name: str
    where: str
    rule: str = ''
    changed: str = ''
    at: str = ''
    backends: list = field(default_factory=list)
    settings: dict = field(default_factory=dict)
    overrides: str = ''
    wants: list = field(default_factory=list)

    @property
    def coordinates(self):
        app, profiles, label = (self.at.split('/') + [None])[:3]
        return app, profiles.split(','), label.replace('(_)', '/') if label else None


def blocks(text):
    """(line number, header, value, lines of its block)."""
    found, gap = [], 0
    for number, line in enumerate(text.split('\n'), 1):
        if line.startswith('\t'):
            found[-1][3].extend([''] * gap + [line[1:]])
            gap = 0
        elif not line:
            gap += 1
        elif not line.startswith('#'):
            header, _, value = line.partition(':')
            found.append((number, header, value.strip(), []))
            gap = 0
        # A comment ends a gap: it cannot stand inside a block.
        if line.startswith('#'):
            gap = 0
    return found


def unescape(text):
    named = {'n': b'\n', 'r': b'\r', 't': b'\t', '\\': b'\\'}
    out = b''
    for plain, escape in re.findall(r'([^\\]+)|\\(x[0-9a-f]{2}|.)', text, re.S):
        if plain:
            out += plain.encode()
        elif escape[0] == 'x' and len(escape) == 3:
            out += bytes([int(escape[1:], 16)])
        else:
            out += named[escape]
    return out


def bomb():
    lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]']
    lines += [f'a{i}: &a{i} [{", ".join([f"*a{i - 1}"] * 10)}]' for i in range(1, 8)]
    return ('\n'.join(lines) + '\n').encode()


def read_cases(path):
    found = []
    for number, header, value, lines in blocks(path.read_text(encoding='utf-8')):
        text = ''.join(line + '\n' for line in lines)
        if header == 'case':
            found.append(Case(value, f'{path.name}:{number}'))
            continue
        case = found[-1]
        if header in ('file', 'raw', 'bomb', 'deep'):
            if not case.backends:
                case.backends.append(Backend())
            name, _, count = value.partition(' ')
            case.backends[-1].files[name] = {
                'file': lambda: text.encode(), 'raw': lambda: unescape(''.join(lines)),
                'bomb': bomb, 'deep': lambda: b'[' * int(count) + b']' * int(count)}[header]()
        elif header == 'backend':
            name, priority, *rest = value.split()
            case.backends.append(Backend(name, int(priority), dict(r.split('=') for r in rest)))
        elif header == 'set':
            key, _, what = value.partition('=')
            case.settings[key] = what
        elif header == 'want':
            kind, _, argument = value.partition(' ')
            case.wants.append(Want(kind, argument, text))
        elif header == 'overrides':
            case.overrides = text
        elif header in ('rule', 'changed', 'at'):
            setattr(case, header, value)
        else:
            raise ValueError(f'{path.name}:{number}: no such header: {header}')
    return found


def all_cases():
    return [case for path in sorted(CASES.glob('*.case')) for case in read_cases(path)]
