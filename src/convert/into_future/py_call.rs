//! The type [`PyCall`]: a call of an async function of Python's.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;

use pyo3::call::PyCallArgs;
use pyo3::conversion::FromPyObjectOwned;
use pyo3::exceptions::PyTypeError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use pyo3::{IntoPyObject, IntoPyObjectExt};

use crate::convert::into_future::PyFuture;
use crate::convert::into_future::future::call_on_loop;
use crate::convert::into_future::task::is_awaitable;
use crate::task_locals::TaskLocals;

/// A call of an async function or method of Python's, whose result Rust awaits: `call(&function, (1, 2)).await?`.
///
/// The call, too, happens on the thread of the event loop, with that loop running and in the context of the current task; so
/// the function may be any that returns an awaitable, such as `asyncio.gather` and `loop.run_in_executor`. The thread that
/// awaits attaches to Python when it starts the call, and when it extracts the result.
///
/// - **Lazy**: nothing is called before the first poll. [`PyCall::start`] starts at once, and returns a [`PyFuture`].
/// - **Drop** of the future before its end cancels the Python task, as that of a [`PyFuture`] does.
/// - **Errors** are the exceptions of the call, of the awaitable and of the extraction. `TypeError`: the function returned an
///   object that cannot be awaited. `RuntimeError`: there is no running event loop, or it is closed.
/// - **Panics** in a conversion of an argument are [`RustPanic`](crate::err::RustPanic).
#[must_use = "nothing is called before it is awaited"]
pub struct PyCall<'a, T> {
    object: &'a Py<PyAny>,
    call: Call,
    kwargs: Vec<Kwarg>,
    locals: Option<TaskLocals>,
    current_locals: fn(Python<'_>) -> PyResult<TaskLocals>,
    output: PhantomData<fn() -> T>,
}

/// Calls an object, or a method of it.
type Call = Box<
    dyn for<'py> FnOnce(
            &Bound<'py, PyAny>,
            Option<&Bound<'py, PyDict>>,
        ) -> PyResult<Bound<'py, PyAny>>
        + Send,
>;

/// Adds a keyword argument.
type Kwarg = Box<dyn FnOnce(&Bound<'_, PyDict>) -> PyResult<()> + Send>;

impl<'a, T> PyCall<'a, T> {
    /// Calls an object.
    pub(crate) fn function(
        function: &'a Py<PyAny>,
        args: impl for<'py> PyCallArgs<'py> + Send + 'static,
        current_locals: fn(Python<'_>) -> PyResult<TaskLocals>,
    ) -> Self {
        let call: Call = Box::new(|function, kwargs| function.call(args, kwargs));
        Self::new(function, call, current_locals)
    }

    /// Calls a method of an object.
    pub(crate) fn method(
        object: &'a Py<PyAny>,
        name: &str,
        args: impl for<'py> PyCallArgs<'py> + Send + 'static,
        current_locals: fn(Python<'_>) -> PyResult<TaskLocals>,
    ) -> Self {
        let name = name.to_owned();
        let call: Call = Box::new(|object, kwargs| object.call_method(name, args, kwargs));
        Self::new(object, call, current_locals)
    }

    fn new(
        object: &'a Py<PyAny>,
        call: Call,
        current_locals: fn(Python<'_>) -> PyResult<TaskLocals>,
    ) -> Self {
        Self {
            object,
            call,
            kwargs: Vec::new(),
            locals: None,
            current_locals,
            output: PhantomData,
        }
    }

    /// Adds a keyword argument.
    pub fn kwarg<V>(mut self, name: impl Into<Cow<'static, str>>, value: V) -> Self
    where
        V: for<'py> IntoPyObject<'py> + Send + 'static,
    {
        let name = name.into();
        self.kwargs.push(Box::new(move |kwargs| {
            let value = value.into_bound_py_any(kwargs.py())?;
            kwargs.set_item(&*name, value)
        }));
        self
    }

    /// Calls on the loop and in the context of these locals, instead of the current ones.
    pub fn with_locals(mut self, locals: &TaskLocals) -> Self {
        self.locals = Some(locals.clone());
        self
    }

    /// Starts the call at once. The output of the future is the object that Python returns.
    ///
    /// # Errors
    ///
    /// `RuntimeError`: there is no running event loop, or it is closed.
    pub fn start(self) -> PyResult<PyFuture> {
        Python::attach(|py| {
            let locals = match self.locals {
                Some(locals) => locals,
                None => (self.current_locals)(py)?,
            };
            let object = self.object.clone_ref(py);
            let (call, kwargs) = (self.call, self.kwargs);
            let call = move |py: Python<'_>| {
                let kwargs = keyword_arguments(py, kwargs)?;
                let returned = call(object.bind(py), kwargs.as_ref())?;
                require_returned_awaitable(object.bind(py), &returned)?;
                Ok(Some(returned.unbind()))
            };
            call_on_loop(py, &locals, Box::new(call))
        })
    }
}

impl PyCall<'_, Py<PyAny>> {
    /// Awaits the call for its end alone: `call(&close, ()).without_result().await?`. No type of the result is needed then.
    ///
    /// # Errors
    ///
    /// The errors of the call, as when it is awaited.
    pub async fn without_result(self) -> PyResult<()> {
        let output = self.start()?.await?;
        Python::attach(|_| drop(output));
        Ok(())
    }
}

impl<'a, T> IntoFuture for PyCall<'a, T>
where
    T: for<'py> FromPyObjectOwned<'py> + Send + 'a,
{
    type Output = PyResult<T>;
    type IntoFuture = Pin<Box<dyn Future<Output = PyResult<T>> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async {
            let output = self.start()?.await?;
            Python::attach(|py| extract(output.into_bound(py)))
        })
    }
}

impl<T> fmt::Debug for PyCall<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PyCall")
            .field("object", &self.object)
            .finish_non_exhaustive()
    }
}

fn keyword_arguments(py: Python<'_>, kwargs: Vec<Kwarg>) -> PyResult<Option<Bound<'_, PyDict>>> {
    if kwargs.is_empty() {
        return Ok(None);
    }
    let all = PyDict::new(py);
    kwargs.into_iter().try_for_each(|add| add(&all))?;
    Ok(Some(all))
}

/// Extracts a value.
pub(crate) fn extract<T>(object: Bound<'_, PyAny>) -> PyResult<T>
where
    T: for<'py> FromPyObjectOwned<'py>,
{
    object.extract().map_err(Into::into)
}

/// Checks that a call has returned an awaitable.
fn require_returned_awaitable(
    called: &Bound<'_, PyAny>,
    returned: &Bound<'_, PyAny>,
) -> PyResult<()> {
    if is_awaitable(returned)? {
        return Ok(());
    }
    let py = returned.py();
    let way_out = if returned.hasattr(intern!(py, "__aiter__"))? {
        "take an asynchronous iterable with `into_stream`"
    } else {
        "call a function that is not async within `run_on_loop`"
    };
    let class = returned.get_type();
    Err(PyTypeError::new_err(format!(
        "an awaitable is required, and {} returned an object of type {}: {way_out}",
        called.repr()?,
        class.name()?
    )))
}
