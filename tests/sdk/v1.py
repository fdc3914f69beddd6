"""The story through the vendor's classic SDK: V1 signatures, everything in the query, `RegionId` and `SignatureType=`
added. It has no request class for the token service, the billing service and estimates, so those are a
`CommonRequest`."""

import importlib
import json

from aliyunsdkcore.acs_exception.exceptions import ServerException
from aliyunsdkcore.client import AcsClient
from aliyunsdkcore.request import CommonRequest

from story import BILLING, ESTIMATE, HOST, KEY_ID, KEY_SECRET, tell

CLIENT = AcsClient(KEY_ID, KEY_SECRET, "cn-hangzhou", auto_retry=False)
# A list takes the plural's setter here, and this SDK knows them by its own names.
SETTER = {"Filter": "set_Filters", "Tag": "set_Tags", "ResourceId": "set_ResourceIds", "TagKey": "set_TagKeys"}


def common(version, action, params, body=()):
    request = CommonRequest(domain=HOST, version=version, action_name=action)
    request.set_protocol_type("http")
    if body:
        request.set_method("POST")
    for name, value in params.items():
        (request.add_body_params if name in body else request.add_query_param)(name, value)
    return json.loads(CLIENT.do_action_with_exception(request))


def invoke(action, params):
    if action == "GetCallerIdentity":
        return common("2015-04-01", action, params)
    if action in BILLING:
        return common("2017-12-14", action, params)
    if action == ESTIMATE:
        return common("2019-09-10", action, params, body=["TemplateBody"])
    module = importlib.import_module(f"aliyunsdkcbn.request.v20170912.{action}Request")
    request = getattr(module, action + "Request")()
    request.set_endpoint(HOST)
    request.set_protocol_type("http")
    request.set_accept_format("json")
    for name, value in params.items():
        setter = getattr(request, f"set_{name}", None) or getattr(request, SETTER.get(name, f"set_{name}s"))
        setter(value)
    return json.loads(CLIENT.do_action_with_exception(request))


def refused(action, params):
    try:
        return f"answered {invoke(action, params)}"
    except ServerException as error:
        return error.get_error_code()


tell("v1", invoke, refused)
