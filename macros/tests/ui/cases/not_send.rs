//! A test's future goes to the threads of its runtime.

use std::rc::Rc;

#[pyo3_aio::tokio::test]
async fn holds_what_is_not_send() { //~ future cannot be sent between threads safely
    let shared = Rc::new(());
    std::future::ready(()).await;
    drop(shared);
}

pyo3_aio::testing::main!();
