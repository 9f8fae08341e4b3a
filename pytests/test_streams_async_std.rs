//! Streams on `pyo3_aio::async_std`.

#![expect(
    clippy::unwrap_used,
    reason = "a test panics where something unexpected happens"
)]

mod drops;
mod joins;
mod python;
#[macro_use]
mod streams;

generator_tests!(async_std);
given_up_tests!(async_std);
stream_tests!(async_std);
loop_tests!(async_std);

pyo3_aio::testing::main!();
