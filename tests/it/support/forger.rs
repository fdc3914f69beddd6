//! A forger who knows how plans are made and has none of our code: digests and tokens of a changed plan are
//! computed again, because none of them has a key.

use data_encoding::{BASE32_NOPAD, HEXLOWER};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// A saved plan in the forger's hands.
pub(crate) struct Forged(Value);

impl Forged {
    /// Takes a saved plan.
    pub(crate) fn from(text: &str) -> Self {
        Self(serde_json::from_str(text).expect("a saved plan is JSON"))
    }

    /// Changes the time of the plan.
    pub(crate) fn made_at(mut self, time: jiff::Timestamp) -> Self {
        self.0["created_at"] = json!(time);
        self.0["inputs"]["created_at"] = json!(time);
        self
    }

    /// Makes it a plan for this account.
    pub(crate) fn for_account(mut self, account: &str) -> Self {
        self.0["inputs"]["account_id"] = json!(account);
        self.0["pins"]["account_id"] = json!(account);
        for purchase in self.0["purchases"].as_array_mut().expect("a list") {
            let address = purchase["address"].as_str().expect("a text").replace('/', "\0");
            let parts =
                format!("CreateCenBandwidthPackage\0{account}\0{address}\0{}\00", purchase["generation"]);
            let hash = BASE32_NOPAD.encode(&Sha256::digest(parts)).to_ascii_lowercase();
            purchase["client_token"] = json!(format!("cbwp1-{hash}"));
            purchase["request"]["ClientToken"] = purchase["client_token"].clone();
        }
        self
    }

    /// Makes it a plan of this service.
    pub(crate) fn at_endpoint(mut self, endpoint: &str) -> Self {
        self.0["inputs"]["endpoint"] = json!(endpoint);
        self.0["pins"]["endpoint"] = json!(endpoint);
        self
    }

    /// Makes it a plan of these paths.
    pub(crate) fn made_of(mut self, paths: &[&str]) -> Self {
        self.0["inputs"]["paths"] = json!(paths);
        self.0["pins"]["spec"]["paths"] = json!(paths);
        self
    }

    /// Returns the plan as a file, with digests that fit.
    pub(crate) fn file(mut self) -> String {
        let mut pins = self.0["pins"].clone();
        for outside in ["files", "paths"] {
            pins["spec"].as_object_mut().expect("an object").remove(outside);
        }
        pins["live"].as_object_mut().expect("an object").remove("listed");
        let mut decides = json!({ "pins": pins });
        for part in ["applyable", "complete", "held", "limits", "purchases", "resource_changes", "updates"] {
            decides[part] = self.0[part].clone();
        }
        self.0["digest"] = json!(digest(&decides));
        self.0["inputs_digest"] = json!(digest(&self.0["inputs"]));
        self.0.to_string()
    }
}

/// Returns the SHA-256 of canonical JSON: `serde_json` sorts the keys of an object.
fn digest(value: &Value) -> String {
    format!("sha256:{}", HEXLOWER.encode(&Sha256::digest(value.to_string())))
}
