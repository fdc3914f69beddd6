# A rule that uses only Terraform's plan JSON: how much may one plan change? It knows no field of cenbwp, so a rule
# written for Terraform works on a plan of cenbwp unchanged.
package terraform.blast_radius

import rego.v1

largest := 30

# The weight of a change of one resource, by its type.
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

# Resources whose bandwidth grows: the rule compares the field before and after.
grown contains change.address if {
	some change in input.resource_changes
	change.change.actions == ["update"]
	change.change.after.bandwidth > change.change.before.bandwidth
}
