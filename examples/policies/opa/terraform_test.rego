package terraform.blast_radius_test

import rego.v1

import data.terraform.blast_radius

changes(actions, number) := {"resource_changes": [change |
	some index in numbers.range(1, number)
	change := {
		"address": sprintf("cen_bandwidth_package.net/p%v", [index]),
		"type": "cen_bandwidth_package",
		"change": {"actions": actions, "before": {"bandwidth": 10}, "after": {"bandwidth": 20}},
	}
]}

test_three_purchases_are_allowed_and_four_are_not if {
	blast_radius.allow with input as changes(["create"], 3)
	not blast_radius.allow with input as changes(["create"], 4)
}

test_what_is_as_declared_counts_nothing if {
	blast_radius.score == 0 with input as changes(["no-op"], 100)
}

test_growth_is_seen if {
	blast_radius.grown == {"cen_bandwidth_package.net/p1"} with input as changes(["update"], 1)
}
