"""Independent readers of what Vortex reads: YAML, JSON and properties files as documents.

Written from docs/composition.md alone (the numbers in brackets are its rules) and sharing nothing
with core/: it exists to disagree with it. The one idea: every format is first read into *raw*
values (a Scalar, a list, or a list of (key, raw) pairs, with keys as their author wrote them), and
`build` then plays those keys, in order, into a tree of `Value`.
"""
import re

import yaml

BYTES_MAX = 16 << 20
DEPTH_MAX = 64
VALUES_MAX = 1000000
INDEX_MAX = 9999


class Refused(Exception):
    """What Vortex refuses: the errno's name and a sentence."""

    def __init__(self, errno, sentence):
        super().__init__(f'{errno}: {sentence}')
        self.errno = errno
        self.sentence = sentence


def bad(sentence):
    return Refused('EBADMSG', sentence)


# --- values -------------------------------------------------------------------------------------


class Scalar:
    """A raw scalar: type null, bool, int, float or string, and the author's text [9.4]."""

    __slots__ = ('type', 'text')

    def __init__(self, type_, text):
        self.type = type_
        self.text = text


class Pairs(list):
    """A raw map: (key, raw) in the author's order."""


class Value:
    """A node of a tree. A scalar may have entries, too [4.6]. type None: a place not yet set."""

    __slots__ = ('type', 'text', 'items', 'entries', 'by_index')

    def __init__(self, type_=None, text=''):
        self.type = type_
        self.text = text
        self.items = []
        self.entries = {}
        self.by_index = False  # a list that was built from keys like a[0] [4.5]

    @property
    def scalar(self):
        return self.type not in (None, 'map', 'list')

    def clear(self, type_):
        self.type, self.text, self.items, self.entries, self.by_index = type_, '', [], {}, False


KEY_PART = re.compile(r'(.*?)((?:\[[0-9]+\])*)', re.S)


def split_key(key):
    """'a.b[0].c' as ['a', 'b', 0, 'c'] [4.1, 4.2]."""
    path = []
    for part in key.split('.'):
        name, indices = KEY_PART.fullmatch(part).groups()
        if not name:
            raise bad(f"the key '{key}' has an empty part")
        path.append(name)
        for digits in re.findall(r'[0-9]+', indices):
            if int(digits) > INDEX_MAX:
                raise Refused('E2BIG', f"index {digits} in the key '{key}' is above {INDEX_MAX}")
            path.append(int(digits))
    return path


def put(node, path, raw):
    """Set what stands at @path below @node [4.5, 4.6 within one source, 4.7]."""
    if not path:
        assign(node, raw)
    elif isinstance(path[0], int):
        if node.type != 'list' or not node.by_index:
            node.clear('list')
            node.by_index = True
        while len(node.items) <= path[0]:
            node.items.append(Value())
        put(node.items[path[0]], path[1:], raw)
    else:
        if node.type in (None, 'list'):
            node.clear('map')
        put(node.entries.setdefault(path[0], Value()), path[1:], raw)


def assign(node, raw):
    if isinstance(raw, Pairs):
        if not raw and node.type in (None, 'list'):
            node.clear('map')
        for key, below in raw:
            put(node, split_key(key), below)
    elif isinstance(raw, list):
        node.clear('list')
        for below in raw:
            item = Value()
            assign(item, below)
            node.items.append(item)
    else:
        if node.type == 'list':
            node.clear(None)
        node.type, node.text = raw.type, raw.text


def settle(node):
    """Elements of a list that no key set are null [4.2]."""
    if node.type is None:
        node.type = 'null'
    for below in [*node.items, *node.entries.values()]:
        settle(below)


def build(raw):
    if not isinstance(raw, Pairs):
        raw = Pairs([('document', raw)])  # [4.12]
    root = Value('map')
    assign(root, raw)
    settle(root)
    return root


# --- scalars by the YAML 1.2 core schema [9.1] --------------------------------------------------

INT = re.compile(r'[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+')
FLOAT = re.compile(r'[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)'
                   r'|\.(nan|NaN|NAN)')
