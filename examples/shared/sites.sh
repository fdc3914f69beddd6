#!/bin/sh
# Writes a spec with a stack for each line of stdin: a name, and its Mbps. A program takes the place of variables.
while read -r site mbps; do
    cat <<DOCUMENT
version: 1
stack: $site
include: [examples/shared/defaults.yaml]
packages:
  cn-eu: { areas: [China, Europe], bandwidth: $mbps, name: $site }
---
DOCUMENT
done
