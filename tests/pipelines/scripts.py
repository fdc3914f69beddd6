"""Gives the scripts inside YAML pipelines to shellcheck: `run:` blocks of GitHub, script lists of GitLab, commands of Atlantis."""

import pathlib
import subprocess
import sys

import yaml

shellcheck, folder, fewest = sys.argv[1:]


def scripts(value, shell):
    """Yields (shell, script) of everything below a node that a shell runs."""
    if isinstance(value, list):
        for item in value:
            yield from scripts(item, shell)
    if not isinstance(value, dict):
        return
    for key, item in value.items():
        if key == "run" and isinstance(item, str):
            yield shell, item
        elif key in ("script", "before_script") and isinstance(item, list):
            yield shell, "\n".join(item)
        else:
            yield from scripts(item, shell)


count = failed = 0
for path in sorted(pathlib.Path(folder).rglob("*.y*ml")):
    shell = "sh" if "atlantis" in path.parts else "bash"
    for document in yaml.safe_load_all(path.read_text()):
        for shell, script in scripts(document, shell):
            ran = subprocess.run([shellcheck, "--shell", shell, "-"], input=script, text=True, capture_output=True)
            count += 1
            if ran.returncode:
                failed += 1
                print(f"{path}:\n{script}\n{ran.stdout}{ran.stderr}")
if count < int(fewest):
    sys.exit(f"{count} scripts were found, and more were expected")
sys.exit(1 if failed else 0)
