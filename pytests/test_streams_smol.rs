//! Streams on `pyo3_aio::smol`.

#![expect(
    clippy::unwrap_used,
    reason = "a test panics where something unexpected happens"
)]

mod drops;
mod joins;
mod python;
#[macro_use]
mod streams;

generator_tests!(smol);
given_up_tests!(smol);
stream_tests!(smol);
loop_tests!(smol);

pyo3_aio::testing::main!();
