"""The independent composer: files and settings in, one merged configuration out.

Written from docs/composition.md alone (the numbers in brackets are its rules), so that the mount
and this page can be held against each other. It knows no kernel, no cache and no daemon: give it a
list of `Source` (a backend's files by path) and ask `Composer.compose`.
"""
import re

from documents import Pairs, Refused, Scalar, Value, assign, bad, load, settle, split_key

EXTENSIONS = ('yaml', 'yml', 'json', 'properties')  # rising precedence [3.5]
IMPORTS_MAX = 64
RESULT_MAX = 1 << 20


class Source:
    """One backend: its files (path to bytes) and the settings that decide what they are."""

    def __init__(self, files, name='files', priority=0, type_='directory', search_paths=(),
                 labels='none', default_label='main'):
        self.files = {path: data for path, data in files.items() if shown(path)}
        self.name = name
        self.priority = priority
        self.type = type_
        self.search_paths = list(search_paths)
        self.labels = labels
        self.default_label = default_label
        self.parsed = {}

    def own_locations(self, app, profiles, label):
        """Those that {application} led to [2.1]."""
        return set(self.expanded([t for t in self.search_paths if '{application}' in t], app,
                                 profiles, label))

    def locations(self, app, profiles, label):
        """The folders that are searched, '' being the root [1.1]."""
        templates = list(self.search_paths)
        if self.type == 'git' or not templates:
            templates.insert(0, '')
        found = self.expanded(templates, app, profiles, label)
        if self.labels == 'subdirectories':
            found.append(label or self.default_label)
        return [path for path in dict.fromkeys(found) if path == '' or self.has_folder(path)]

    def expanded(self, templates, app, profiles, label):
        found = []
        for template in templates:
            for profile in profiles if '{profile}' in template else ['']:
                path = (template.replace('{application}', app).replace('{profile}', profile)
                        .replace('{label}', label or self.default_label))
                found.append(path.strip('/'))
        return found

    def has_folder(self, folder):
        return any(path.startswith(folder + '/') for path in self.files)

    def names(self, location):
        """The files of a location itself, not below it [1.2]."""
        prefix = location + '/' if location else ''
        return [path[len(prefix):] for path in self.files
                if path.startswith(prefix) and '/' not in path[len(prefix):]]

    def all_stems(self, label=None):
        """Every stem of a document, for a source without {application} in its search paths."""
        found = self.stems(self.locations('', ('default',), label))
        return set().union(*found.values()) if found else set()

    def documents_of(self, path):
        if path not in self.parsed:
            try:
                trees = load(path.rsplit('.', 1)[1], self.files[path])
                self.parsed[path] = [Document(path, tree) for tree in trees]
            except Refused as error:
                self.parsed[path] = Refused(error.errno, f'{path}: {error.sentence}')
        if isinstance(self.parsed[path], Refused):
            raise self.parsed[path]
        return self.parsed[path]

    def stems(self, locations):
        """{location: {stem: {extension}}} of everything that is a document [1.2]."""
        found, bare = {}, {'application'}
        for location in locations:
            for name in self.names(location):
                stem, dot, extension = name.rpartition('.')
                if dot and stem and extension in EXTENSIONS:
                    found.setdefault(location, {}).setdefault(stem, set()).add(extension)
                    if extension != 'json':
                        bare.add(stem)
        for stems in found.values():
            for stem, extensions in list(stems.items()):
                known = any(stem == app or stem.startswith(app + '-') for app in bare)
                if 'json' in extensions and not known:
                    extensions.discard('json')
                if not extensions:
                    del stems[stem]
        return found


def shown(path):
    return all(part and part[0] not in '.@' for part in path.split('/'))  # [1.3]


# --- activation [5] -----------------------------------------------------------------------------


def relaxed(segment):
    return re.sub('[-_]', '', segment).lower() if isinstance(segment, str) else segment


def texts(value):
    """The expressions that an activation key holds [5.1]."""
    if value.type == 'list':
        if not all(item.scalar for item in value.items):
            raise bad('an activation is a scalar or a list of scalars')
        return [item.text for item in value.items]
    if not value.scalar:
        raise bad('an activation is a scalar or a list of scalars')
    return value.text.split(',')


