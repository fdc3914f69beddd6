//! The environment of a run and its security token service, which the configuration files need.

use super::environment::Environment;
use super::{CredentialsError, failed};
use crate::cloud::{Endpoint, Endpoints};

const STS_REGION: &str = "ALIBABA_CLOUD_STS_REGION";
const VPC: &str = "ALIBABA_CLOUD_VPC_ENDPOINT_ENABLED";

/// The setting in which a configuration is read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Setting<'a> {
    pub(super) environment: &'a Environment,
    /// The security token service that the command line names; it overrides every configuration.
    pub(super) sts: Option<&'a Endpoint>,
}

impl Setting<'_> {
    /// Returns the security token service of this run: the one that the command line names, else the
    /// region's, else the central one. Inside a VPC the region's has an address of its own.
    ///
    /// # Errors
    ///
    /// The region is not a valid part of a host name.
    pub(super) fn sts_endpoint(&self) -> Result<Endpoint, CredentialsError> {
        let vpc = self.environment.is_true(VPC);
        match (self.sts, self.environment.get(STS_REGION)) {
            (Some(asked), _) => Ok(asked.clone()),
            (None, Some(region)) => regional(region, vpc).map_err(|reason| failed(STS_REGION, reason)),
            (None, None) => Ok(Endpoints::default().sts),
        }
    }
}

/// Returns the security token service of a region.
pub(super) fn regional(region: &str, vpc: bool) -> Result<Endpoint, String> {
    let prefix = if vpc { "sts-vpc" } else { "sts" };
    let is_label = region.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let endpoint = format!("https://{prefix}.{region}.aliyuncs.com").parse();
    endpoint
        .ok()
        .filter(|_| is_label)
        .ok_or_else(|| format!("{region:?} is no region, expected one such as cn-hangzhou"))
}
