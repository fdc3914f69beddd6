"""Lists every package with the vendor's SDK, as a script would: sdk.py THREADS [ACCOUNT]... Prints how many.

Without accounts it lists that of the key, its pages side by side; otherwise the first page of each account, whose role
`cenbwp` it takes.
"""

import os
import sys
from concurrent.futures import ThreadPoolExecutor

from alibabacloud_cbn20170912 import models
from alibabacloud_cbn20170912.client import Client
from alibabacloud_tea_openapi.models import Config
from darabonba.runtime import RuntimeOptions

PAGE = 50
THREADS = int(sys.argv[1])
ACCOUNTS = sys.argv[2:]


def config(**key):
    return Config(endpoint=os.environ["CENBWP_ENDPOINT"].removeprefix("http://"), protocol="http", **key)


KEY = {
    "access_key_id": os.environ["ALIBABA_CLOUD_ACCESS_KEY_ID"],
    "access_key_secret": os.environ["ALIBABA_CLOUD_ACCESS_KEY_SECRET"],
}
client = Client(config(**KEY))


def page(number, client=client):
    request = models.DescribeCenBandwidthPackagesRequest(
        page_number=number, page_size=PAGE, include_reservation_data=True
    )
    return client.describe_cen_bandwidth_packages_with_options(request, RuntimeOptions()).body


def account(number, sts):
    role = sts.assume_role(
        AssumeRoleRequest(role_arn=f"acs:ram::{number}:role/cenbwp", role_session_name="sdk", duration_seconds=3600)
    ).body.credentials
    session = config(
        access_key_id=role.access_key_id,
        access_key_secret=role.access_key_secret,
        security_token=role.security_token,
    )
    return page(1, Client(session)).total_count


if ACCOUNTS:
    from alibabacloud_sts20150401.client import Client as Sts
    from alibabacloud_sts20150401.models import AssumeRoleRequest

    sts = Sts(config(**KEY))
    with ThreadPoolExecutor(THREADS) as pool:
        print(sum(pool.map(lambda number: account(number, sts), ACCOUNTS)))
    sys.exit()

first = page(1)
numbers = range(2, -(-first.total_count // PAGE) + 1)
if THREADS > 1:
    with ThreadPoolExecutor(THREADS) as pool:
        others = list(pool.map(page, numbers))
else:
    others = [page(number) for number in numbers]
packages = [item for body in [first, *others] for item in body.cen_bandwidth_packages.cen_bandwidth_package]
ids = {package.cen_bandwidth_package_id for package in packages}
assert len(ids) == len(packages) == first.total_count, (len(ids), len(packages), first.total_count)
print(len(packages))
