"""Reads a WorkflowTemplate with Hera's models of Argo's API, which know every field and refuse a template without a kind."""

import sys

from hera.workflows import WorkflowTemplate

path = sys.argv[1]
kinds = ("container", "steps", "dag", "suspend", "script", "resource", "http")
with open(path, encoding="utf-8") as file:
    workflow = WorkflowTemplate.from_yaml(file.read())
for template in workflow.templates:
    found = [kind for kind in kinds if getattr(template, kind, None) is not None]
    if len(found) != 1:
        sys.exit(f"{path}: the template {template.name} has the kinds {found}, and one was expected")