LEADING_ZERO = re.compile(r'[-+]?0[0-9]')
NULLS = {'', 'null', 'Null', 'NULL', '~'}
BOOLS = {'true', 'True', 'TRUE', 'false', 'False', 'FALSE'}


def plain_type(text):
    if text in NULLS:
        return 'null'
    if text in BOOLS:
        return 'bool'
    if LEADING_ZERO.match(text):
        return 'string'
    if INT.fullmatch(text):
        return 'int'
    if FLOAT.fullmatch(text):
        return 'float'
    return 'string'


def fits(type_, text):
    return {'null': text in NULLS, 'bool': text in BOOLS, 'int': INT.fullmatch(text),
            'float': FLOAT.fullmatch(text)}[type_]


CORE = 'tag:yaml.org,2002:'


def yaml_scalar(event):
    tag, text = event.tag, event.value
    if re.search('[\ud800-\udfff]', text):
        raise bad('half of a surrogate pair')  # PyYAML lets an escape make one
    if tag in (None, '!'):
        plain = tag is None and event.style is None
        return Scalar(plain_type(text) if plain else 'string', text)
    kind = tag[len(CORE):] if tag.startswith(CORE) else None
    if kind in ('str', 'timestamp'):
        return Scalar('string', text)
    if kind in ('null', 'bool', 'int', 'float'):
        if not fits(kind, text):
            raise bad(f"'{text}' is no {kind}")
        return Scalar(kind, text)
    raise bad(f'the tag {tag} is not known')


# --- YAML ---------------------------------------------------------------------------------------


class YamlReader:
    """Raw documents from PyYAML's events; what they mean is decided here."""

    def __init__(self, text):
        self.events = yaml.parse(text, Loader=yaml.BaseLoader)
        self.anchors = {}
        self.open = set()  # anchors of collections that are still being read
        self.values = 0

    def documents(self):
        try:
            for event in self.events:
                if isinstance(event, yaml.DocumentStartEvent):
                    self.anchors = {}
                    raw = self.node(next(self.events), 1)
                    if not (isinstance(raw, Scalar) and raw.type == 'null'):
                        yield raw
        except yaml.YAMLError as error:
            raise bad(f'not YAML: {error}') from error

    def count(self, n, depth):
        self.values += n
        if self.values > VALUES_MAX:
            raise Refused('E2BIG', f'more than {VALUES_MAX} values')
        if depth > DEPTH_MAX:
            raise Refused('E2BIG', f'deeper than {DEPTH_MAX}')

    def node(self, event, depth):
        if isinstance(event, yaml.AliasEvent):
            if event.anchor in self.open:
                raise bad(f"the alias '*{event.anchor}' stands inside its own anchor")
            if event.anchor not in self.anchors:
                raise bad(f"the alias '*{event.anchor}' has no anchor")
            raw, size, height = self.anchors[event.anchor]
            self.count(size, depth + height)
            return raw
        before = self.values
        self.count(1, 0)
        anchor = event.anchor
        if anchor:
            self.open.add(anchor)
        if isinstance(event, yaml.ScalarEvent):
            raw, height = yaml_scalar(event), 0
        elif isinstance(event, yaml.SequenceStartEvent):
            self.tag(event, 'seq')
            self.count(0, depth)
            raw = self.sequence(depth)
            height = tall(raw)
        else:
            self.tag(event, 'map')
            self.count(0, depth)
            raw = self.mapping(depth)
            height = tall(raw)
        if anchor:
            self.open.discard(anchor)
            self.anchors[anchor] = (raw, self.values - before, height - 1)
        return raw

    @staticmethod
    def tag(event, want):
        if event.tag not in (None, '!', CORE + want):
            raise bad(f'the tag {event.tag} does not fit')

    def sequence(self, depth):
        raw = []
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            raw.append(self.node(event, depth + 1))
        return raw

    def mapping(self, depth):
        written, seen = [], set()
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            merge = (isinstance(event, yaml.ScalarEvent) and event.value == '<<'
                     and event.style is None and event.tag in (None, CORE + 'merge'))
            key = None if merge else self.key(event, depth)
            if key in seen:
                raise bad(f"the key '{'<<' if merge else key}' stands twice in one mapping")
            seen.add(key)
            written.append((key, self.node(next(self.events), depth + 1)))
        return merged(written) if None in seen else Pairs(written)

    def key(self, event, depth):
        if not isinstance(event, (yaml.ScalarEvent, yaml.AliasEvent)):
            raise bad('a list or a map is no key')
        raw = self.node(event, depth)
        if not isinstance(raw, Scalar) or raw.type == 'null':
            raise bad('a list, a map or null is no key')  # [4.11]
        return raw.text


