"""One story, told to the emulator by two SDKs: every operation, its answer, and what the ledger shows in the end."""

import json
import os
import sys
import time
import urllib.request

ENDPOINT = os.environ["CENBWP_ENDPOINT"]
KEY_ID = os.environ["ALIBABA_CLOUD_ACCESS_KEY_ID"]
KEY_SECRET = os.environ["ALIBABA_CLOUD_ACCESS_KEY_SECRET"]
HOST = ENDPOINT.removeprefix("http://")
CEN = "cen-seeded"
# The operations of the billing service.
BILLING = ["QueryAvailableInstances", "SetRenewal"]
# The operation of the service that estimates prices.
ESTIMATE = "GetTemplateEstimateCost"


def ledger():
    with urllib.request.urlopen(ENDPOINT + "/_emulator/ledger") as reply:
        return json.load(reply)


def tell(sdk, call, refused):
    """Runs the story. `call(action, params)` returns the answer as the SDK decodes it, on the wire's names;
    `refused(action, params)` returns the error code the SDK raises."""
    told = set()

    def do(action, expected=None, **params):
        told.add(action)
        if expected:
            found = refused(action, params)
            assert found == expected, f"{action}: {found}, expected {expected}"
            print(f"{sdk} {action}: refused, {found}")
            return None
        answer = call(action, params)
        assert answer["RequestId"], answer
        print(f"{sdk} {action}: ok")
        return answer

    def package(**extra):
        params = {"Filter": [{"Key": "CenBandwidthPackageId", "Value": [id]}], **extra}
        answer = do("DescribeCenBandwidthPackages", **params)
        assert answer["TotalCount"] == 1, answer
        (item,) = answer["CenBandwidthPackages"]["CenBandwidthPackage"]
        return item

    before = len(ledger())
    assert do("GetCallerIdentity")["AccountId"] == "1234567890123456"

    purchase = dict(
        Bandwidth=100, GeographicRegionAId="China", GeographicRegionBId="Asia-Pacific", Name=f"{sdk} test",
        BandwidthPackageChargeType="PREPAY", Period=1, PricingCycle="Month", AutoPay=True, AutoRenew=False,
        Description='生产 / 100% *critical* ~ "A+B" é 🚀', ClientToken=f"{sdk}-token",
        Tag=[{"Key": "cenbwp", "Value": f"{sdk}/p"}, {"Key": "a b*c~d+e/é:中文", "Value": "% &=?#"}],
    )
    answer = do("CreateCenBandwidthPackage", **purchase)
    id = answer["CenBandwidthPackageId"]
    assert do("CreateCenBandwidthPackage", **purchase)["CenBandwidthPackageId"] == id
    do("CreateCenBandwidthPackage", "IdempotentParameterMismatch", **{**purchase, "Bandwidth": 200})
    do("CreateCenBandwidthPackage", "InvalidParameter", **{**purchase, "Bandwidth": 1})

    item = package(PageSize=50, PageNumber=1, IsOrKey=False, IncludeReservationData=True)
    assert item["Bandwidth"] == 100 and item["Status"] == "Idle" and item["BusinessStatus"] == "Normal", item
    assert item["GeographicRegionAId"] == "china" and item["GeographicSpanId"] == "china_asia-pacific", item
    assert item["Description"] == purchase["Description"], item
    assert item["HasReservationData"] == "false" and item["IsCrossBorder"] is True, item
    assert item["Tags"]["Tag"] == purchase["Tag"], item
    tagged = do("DescribeCenBandwidthPackages", Tag=purchase["Tag"])
    assert tagged["TotalCount"] == 1, tagged
    do("DescribeCenBandwidthPackages", "InvalidParameter", PageSize=51)

    do("ModifyCenBandwidthPackageAttribute", CenBandwidthPackageId=id, Name="renamed", Description="")
    item = package()
    assert (item["Name"], item["Description"]) == ("renamed", ""), item

    do("ModifyCenBandwidthPackageSpec", CenBandwidthPackageId=id, Bandwidth=200)
    do("ModifyCenBandwidthPackageSpec", "Operation.Failed", CenBandwidthPackageId=id, Bandwidth=200)
    do("ModifyCenBandwidthPackageSpec", CenBandwidthPackageId=id, Bandwidth=50)
    assert package()["Bandwidth"] == 50

    resource = dict(ResourceType="BandwidthPackage", ResourceId=[id])
    do("TagResources", Tag=[{"Key": "team", "Value": "network"}, {"Key": "empty", "Value": ""}], **resource)
    answer = do("ListTagResources", PageSize=3, **resource)
    assert len(answer["TagResources"]["TagResource"]) == 3, answer
    answer = do("ListTagResources", NextToken=answer["NextToken"], PageSize=3, **resource)
    assert [tag["TagKey"] for tag in answer["TagResources"]["TagResource"]] == ["empty"], answer
    do("UntagResources", TagKey=["team", "empty"], **resource)
    assert package()["Tags"]["Tag"] == purchase["Tag"]

    move = dict(ResourceId=id, ResourceType="bandwidthpackage", NewResourceGroupId="rg-moved")
    do("MoveResourceGroup", "DryRunOperation", DryRun=True, **move)
    do("MoveResourceGroup", ClientToken=f"{sdk}-move", **move)
    assert package(ResourceGroupId="rg-moved")["ResourceGroupId"] == "rg-moved"

    pair = dict(CenId=CEN, CenBandwidthPackageId=id)
    do("AssociateCenBandwidthPackage", **pair)
    item = package()
    assert item["Status"] == "InUse" and item["CenIds"]["CenId"] == [CEN], item
    (cen,) = do("DescribeCens", Filter=[{"Key": "CenId", "Value": [CEN]}])["Cens"]["Cen"]
    assert cen["CenBandwidthPackageIds"]["CenBandwidthPackageId"] == [id], cen
    limit = dict(CenId=CEN, LocalRegionId="cn-hangzhou", OppositeRegionId="ap-southeast-1")
    do("SetCenInterRegionBandwidthLimit", BandwidthLimit=20, **limit)
    answer = do("DescribeCenInterRegionBandwidthLimits", CenId=CEN)
    (found,) = answer["CenInterRegionBandwidthLimits"]["CenInterRegionBandwidthLimit"]
    assert found["BandwidthLimit"] == 20 and found["BandwidthPackageId"] == id, found
    (found,) = package()["OrginInterRegionBandwidthLimits"]["OrginInterRegionBandwidthLimit"]
    assert found["BandwidthLimit"] == "20", found
    do("UnassociateCenBandwidthPackage", "InvalidOperation.CenBandwidthLimitsNotZero", **pair)
    do("SetCenInterRegionBandwidthLimit", BandwidthLimit=0, **limit)
    do("UnassociateCenBandwidthPackage", **pair)
    assert package()["Status"] == "Idle"

    def renewal():
        answer = do("QueryAvailableInstances", InstanceIDs=id, PageNum=1, PageSize=100)
        assert answer["Success"] is True and answer["Data"]["TotalCount"] == 1, answer
        (row,) = answer["Data"]["InstanceList"]
        return row

    row = renewal()
    assert row["RenewStatus"] == "ManualRenewal" and row["InstanceID"] == id, row
    product = {name: row[name] for name in ("ProductCode", "ProductType")}
    product |= {"InstanceIDs": id, "SubscriptionType": "Subscription"}
    do("SetRenewal", "MissingParameter", RenewalStatus="AutoRenewal", **product)
    do("SetRenewal", RenewalStatus="AutoRenewal", RenewalPeriod=1, RenewalPeriodUnit="Y", **product)
    row = renewal()
    assert (row["RenewStatus"], row["RenewalDuration"], row["RenewalDurationUnit"]) == ("AutoRenewal", 12, "M"), row
    do("SetRenewal", RenewalStatus="NotRenewal", **product)
    assert renewal()["RenewStatus"] == "NotRenewal"

    def estimate(expected=None, **properties):
        plan = dict(
            Bandwidth=100, GeographicRegionAId="China", GeographicRegionBId="Europe",
            BandwidthPackageChargeType="PREPAY", PricingCycle="Month", Period=1, AutoPay=False, **properties,
        )
        resources = {"Plan": {"Type": "ALIYUN::CEN::CenBandwidthPackage", "Properties": plan}}
        template = json.dumps({"ROSTemplateFormatVersion": "2015-09-01", "Resources": resources})
        return do(ESTIMATE, expected, RegionId="cn-hangzhou", TemplateBody=template)

    (price,) = estimate()["Resources"].values()
    order = price["Result"]["Order"]
    assert price["Success"] is True and order["Currency"] == "CNY" and order["TradeAmount"] == 2241.0, price
    estimate("StackValidationFailed", Name="a name")

    until = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 4 * 3600))
    do("TempUpgradeCenBandwidthPackageSpec", CenBandwidthPackageId=id, Bandwidth=500, EndTime=until)
    item = package(IncludeReservationData=True)
    assert item["Bandwidth"] == 500 and item["ReservationBandwidth"] == "50", item
    assert item["HasReservationData"] == "true" and item["ReservationOrderType"] == "TEMP_UPGRADE", item

    spans = do("DescribeCenGeographicSpans", PageSize=50)["GeographicSpanModels"]["GeographicSpanModel"]
    assert "china_asia-pacific" in [span["GeographicSpanId"] for span in spans], spans
    assert {"china", "asia-pacific"} in [{span["LocalGeoRegionId"], span["OppositeGeoRegionId"]} for span in spans], spans
    page = do("DescribeCenGeographicSpans", PageNumber=2, PageSize=4)
    assert page["GeographicSpanModels"]["GeographicSpanModel"] == spans[4:8] and page["TotalCount"] == len(spans), page
    do("DeleteCenBandwidthPackage", "Forbidden.Release", CenBandwidthPackageId=id)
    do("DeleteCenBandwidthPackage", CenBandwidthPackageId="cenbwp-expired")
    do("DeleteCenBandwidthPackage", "ParameterBwpInstanceId", CenBandwidthPackageId="cenbwp-expired")

    orders = [(order["kind"], order["mbps"], order["identity"]) for order in ledger()[before:]]
    own = f"{sdk}/p"
    expected = [("new", 100, own), ("upgrade", 200, own), ("downgrade", 50, own), ("temp_upgrade", 500, own)]
    assert orders == expected, orders
    print(f"{sdk}: {len(told)} operations, {len(orders)} orders in the ledger, as asked for")
    sys.stdout.flush()