def take_activation(node, path):
    """Take the keys spelled like @path out, with the maps that become empty [5.3]."""
    found = []
    for key, child in list(node.entries.items()):
        if relaxed(key) != path[0]:
            continue
        if len(path) == 1:
            found += texts(child)
            del node.entries[key]
        else:
            below = take_activation(child, path[1:])
            if below and child.type == 'map' and not child.entries:
                del node.entries[key]
            found += below
    return found


def take_legacy(root):
    """`spring.profiles` where it is a scalar or a list [5.1]; what stands below it stays."""
    spring = root.entries.get('spring')
    profiles = spring.entries.get('profiles') if spring else None
    if not profiles or profiles.type == 'map':
        return []
    found = texts(profiles)
    profiles.type, profiles.items = 'map', []
    if not profiles.entries:
        del spring.entries['profiles']
    if spring.type == 'map' and not spring.entries:
        del root.entries['spring']
    return found


class Document:
    """One document: its tree without its activation, and the expressions."""

    def __init__(self, path, root):
        self.path = path
        self.root = root
        found = take_activation(root, ['spring', 'config', 'activate', 'onprofile'])
        found += take_legacy(root)
        self.expressions = [parse_expression(text) for text in found]

    def active(self, profiles):
        return not self.expressions or any(holds(e, profiles) for e in self.expressions)

    def names(self):
        return set().union(*(mentioned(e) for e in self.expressions)) if self.expressions else set()


NAME = re.compile(r'[A-Za-z0-9]([-_.+@A-Za-z0-9]*[A-Za-z0-9])?')


def parse_expression(text):
    """('name', x), ('!', e), ('&', [e]) or ('|', [e]) [5.2]."""
    tokens = re.findall(r'[()&|!]|[^()&|!\s]+', text)

    def wrong():
        return bad(f"'{text}' is no profile expression")

    def term():
        token = tokens.pop(0) if tokens else ''
        if token == '!':
            return ('!', term())
        if token == '(':
            inside = chain()
            if not tokens or tokens.pop(0) != ')':
                raise wrong()
            return inside
        if not NAME.fullmatch(token):
            raise wrong()
        return ('name', token)

    def chain():
        parts, operator = [term()], None
        while tokens and tokens[0] in '&|':
            if operator not in (None, tokens[0]):
                raise wrong()
            operator = tokens.pop(0)
            parts.append(term())
        return (operator, parts) if operator else parts[0]

    whole = chain()
    if tokens:
        raise wrong()
    return whole


def holds(expression, profiles):
    kind, what = expression
    if kind == 'name':
        return what in profiles
    if kind == '!':
        return not holds(what, profiles)
    return (all if kind == '&' else any)(holds(part, profiles) for part in what)


def mentioned(expression):
    kind, what = expression
    if kind == 'name':
        return {what}
    return mentioned(what) if kind == '!' else set().union(*map(mentioned, what))


# --- merging [4] --------------------------------------------------------------------------------


def copy(value):
    new = Value(value.type, value.text)
    new.items = [copy(item) for item in value.items]
    new.entries = {key: copy(child) for key, child in value.entries.items()}
    return new


def merge(into, source):
    """Lay the tree of a higher document over @into."""
    if source.type == 'list':
        into.clear('list')
        into.items = [copy(item) for item in source.items]
        return
    if source.scalar:
        into.clear(source.type)  # hides the keys of lower sources, too [4.6]
        into.text = source.text
    elif into.type in (None, 'list'):
        into.clear('map')
    for key, child in source.entries.items():
        merge(into.entries.setdefault(key, Value()), child)


def remove(root, first, second):
    """Take `first.second` out, and `first` where that leaves it empty [7.1]."""
    outer = root.entries.get(first)
    if outer and outer.entries.pop(second, None) and outer.type == 'map' and not outer.entries:
        del root.entries[first]


def find(root, key):
    """What stands at the flat path @key, or None [6.2]."""
    try:
        path = split_key(key)
    except Refused:
        return None
    for segment in path:
        if isinstance(segment, int):
            if root.type != 'list' or segment >= len(root.items):
                return None
            root = root.items[segment]
        elif segment in root.entries:
            root = root.entries[segment]
        else:
            return None
    return root


