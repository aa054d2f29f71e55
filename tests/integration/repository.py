"""A Git repository under test, made and changed by the git command."""
import os
import subprocess
from pathlib import Path

ENV = {
    'GIT_AUTHOR_NAME': 'Ada', 'GIT_AUTHOR_EMAIL': 'ada@shop.test',
    'GIT_COMMITTER_NAME': 'Ada', 'GIT_COMMITTER_EMAIL': 'ada@shop.test',
    'GIT_CONFIG_GLOBAL': '/dev/null', 'GIT_CONFIG_SYSTEM': '/dev/null',
}


class Repository:
    def __init__(self, path, branch='main'):
        self.path = Path(path)
        self.path.mkdir(parents=True, exist_ok=True)
        self.git('init', '-q', '-b', branch)

    def git(self, *args, **kwargs):
        done = subprocess.run(['git', '-C', self.path, *args], env={**os.environ, **ENV},
                              capture_output=True, check=True, **kwargs)
        return done.stdout.decode().strip()

    def commit(self, files, message='change', remove=()):
        """Write @files (name: text or bytes), remove others, commit; the commit's id."""
        for name, content in files.items():
            path = self.path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        for name in remove:
            (self.path / name).unlink()
        self.git('add', '-A')
        self.git('commit', '-q', '--allow-empty', '-m', message)
        return self.git('rev-parse', 'HEAD')


def backend(repository, **settings):
    return {'name': 'repo', 'type': 'git', 'uri': str(repository.path), **settings}


def replace(path, content):
    """Write @content as careful writers do: aside, then renamed over the name."""
    aside = path.with_name(f'.{path.name}.new')
    aside.write_bytes(content if isinstance(content, bytes) else content.encode())
    os.rename(aside, path)


def directory(path, files, **settings):
    """A directory backend on @path, filled with @files."""
    path.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        target = path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content if isinstance(content, bytes) else content.encode())
    return {'name': path.name, 'type': 'directory', 'path': str(path), **settings}
