# A rule in the words of Terraform's plan JSON and nothing else: how much may one plan change? It knows no field of
# cenbwp, and its like, written for Terraform, works on a plan of cenbwp as it is.
package terraform.blast_radius

import rego.v1

largest := 30

# What a change of one resource counts, by its type.
weights := {"cen_bandwidth_package": {"create": 10, "update": 1, "delete": 100}}

default allow := false

allow if score <= largest

score := sum([points |
	some change in input.resource_changes
	some action in change.change.actions
	points := weights[change.type][action]
])

created contains change.address if {
	some change in input.resource_changes
	change.change.actions == ["create"]
}

# Resources whose bandwidth goes up, as Terraform's rules compare a field before and after.
grown contains change.address if {
	some change in input.resource_changes
	change.change.actions == ["update"]
	change.change.after.bandwidth > change.change.before.bandwidth
}