# --- placeholders [6] ---------------------------------------------------------------------------


def closing(text, start):
    """Where the `}` of the placeholder whose inside begins at @start stands, or -1."""
    depth = 1
    while start < len(text):
        if text.startswith('${', start):
            depth += 1
            start += 2
            continue
        if text[start] == '}':
            depth -= 1
            if not depth:
                return start
        start += 1
    return -1


def split_default(inside):
    """The key and the default (None: without) at the first colon outside placeholders [6.1]."""
    at = 0
    while at < len(inside):
        if inside.startswith('${', at):
            end = closing(inside, at + 2)
            at = end + 1 if end >= 0 else at + 2
        elif inside[at] == ':':
            return inside[:at], inside[at + 1:]
        else:
            at += 1
    return inside, None


class Resolver:
    def __init__(self, root):
        self.root = root

    def text(self, text, stack=()):
        out, at = [], 0
        while (dollar := text.find('${', at)) >= 0:
            end = closing(text, dollar + 2)
            if dollar > at and text[dollar - 1] == '\\':  # [6.4]
                stop = end + 1 if end >= 0 else dollar + 2
                out += [text[at:dollar - 1], text[dollar:stop]]
            elif end < 0:
                stop = dollar + 2
                out.append(text[at:stop])  # [6.3]
            else:
                stop = end + 1
                out += [text[at:dollar], self.one(text[dollar + 2:end], stack)]
            at = stop
        out.append(text[at:])
        if sum(map(len, out)) > RESULT_MAX:
            raise Refused('E2BIG', 'a resolved value is above 1 MiB')
        return ''.join(out)

    def one(self, inside, stack):
        key, default = split_default(inside)
        key = self.text(key, stack)
        name = key.strip()
        value = find(self.root, name)
        if value is not None and value.scalar:
            if name in stack:
                raise Refused('ELOOP', ' -> '.join([*stack[stack.index(name):], name]))
            if value.type == 'string':
                return self.text(value.text, (*stack, name))
            return '' if value.type == 'null' else value.text
        if default is None:
            return '${' + key + '}'
        return self.text(default, stack)

    def tree(self, value):
        """A copy of @value with its strings resolved."""
        new = Value(value.type, value.text)
        if value.type == 'string':
            new.text = self.text(value.text)
        new.items = [self.tree(item) for item in value.items]
        new.entries = {key: self.tree(child) for key, child in value.entries.items()}
        return new


# --- the whole ----------------------------------------------------------------------------------


class Snapshot:
    def __init__(self, root, plain, sources):
        self.root = root
        self.plain = plain      # shown name to (source, path)
        self.sources = sources  # paths of the documents that applied, lowest first

    def plain_bytes(self, name, resolve=True):
        """A plain file as the mount shows it [6.7]."""
        source, path = self.plain[name]
        data = source.files[path]
        try:
            return Resolver(self.root).text(data.decode('utf-8')).encode() if resolve else data
        except UnicodeDecodeError:
            return data


