# Rules on a plan of cenbwp: conftest test --policy examples/policies/opa plan.json
#
# `deny` stops the pipeline; `warn` only prints. Set the numbers and the tag to your own.
package main

import rego.v1

most_new_mbps := 500

most_months := 12

required_tag := "team"

# A plan that cannot be applied would only fail later.
deny contains "the plan cannot be applied: see its held items and limits" if input.applyable == false

# A small package that grows later costs as much as a large one, so purchases and growth both count.
deny contains msg if {
	input.summary.new_mbps > most_new_mbps
	msg := sprintf(
		"adds %v Mbps at once, more than %v: %v by purchases, %v by growth",
		[input.summary.new_mbps, most_new_mbps, input.summary.purchase_mbps, input.summary.upgrade_mbps],
	)
}

# A plan by an older release, which counted purchases only.
deny contains "the plan does not say by how much packages grow" if not is_number(input.summary.upgrade_mbps)

deny contains msg if {
	some purchase in input.purchases
	purchase.months > most_months
	msg := sprintf("%v: prepaid for %v months, more than %v", [purchase.address, purchase.months, most_months])
}

# The tag names the team that answers for the bill.
deny contains msg if {
	some change in input.resource_changes
	"create" in change.change.actions
	not change.change.after.tags[required_tag]
	msg := sprintf("%v: bought without the tag %v", [change.name, required_tag])
}

# A package that does not renew ends, and its traffic with it.
warn contains msg if {
	some change in input.resource_changes
	"create" in change.change.actions
	change.change.after.autoRenew == false
	msg := sprintf("%v: does not renew", [change.name])
}

# The service gives the money back only in part.
warn contains msg if {
	some update in input.updates
	some field in update.fields
	field.field == "bandwidth"
	field.after < field.before
	msg := sprintf("%v: shrinks from %v to %v Mbps", [update.address, field.before, field.after])
}

# Leaving a CEN interrupts traffic. The spec has allowed it; this rule warns the reviewer as well.
warn contains msg if {
	some update in input.updates
	some field in update.fields
	field.field == "cenId"
	field.before != null
	field.before != field.after
	msg := sprintf("%v: leaves %v, which interrupts traffic", [update.address, field.before])
}
