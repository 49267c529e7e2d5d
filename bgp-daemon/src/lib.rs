//! The world around bgp-core.
