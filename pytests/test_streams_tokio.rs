//! Streams on `pyo3_aio::tokio`.

#![expect(
    clippy::unwrap_used,
    reason = "a test panics where something unexpected happens"
)]

mod drops;
mod joins;
mod python;
#[macro_use]
mod streams;

generator_tests!(tokio);
given_up_tests!(tokio);
stream_tests!(tokio);
loop_tests!(tokio);

pyo3_aio::testing::main!();
