"""Random trees: the mount must say what the independent composer says.

    VORTEX_SEED    another seed than the fixed one (it is printed)
    VORTEX_TREES   another number of trees than 2000
"""
import os
import random

from composer import Composer, Source
from documents import Refused
from views import as_json, compact

SEED = int(os.environ.get('VORTEX_SEED', '20240229'))
TREES = int(os.environ.get('VORTEX_TREES', '2000'))
NAMES = ('a', 'b', 'c', 'server', 'x-y')
PROFILES = ('dev', 'prod', 'eu', 'default')
EXPRESSIONS = ('dev', '!dev', 'dev & eu', 'prod | eu', '!(dev | prod)', 'dev, eu', 'default',
               'prod & (eu | dev)')
PLAIN = ('1', '-7', '1.10', '0x1F', '0o17', '010', '1e3', 'true', 'False', 'yes', '~', 'null',
         '1_000', '12:30:45', 'text', 'two words', '2001-01-01', '.5', '+3', '-0.0', '1.50')
TEXTS = ('"quoted"', "'1'", '"line\\nend"', '"\\u00e4\\U0001F600"', '""', '"  blanks "',
         '"a: b # c"', "'it''s'", '"$x \\\\ {y}"')


class Grower:
    """Grows the files of one application; every choice comes from one random generator."""

    def __init__(self, rng, app):
        self.rng = rng
        self.app = app

    def chance(self, share):
        return self.rng.random() < share

    def reference(self):
        path = '.'.join(self.rng.choice(NAMES) for _ in range(self.rng.randint(1, 2)))
        return path + (f'[{self.rng.randint(0, 2)}]' if self.chance(0.2) else '')

    def placeholder(self, depth=0):
        """Mostly to the tree `p`, which holds none itself: cycles would hide all the rest."""
        inside = 'p.' + self.rng.choice(NAMES)
        if self.chance(0.2):
            inside = 'p.${p.name}'
        elif self.chance(0.05):
            inside = self.reference()
        if self.chance(0.5):
            default = self.placeholder(depth + 1) if depth < 2 and self.chance(0.3) \
                else self.rng.choice(['d', '', 'http://h:1', ' blank '])
            inside += ':' + default
        return ('\\\\' if depth == 0 and self.chance(0.1) else '') + '${' + inside + '}'

    def scalar(self):
        if self.chance(0.25):
            return '"' + self.rng.choice(['', 'x ', '1']) + self.placeholder() + '"'
        return self.rng.choice(PLAIN + TEXTS)

    def key(self):
        key = self.rng.choice(NAMES)
        while self.chance(0.2):
            key += '.' + self.rng.choice(NAMES)
        if self.chance(0.1):
            key += f'[{self.rng.randint(0, 2)}]'
        return key if self.chance(0.95) else self.rng.choice(['8080', 'true', '"a[x]"', '1.5'])

    def flow(self, depth):
        kind = self.rng.random()
        if kind < 0.5 or depth > 2:
            return self.scalar()
        if kind < 0.75:
            inner = [self.flow(depth + 1) for _ in range(self.rng.randint(0, 3))]
            return '[' + ', '.join(inner) + ']'
        return '{' + ', '.join(self.pairs(self.rng.randint(0, 3), depth + 1)) + '}'

    def pairs(self, count, depth):
        used = {}
        for _ in range(count):
            used.setdefault(self.key().strip('"'), self.flow(depth))
        return [f'"{key}": {value}' if '[' in key else f'{key}: {value}'
                for key, value in used.items()]

    def activation(self):
        return self.rng.choice(['spring.config.activate.on-profile',
                                'spring.config.activate.onProfile', 'spring.profiles'])

    def yaml_document(self):
        lines = self.pairs(self.rng.randint(1, 5), 0)
        if self.chance(0.3):
            lines.append('p: {name: a, a: found, b: 7, c: null, server: 1.10}')
        if self.chance(0.3):
            lines.append(f'{self.activation()}: "{self.rng.choice(EXPRESSIONS)}"')
        if self.chance(0.1):
            lines = ['m: &m {k: 1, l: 2}', 'n: {<<: *m, l: 3}'] + lines
        return '\n'.join(lines) + '\n'

    def yaml(self):
        return '---\n'.join(self.yaml_document() for _ in range(self.rng.randint(1, 3)))

    def properties_document(self):
        lines = []
        for _ in range(self.rng.randint(1, 5)):
            key = self.key().strip('"')
            value = self.rng.choice(['1', 'true', 'text', 'a\\tb', '\\u00e4', 'x\\\n   y', '',
                                     'trailing  ', self.placeholder()])
            lines.append(key + self.rng.choice(['=', ': ', ' ', ' = ']) + value)
        if self.chance(0.1):
            lines.append('b[]=1, 2,3')
        if self.chance(0.3):
            lines.append(f'{self.activation()}={self.rng.choice(EXPRESSIONS)}')
        return '\n'.join(lines) + '\n'

    def properties(self):
        return '#---\n'.join(self.properties_document() for _ in range(self.rng.randint(1, 2)))

    def json(self):
        def value(depth):
            kind = self.rng.random()
            if kind < 0.6 or depth > 2:
                return self.rng.choice(['1', '1.10', '-0', '1E+2', 'true', 'null', '"text"',
                                        '"\\u00e4"', '"${p.a:x}"', '"1"'])
            if kind < 0.8:
                return '[' + ', '.join(value(depth + 1)
                                       for _ in range(self.rng.randint(0, 3))) + ']'
            return members(depth + 1)

        def members(depth):
            used = {self.key().strip('"'): value(depth) for _ in range(self.rng.randint(0, 4))}
            return '{' + ', '.join(f'"{key}": {text}' for key, text in used.items()) + '}'

        return members(0) + '\n'

    def files(self):
        """At least the application's own base document, and others by chance."""
        stems = [self.app]
        stems += [stem for stem in ['application', 'application-dev', 'application-prod']
                  if self.chance(0.3)]
        stems += [f'{self.app}-{profile}' for profile in PROFILES if self.chance(0.5)]
        files = {f'{self.app}/{self.app}.yml': self.yaml()}
        makers = {'yml': self.yaml, 'yaml': self.yaml, 'properties': self.properties,
                  'json': self.json}
        for stem in stems:
            for extension in self.rng.sample(sorted(makers), self.rng.randint(1, 2)):
                files[f'{self.app}/{stem}.{extension}'] = makers[extension]()
        return {path: text.encode() for path, text in files.items()}


