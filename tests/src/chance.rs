//! Random numbers that are the same in every run with the same seed.

/// Returns a number that depends on both and looks like neither (the finalizer of splitmix64).
pub(crate) fn mix(seed: u64, n: u64) -> u64 {
    let mut z = seed.wrapping_add(n.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// Returns the id of a request: an upper-case UUID.
pub(crate) fn request_id(seed: u64, seq: u64) -> String {
    let hex = format!("{:016X}{:016X}", mix(seed, seq), mix(!seed, seq));
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}
