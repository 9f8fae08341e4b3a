//! Rust streams as Python's asynchronous generators.
//!
//! | module | contents |
//! | --- | --- |
//! | [`generator`] | the class [`RustGenerator`], and what happens when it is collected |
//! | [`methods`] | its methods: `__anext__`, `asend`, `athrow`, `aclose` |
//! | [`anext`] | the awaitable for one item |
//! | [`athrow`] | the awaitable that closes the generator |
//! | [`stream_slot`] | who has the Rust stream: states and transitions |
//! | [`runtime_poll`] | a poll of the stream on the runtime |
//! | [`source`] | the stream and its last item, without their types |
//! | [`asyncgen_hooks`] | `sys.set_asyncgen_hooks` |

mod anext;
mod asyncgen_hooks;
mod athrow;
mod generator;
mod methods;
mod runtime_poll;
mod source;
mod stream_slot;

pub(crate) use generator::RustGenerator;
pub(crate) use source::StreamSource;