def tall(raw):
    """How many collections deep @raw is."""
    if isinstance(raw, Scalar):
        return 0
    below = [v for _, v in raw] if isinstance(raw, Pairs) else raw
    return 1 + max((tall(v) for v in below), default=0)


def merged(written):
    """A mapping with `<<` (the key None): merged keys stand where it stands and lose [9.5]."""
    own = {key: raw for key, raw in written if key is not None}
    result = {}
    for key, raw in written:
        if key is not None:
            result.setdefault(key, raw)
            continue
        sources = [raw] if isinstance(raw, Pairs) else raw
        if not isinstance(sources, list) or not all(isinstance(s, Pairs) for s in sources):
            raise bad('<< needs a map or a list of maps')
        for source in sources:
            for name, below in source:
                result.setdefault(name, own.get(name, below))
    return Pairs(result.items())


def read_yaml(data):
    return list(YamlReader(decode(data)).documents())


def decode(data):
    try:
        text = data.decode('utf-8')
    except UnicodeDecodeError as error:
        raise bad(f'not UTF-8: {error}') from error
    return text[1:] if text.startswith('\ufeff') else text


# --- JSON [9.2] ---------------------------------------------------------------------------------

JSON_NUMBER = re.compile(r'-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?')
JSON_CHARS = re.compile(r'[^"\\\x00-\x1f]+')
JSON_WORDS = {'true': 'bool', 'false': 'bool', 'null': 'null'}
JSON_ESCAPES = {'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r',
                't': '\t'}


class JsonReader:
    """RFC 8259, by hand: numbers keep their text, two equal keys are refused."""

    def __init__(self, text):
        self.text = text
        self.at = 0
        self.values = 0

    def fail(self, what):
        line = self.text.count('\n', 0, self.at) + 1
        return bad(f'line {line}: {what}')

    def blank(self):
        while self.text[self.at:self.at + 1] in (' ', '\t', '\n', '\r'):
            self.at += 1

    def next(self):
        self.blank()
        return self.text[self.at:self.at + 1]

    def take(self, char):
        if self.next() != char:
            raise self.fail(f"expected '{char}'")
        self.at += 1

    def document(self):
        raw = self.value(1)
        if self.next():
            raise self.fail('text after the end')
        return raw

    def value(self, depth):
        char = self.next()
        self.values += 1
        if self.values > VALUES_MAX:
            raise Refused('E2BIG', f'more than {VALUES_MAX} values')
        if char and char in '{[':
            if depth > DEPTH_MAX:
                raise Refused('E2BIG', f'deeper than {DEPTH_MAX}')
            return self.object(depth) if char == '{' else self.array(depth)
        if char == '"':
            return Scalar('string', self.string())
        for word, type_ in JSON_WORDS.items():
            if self.text.startswith(word, self.at):
                self.at += len(word)
                return Scalar(type_, word)
        match = JSON_NUMBER.match(self.text, self.at)
        if not match:
            raise self.fail('expected a value')
        self.at = match.end()
        whole = match.group(2) is None and match.group(3) is None
        return Scalar('int' if whole else 'float', match.group())

    def array(self, depth):
        self.take('[')
        raw = []
        while self.next() != ']' or raw:
            raw.append(self.value(depth + 1))
            if self.next() == ']':
                break
            self.take(',')
        self.take(']')
        return raw

    def object(self, depth):
        self.take('{')
        raw, seen = Pairs(), set()
        while self.next() != '}' or raw:
            if self.next() != '"':
                raise self.fail('expected a key')
            key = self.string()
            if key in seen:
                raise self.fail(f"the key '{key}' stands twice in one mapping")
            seen.add(key)
            self.take(':')
            raw.append((key, self.value(depth + 1)))
            if self.next() == '}':
                break
            self.take(',')
        self.take('}')
        return raw

    def string(self):
        self.at += 1
        out = []
        while (char := self.text[self.at:self.at + 1]) != '"':
            if char == '\\':
                out.append(self.escape())
            elif match := JSON_CHARS.match(self.text, self.at):
                out.append(match.group())
                self.at = match.end()
            else:
                raise self.fail('a string does not end, or holds a control character')
        self.at += 1
        text = ''.join(out)
        try:
            return text.encode('utf-16', 'surrogatepass').decode('utf-16')
        except UnicodeDecodeError:
            raise self.fail('half of a surrogate pair') from None

    def escape(self):
        char = self.text[self.at + 1:self.at + 2]
        if char == 'u':
            digits = self.text[self.at + 2:self.at + 6]
            if not re.fullmatch('[0-9a-fA-F]{4}', digits):
                raise self.fail('\\u needs four hexadecimal digits')
            self.at += 6
            return chr(int(digits, 16))
        if char not in JSON_ESCAPES:
            raise self.fail('no such escape')
        self.at += 2
        return JSON_ESCAPES[char]