class Composer:
    def __init__(self, sources, overrides=None, unknown_application='absent',
                 unknown_profile='absent'):
        self.sources = sorted(sources, key=lambda source: source.priority)  # [3.1]
        self.overrides = overrides  # raw Pairs or None
        self.unknown_application = unknown_application
        self.unknown_profile = unknown_profile

    # existence and listing [2]

    def known_app(self, app, profiles=('default',), label=None):
        if app == 'application':
            return True
        for source in self.sources:
            own = source.own_locations(app, profiles, label)
            for location, stems in source.stems(source.locations(app, profiles, label)).items():
                names = (app, 'application') if location in own else (app,)
                if any(stem == name or stem.startswith(name + '-') for stem in stems for name in names):
                    return True
        return False

    def known_profile(self, app, profile, profiles=None, label=None):
        if profile == 'default':
            return True
        for source in self.sources:
            locations = source.locations(app, profiles or (profile,), label)
            for location, stems in source.stems(locations).items():
                for stem, extensions in stems.items():
                    if stem in (f'{app}-{profile}', f'application-{profile}'):
                        return True
                    if profile in self.activations(source, location, stem, extensions, app):
                        return True
        return False

    def activations(self, source, location, stem, extensions, app):
        """Profiles that the documents of a stem name in expressions, if @app could load it."""
        found = set()
        if stem in (app, 'application') or stem.startswith((app + '-', 'application-')):
            for extension in extensions:
                try:
                    for document in source.documents_of(join(location, f'{stem}.{extension}')):
                        found |= document.names()
                except Refused:
                    pass  # names nobody while it does not parse
        return found

    def applications(self, label=None):
        """What a listing of the root must show, for sources without {application} [2.4]."""
        found = set()
        for source in self.sources:
            stems = source.all_stems(label)
            found |= {one_reading(stem, stems)[0] for stem in stems}
        return sorted(found - {'application'}) or sorted(found)

    # composing

    def check(self, app, profiles, label):
        if not self.known_app(app, profiles, label) and self.unknown_application == 'absent':
            raise Refused('ENOENT', f"no document names the application '{app}'")
        for profile in profiles:
            known = self.known_profile(app, profile, profiles, label)
            if not known and self.unknown_profile == 'absent':
                raise Refused('ENOENT', f"no document names the profile '{profile}'")

    def compose(self, app, profiles=('default',), label=None):
        check_names(app, profiles, label)
        self.check(app, profiles, label)
        order = self.with_imports(app, tuple(profiles), label)
        merged, applied = Value('map'), []
        for at in order:
            for _, document in self.layers(*at):
                merge(merged, document.root)
                applied.append(document.path)
        remove(merged, 'vortex', 'imports')
        if self.overrides:
            over = Value('map')
            assign(over, self.overrides)
            settle(over)
            merge(merged, over)
        root = Resolver(merged).tree(merged)
        return Snapshot(root, self.plain(app, profiles, label), applied)

    def layers(self, app, profiles, label):
        """(source, document), lowest precedence first [3]."""
        ranks = [''] + [f'-{profile}' for profile in profiles]
        for source in self.sources:
            locations = source.locations(app, profiles, label)
            stems = source.stems(locations)
            for rank in ranks:
                for location in locations:
                    for name in dict.fromkeys(['application', app]):
                        have = stems.get(location, {}).get(name + rank, ())
                        for extension in [e for e in EXTENSIONS if e in have]:
                            path = join(location, f'{name}{rank}.{extension}')
                            for document in source.documents_of(path):
                                if document.active(profiles):
                                    yield source, document

    # imports [7]

    def imports_of(self, app, profiles, label):
        merged = Value('map')
        for _, document in self.layers(app, profiles, label):
            merge(merged, document.root)
        value = find(merged, 'vortex.imports')
        if value is None or value.type == 'null':
            return []
        wanted = value.items if value.type == 'list' else [value]
        return [self.one_import(item, profiles, label) for item in wanted]

    @staticmethod
    def one_import(item, profiles, label):
        if item.scalar and item.type != 'null':
            return checked(item.text, profiles, label)
        unknown = set(item.entries) - {'application', 'label', 'profiles'}
        if item.type != 'map' or unknown or 'application' not in item.entries:
            raise bad('vortex.imports holds names, or maps of application, label and profiles')
        part = {key: value.text for key, value in item.entries.items()}
        if 'profiles' in part:
            profiles = tuple(name.strip() for name in part['profiles'].split(','))
        return checked(part['application'], profiles, part.get('label', label))

    def with_imports(self, *at):
        order, stack = [], []

        def visit(here):
            if here in stack:
                names = [one[0] for one in stack[stack.index(here):]] + [here[0]]
                raise Refused('ELOOP', f"imports form a cycle: {' -> '.join(names)}")
            if here in order:
                return
            if stack and not self.known_app(*here):
                raise Refused('ENOENT', f"'{stack[-1][0]}' imports '{here[0]}', which is not there")
            stack.append(here)
            for below in self.imports_of(*here):
                visit(below)
            stack.pop()
            order.append(here)
            if len(order) > IMPORTS_MAX + 1:
                raise Refused('E2BIG', f'more than {IMPORTS_MAX} imports')

        visit(at)
        return order

    # plain files [8]

    def plain(self, app, profiles, label):
        shown_as = {}
        for source in self.sources:
            locations = source.locations(app, profiles, label)
            stems = source.stems(locations)
            for location in locations:
                plain = self.plain_of(source, location, stems.get(location, {}))
                renamed = [(as_profile(path, profiles), path) for path in plain]
                for (rank, name), path in sorted(renamed, key=lambda one: one[0][0]):
                    shown_as[name] = (source, join(location, path))
        hidden = {f'{stem}.{extension}' for stem in ('application', app)
                  for extension in ('yml', 'yaml', 'json', 'properties', 'env', 'toml')}
        return {name: at for name, at in sorted(shown_as.items()) if name not in hidden}

    @staticmethod
    def plain_of(source, location, stems):
        """Paths below @location that are no documents and in no location of their own."""
        documents = {f'{stem}.{e}' for stem, extensions in stems.items() for e in extensions}
        folders = [re.compile(re.sub(r'\\{(application|profile|label)\\}', '[^/]+',
                                     re.escape(path.strip('/'))) + '/')
                   for path in source.search_paths if path.strip('/')]
        if source.labels == 'subdirectories':
            folders.append(re.compile('[^/]+/'))
        prefix = location + '/' if location else ''
        for path in source.files:
            below = path[len(prefix):]
            if not path.startswith(prefix) or below in documents:
                continue
            ends = [m.end() for folder in folders if (m := folder.match(path))]
            if not any(end > len(prefix) for end in ends):
                yield below


