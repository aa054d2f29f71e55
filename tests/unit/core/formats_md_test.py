"""Each example in docs/formats.md is what the renderers write.

    formats_md_test.py <render_driver> <formats.md>
"""

import re
import subprocess
import sys

FENCE = re.compile(r"^```(\w+) (input|output)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def main(driver, page):
    failed = count = 0
    source = text = None
    with open(page, encoding="utf-8") as f:
        blocks = FENCE.findall(f.read())
    for form, role, body in blocks:
        if role == "input":
            source, text = form, body
            continue
        run = subprocess.run([driver, source, form], input=text.encode(), capture_output=True, check=False)
        got = run.stdout.decode()
        count += 1
        if run.returncode or got != body:
            failed += 1
            print(f"--- input ({source})\n{text}--- {form}, as on the page\n{body}--- as rendered\n{got}{run.stderr.decode()}")
    print(f"{count} examples, {failed} of them wrong")
    return 1 if failed or count < 30 else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2]))
