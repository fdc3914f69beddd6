//! Pages into one listing.

use cenbwp_diff::Observed;

/// Reads recorded replies of DescribeCenBandwidthPackages: one, an array of them, or one per line.
///
/// # Errors
///
/// What cannot be read as such, names a package twice, or disagrees about how many there are.
pub fn decode_recording(bytes: &[u8]) -> Result<Observed, String> {
    let _ = bytes;
    unimplemented!()
}
