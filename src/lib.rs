//! Conversions between Python awaitables and Rust futures.