def grow(count, seed):
    """{application: files}."""
    rng = random.Random(seed)
    return {f't{i}': Grower(rng, f't{i}').files() for i in range(count)}


def expected(source, app, profiles):
    """The compact JSON of a configuration, or the errno's name that a reader gets."""
    try:
        return as_json(Composer([source]).compose(app, profiles).root)
    except Refused as error:
        return {'ENOENT': 'ENOENT'}.get(error.errno, 'EIO')


def got(answer):
    return answer if isinstance(answer, str) else compact(answer.decode())


def test_generated_trees(vortex, beside, tmp_path):
    # Beside a backend that never answers, every first read waits for its timeout.
    count = min(TREES, 60) if beside else TREES
    print(f'VORTEX_SEED={SEED} VORTEX_TREES={count}')
    trees = grow(count, SEED)
    folder = tmp_path / 'trees'
    for path, data in [item for files in trees.values() for item in files.items()]:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    mounted = vortex([{'name': 'trees', 'type': 'directory', 'path': str(folder),
                       'search_paths': ['{application}']}])
    asked = [(app, profiles) for app in trees for profiles in ('default', 'dev', 'prod,eu')]
    answers = mounted.answers([f'{app}/{profiles}/application.json' for app, profiles in asked])
    wrong = []
    for (app, profiles), answer in zip(asked, answers):
        source = Source(trees[app], search_paths=['{application}'])
        want = expected(source, app, profiles.split(','))
        if got(answer) != want:
            files = '\n'.join(f'--- {p}\n{d.decode()}' for p, d in sorted(trees[app].items()))
            wrong.append(f'{app}/{profiles}\nwant {want}\ngot  {got(answer)}\n{files}')
    assert not wrong, f'{len(wrong)} of {len(asked)} differ, the first:\n' + '\n'.join(wrong[:3])
