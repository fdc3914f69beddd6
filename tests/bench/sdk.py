"""Lists every package of an account with the vendor's SDK, as a script would: sdk.py THREADS. Prints how many."""

import os
import sys
from concurrent.futures import ThreadPoolExecutor

from alibabacloud_cbn20170912 import models
from alibabacloud_cbn20170912.client import Client
from alibabacloud_tea_openapi.models import Config
from darabonba.runtime import RuntimeOptions

PAGE = 50
THREADS = int(sys.argv[1])

client = Client(
    Config(
        access_key_id=os.environ["ALIBABA_CLOUD_ACCESS_KEY_ID"],
        access_key_secret=os.environ["ALIBABA_CLOUD_ACCESS_KEY_SECRET"],
        endpoint=os.environ["CENBWP_ENDPOINT"].removeprefix("http://"),
        protocol="http",
    )
)


def page(number):
    request = models.DescribeCenBandwidthPackagesRequest(
        page_number=number, page_size=PAGE, include_reservation_data=True
    )
    return client.describe_cen_bandwidth_packages_with_options(request, RuntimeOptions()).body


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