def read_json(data):
    text = decode(data)
    return [JsonReader(text).document()] if text.strip(' \t\n\r') else []


# --- properties [9.3] ---------------------------------------------------------------------------

SEPARATOR = re.compile(r'([#!])---[ \t\f]*')


def properties_text(data):
    try:
        text = data.decode('utf-8')
    except UnicodeDecodeError:
        return data.decode('latin-1')
    return text[1:] if text.startswith('\ufeff') else text


def continues(line):
    return (len(line) - len(line.rstrip('\\'))) % 2 == 1


def logical_lines(text):
    """Lines with their continuations joined; None for a separator of documents."""
    lines = re.split('\r\n|\n|\r', text)
    i = 0
    while i < len(lines):
        line = lines[i]
        match = SEPARATOR.fullmatch(line)
        if match:
            around = lines[max(i - 1, 0):i] + lines[i + 1:i + 2]
            if not any(other.startswith(match.group(1)) for other in around):
                yield None
        elif (bare := line.lstrip(' \t\f')) and bare[0] not in '#!':
            while continues(bare) and i + 1 < len(lines):
                i += 1
                bare = bare[:-1] + lines[i].lstrip(' \t\f')
            yield bare[:-1] if continues(bare) else bare
        i += 1


def split_property(line):
    """A logical line as its two halves, escapes still in them."""
    end = re.match(r'(?:\\.|[^\\=: \t\f])*', line, re.S).end()
    rest = re.match(r'[ \t\f]*[=:]?[ \t\f]*', line[end:]).end()
    return line[:end], line[end + rest:]


def unescape(text):
    def one(match):
        char = match.group(1)
        if char[0] == 'u':
            if len(char) != 5:
                raise bad('\\u needs four hexadecimal digits')
            return chr(int(char[1:], 16))
        return {'t': '\t', 'n': '\n', 'r': '\r', 'f': '\f'}.get(char, char)

    out = re.sub(r'\\(u[0-9a-fA-F]{4}|.)', one, text, flags=re.S)
    try:
        return out.encode('utf-16', 'surrogatepass').decode('utf-16')
    except UnicodeDecodeError:
        raise bad('half of a surrogate pair') from None


def read_properties(data):
    documents = [Pairs()]
    for line in logical_lines(properties_text(data)):
        if line is None:
            documents.append(Pairs())
            continue
        key, value = (unescape(half) for half in split_property(line))
        if key.endswith('[]'):  # [4.3]
            parts = [Scalar('string', part.strip()) for part in value.split(',')]
            documents[-1].append((key[:-2], parts))
        else:
            documents[-1].append((key, Scalar('string', value)))
    return [raw for raw in documents if raw]


READERS = {'yaml': read_yaml, 'yml': read_yaml, 'json': read_json, 'properties': read_properties}


def load(extension, data):
    """The documents of a file as trees."""
    if len(data) > BYTES_MAX:
        raise Refused('E2BIG', f'larger than {BYTES_MAX} bytes')
    return [build(raw) for raw in READERS[extension](data)]
