# The rules' own tests: opa test examples/policies/opa
package main_test

import rego.v1

import data.main

purchase(months, tags, renews) := {
	"applyable": true,
	"summary": {"new_mbps": 100, "purchase_mbps": 100, "upgrade_mbps": 0},
	"purchases": [{"address": "net/x", "months": months}],
	"updates": [],
	"resource_changes": [{
		"name": "net/x",
		"type": "cen_bandwidth_package",
		"change": {"actions": ["create"], "before": null, "after": {"tags": tags, "autoRenew": renews}},
	}],
}

update(field, before, after) := {
	"applyable": true,
	"summary": {"new_mbps": 0, "purchase_mbps": 0, "upgrade_mbps": 0},
	"purchases": [],
	"updates": [{"address": "net/x", "fields": [{"field": field, "before": before, "after": after}]}],
	"resource_changes": [],
}

test_modest_purchase_passes if {
	plan := purchase(12, {"team": "network"}, true)
	count(main.deny) == 0 with input as plan
	count(main.warn) == 0 with input as plan
}

test_long_term_is_denied if {
	main.deny == {"net/x: prepaid for 24 months, more than 12"} with input as purchase(24, {"team": "a"}, true)
}

test_untagged_purchase_is_denied if {
	main.deny == {"net/x: bought without the tag team"} with input as purchase(1, {}, true)
}

test_large_purchase_is_denied if {
	figures := {"new_mbps": 501, "purchase_mbps": 501, "upgrade_mbps": 0}
	plan := object.union(purchase(1, {"team": "a"}, true), {"summary": figures})
	main.deny == {"adds 501 Mbps at once, more than 500: 501 by purchases, 0 by growth"} with input as plan
}

test_large_growth_is_denied_like_a_large_purchase if {
	figures := {"new_mbps": 9990, "purchase_mbps": 0, "upgrade_mbps": 9990}
	plan := object.union(update("bandwidth", 10, 10000), {"summary": figures})
	main.deny == {"adds 9990 Mbps at once, more than 500: 0 by purchases, 9990 by growth"} with input as plan
}

test_plan_that_does_not_count_growth_is_denied if {
	older := {"summary": {"new_mbps": 0}}
	plan := object.union(object.remove(update("bandwidth", 10, 10000), ["summary"]), older)
	main.deny == {"the plan does not say by how much packages grow"} with input as plan
}

test_plan_that_cannot_be_applied_is_denied if {
	plan := object.union(update("name", "a", "b"), {"applyable": false})
	count(main.deny) == 1 with input as plan
}

test_package_that_does_not_renew_is_told if {
	main.warn == {"net/x: does not renew"} with input as purchase(1, {"team": "a"}, false)
}

test_shrinking_is_told_and_growing_is_not if {
	main.warn == {"net/x: shrinks from 200 to 100 Mbps"} with input as update("bandwidth", 200, 100)
	count(main.warn) == 0 with input as update("bandwidth", 100, 200)
}

test_leaving_a_cen_is_told_and_joining_is_not if {
	main.warn == {"net/x: leaves cen-1, which interrupts traffic"} with input as update("cenId", "cen-1", "cen-2")
	count(main.warn) == 0 with input as update("cenId", null, "cen-1")
}
