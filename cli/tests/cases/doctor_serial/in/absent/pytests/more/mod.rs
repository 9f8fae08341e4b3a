#[pyo3_aio::smol::test(serial)]
fn third() {}

#[pyo3_aio::smol::test(serial)]
fn fourth() {}
