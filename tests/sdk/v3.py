"""The story through the vendor's current SDK: V3 signatures, typed requests and answers."""

import re

from alibabacloud_bssopenapi20171214 import models as bss_models
from alibabacloud_bssopenapi20171214.client import Client as Bss
from alibabacloud_cbn20170912 import models as cbn_models
from alibabacloud_cbn20170912.client import Client as Cbn
from alibabacloud_ros20190910 import models as ros_models
from alibabacloud_ros20190910.client import Client as Ros
from alibabacloud_sts20150401.client import Client as Sts
from alibabacloud_tea_openapi.models import Config
from darabonba.runtime import RuntimeOptions

from story import BILLING, ESTIMATE, HOST, KEY_ID, KEY_SECRET, tell


def config():
    return Config(access_key_id=KEY_ID, access_key_secret=KEY_SECRET, endpoint=HOST, protocol="http")


def invoke(action, params):
    method = re.sub(r"(?<!^)(?=[A-Z])", "_", action).lower() + "_with_options"
    if action == "GetCallerIdentity":
        return getattr(Sts(config()), method)(RuntimeOptions()).body.to_map()
    if action in BILLING:
        request = getattr(bss_models, action + "Request")().from_map(params)
        return getattr(Bss(config()), method)(request, RuntimeOptions()).body.to_map()
    if action == ESTIMATE:
        request = ros_models.GetTemplateEstimateCostRequest().from_map(params)
        return Ros(config()).get_template_estimate_cost_with_options(request, RuntimeOptions()).body.to_map()
    request = getattr(cbn_models, action + "Request")().from_map(params)
    return getattr(Cbn(config()), method)(request, RuntimeOptions()).body.to_map()


def refused(action, params):
    try:
        return f"answered {invoke(action, params)}"
    except Exception as error:  # each SDK release raises classes of its own
        return getattr(error, "code", repr(error))


tell("v3", invoke, refused)