def as_profile(path, profiles):
    """(rank, shown name): `nginx-dev.conf` shows as `nginx.conf` where dev is asked [8.2]."""
    folder, slash, name = path.rpartition('/')
    stem, dot, extension = name.rpartition('.')
    if not dot or not stem:
        stem, dot, extension = name, '', ''
    for rank in range(len(profiles), 0, -1):
        base = stem.removesuffix('-' + profiles[rank - 1])
        if base and base != stem:
            return rank, folder + slash + base + dot + extension
    return 0, path


def join(location, name):
    return f'{location}/{name}' if location else name


def one_reading(stem, stems):
    """The application and the profile that a listing takes a stem for [2.4]."""
    parts = stem.split('-')
    for n in range(len(parts) - 1, 0, -1):
        if '-'.join(parts[:n]) in stems:
            return '-'.join(parts[:n]), '-'.join(parts[n:])
    if stem.startswith('application-'):
        return 'application', stem[len('application-'):]
    return stem, ''


def check_names(app, profiles, label):
    """The grammar of names, core/coords.h [2.3]."""
    def refuse(what, name):
        raise Refused('EINVAL', f"'{name}' is no name of {what}")

    if not app or app[0] in '.@' or re.search(r'[/,#\x00-\x1f\x7f]|\.\.', app):
        refuse('an application', app)
    for profile in profiles:
        if not NAME.fullmatch(profile):
            refuse('a profile', profile)
    if len(profiles) > 8 or len(set(profiles)) < len(profiles):
        refuse('a profile list', ','.join(profiles))
    if label and (label[0] in '.@/' or label[-1] == '/'
                  or re.search(r'[#\x00-\x1f]|\.\.|//', label)):
        refuse('a label', label)


def checked(*at):
    """The coordinates of an import; there a name that is none is an error of the document."""
    try:
        check_names(*at)
    except Refused as refused:
        raise bad(f'vortex.imports: {refused.sentence}') from refused
    return at


def raw_from_python(value):
    """Overrides given as Python values, for Composer(overrides=...)."""
    if isinstance(value, dict):
        return Pairs((str(key), raw_from_python(below)) for key, below in value.items())
    if isinstance(value, list):
        return [raw_from_python(below) for below in value]
    if value is None:
        return Scalar('null', 'null')
    if isinstance(value, bool):
        return Scalar('bool', str(value).lower())
    if isinstance(value, (int, float)):
        return Scalar('int' if isinstance(value, int) else 'float', repr(value))
    return Scalar('string', value)
