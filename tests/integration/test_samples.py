"""The two sample repositories, mounted: every branch, tag, application, profile and format."""
import os
import subprocess
from pathlib import Path

import pytest

from composer import Source
from daemon import ROOT
from everything import default_branch, differences, listing_differences, refs, tree

SAMPLES = Path(os.environ.get('VORTEX_SAMPLES', ROOT.parent / 'shared' / 'samples'))


@pytest.fixture(params=['config-repo', 'petclinic-config'])
def repository(request, tmp_path):
    bundle = SAMPLES / f'{request.param}.bundle'
    if not bundle.exists():
        reason = f'{bundle} is not there (VORTEX_SAMPLES says where the samples are)'
        if os.environ.get('VORTEX_REQUIRE_SAMPLES') == '1':
            pytest.fail(reason)
        pytest.skip(reason)
    path = tmp_path / f'{request.param}.git'
    subprocess.run(['git', 'clone', '--quiet', '--mirror', bundle, path], check=True, timeout=120)
    return path


def test_sample_repository(vortex, beside, repository):
    mounted = vortex([{'name': 'repo', 'type': 'git', 'uri': str(repository),
                       'default_label': default_branch(repository)}])
    wrong = listing_differences(mounted, [Source(tree(repository, 'HEAD'), type_='git')])
    # Beside a backend that never answers, every first read waits for its timeout.
    labels = [] if beside else refs(repository)
    compared = 0
    for label in [None, *labels]:
        source = Source(tree(repository, label or 'HEAD'), type_='git')
        found, count = differences(mounted, [source], label, lists=['dev,default'])
        wrong += found
        compared += count
    print(f'{repository.name}: {compared} configurations at {1 + len(labels)} labels')
    assert compared > 0
    assert not wrong, f'{len(wrong)} differences, the first:\n' + '\n'.join(wrong[:10])
