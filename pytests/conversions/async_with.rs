//! Rust futures within Python's `async with`.

use std::ffi::CStr;
use std::future::pending;

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use pyo3_aio::err::RustPanic;
use pyo3_aio::testing::skip;

use crate::fixtures::drops::Drops;
use crate::fixtures::python::python;
use crate::runtime;
use crate::runtime::{async_with, call};

const CODE: &CStr = c"
import contextvars
variable = contextvars.ContextVar('variable', default='outside')
events = []

class Manager:
    def __init__(self, value=1, suppress=(), enter=None, leave=None):
        self.value, self.suppress = value, suppress
        self.enter, self.leave = enter, leave
        self.drops = lambda: 0

    async def __aenter__(self):
        self.task = asyncio.current_task()
        variable.set('inside')
        if self.enter:
            raise self.enter
        events.append('enter')
        return self.value

    async def __aexit__(self, kind, error, traceback):
        assert self.task is asyncio.current_task()
        assert (kind is None) == (error is None)
        await asyncio.sleep(0)
        events.append(f'exit {kind and kind.__name__} {error} {self.drops()}')
        if self.leave:
            raise self.leave
        return isinstance(error, tuple(self.suppress))

async def settles(count):
    while len(events) < count:
        await asyncio.sleep(0)

async def get():
    return variable.get()

async def child():
    await asyncio.sleep(0.01)
    events.append('child')

async def cancel(manager):
    manager.task.cancel('why')
";

struct Program(Py<PyDict>);

impl Program {
    fn new() -> PyResult<Self> {
        Python::attach(|py| Ok(Self(python(py, CODE)?.unbind())))
    }

    fn eval(&self, code: &CStr) -> Py<PyAny> {
        Python::attach(|py| {
            let value = py.eval(code, Some(self.0.bind(py)), None);
            value.unwrap().unbind()
        })
    }

    fn events(&self) -> Vec<String> {
        Python::attach(|py| self.eval(c"events").extract(py).unwrap())
    }

    /// Waits until there are so many events.
    async fn settles(&self, events: usize) -> PyResult<()> {
        let settles = self.eval(c"settles");
        call::<Py<PyAny>>(&settles, (events,)).await.map(drop)
    }

    /// A manager that notes how many of the drops there are when it is left.
    fn manager_with(&self, drops: &Drops) -> PyResult<Py<PyAny>> {
        let manager = self.eval(c"Manager()");
        Python::attach(|py| manager.setattr(py, "drops", drops.function(py)?))?;
        Ok(manager)
    }
}

#[runtime::test]
async fn the_body_runs_between_enter_and_exit() -> PyResult<()> {
    let program = Program::new()?;
    let get = program.eval(c"get");
    let manager = program.eval(c"Manager(41)");
    let output = async_with(&manager, |number: u64| async move {
        let variable: String = call(&get, ()).await?;
        Ok((number + 1, variable))
    });
    let expected = (42, "inside".to_owned());
    assert_eq!(output.await?, Some(expected));
    assert_eq!(program.events(), ["enter", "exit None None 0"]);
    let outside: String = call(&program.eval(c"get"), ()).await?;
    assert_eq!(outside, "outside");
    Ok(())
}

#[runtime::test]
async fn an_error_of_the_body_is_that_of_the_statement_unless_it_is_suppressed() -> PyResult<()> {
    let program = Program::new()?;
    let mine = program.eval(c"globals().setdefault('mine', ValueError('mine'))");
    for (manager, is_suppressed) in [
        (c"Manager()", false),
        (c"Manager(suppress=[KeyError])", false),
        (c"Manager(suppress=[ValueError])", true),
    ] {
        let error = Python::attach(|py| PyErr::from_value(mine.bind(py).clone()));
        let manager = program.eval(manager);
        let output = async_with(&manager, |_: u64| async move { Err::<u64, _>(error) });
        match output.await {
            Ok(output) => assert!(is_suppressed && output.is_none()),
            Err(error) => Python::attach(|py| {
                assert!(!is_suppressed);
                assert!(error.value(py).is(&mine));
            }),
        }
    }
    assert_eq!(program.events()[1], "exit ValueError mine 0");
    assert_eq!(program.events().len(), 6);
    Ok(())
}

#[runtime::test]
async fn errors_of_enter_and_exit_are_those_of_the_statement() -> PyResult<()> {
    let program = Program::new()?;
    let drops = Drops::default();
    let guard = drops.guard();
    let manager = program.eval(c"Manager(enter=ValueError('enter'))");
    let output = async_with(&manager, move |_: u64| {
        drop(guard);
        async { Ok(()) }
    });
    assert_eq!(output.await.unwrap_err().to_string(), "ValueError: enter");
    assert_eq!(drops.count(), 1);
    let manager = program.eval(c"Manager(leave=ValueError('leave'))");
    let output = async_with(&manager, |_: u64| async { Ok(()) });
    assert_eq!(output.await.unwrap_err().to_string(), "ValueError: leave");
    let manager = program.eval(c"Manager('no number')");
    let output = async_with(&manager, |_: u64| async { Ok(()) });
    let error = output.await.unwrap_err();
    Python::attach(|py| assert!(error.is_instance_of::<PyTypeError>(py), "{error}"));
    assert!(program.events()[3].starts_with("exit TypeError"));
    let manager = program.eval(c"1");
    let output = async_with(&manager, |_: u64| async { Ok(()) });
    let error = output.await.unwrap_err().to_string();
    assert!(error.contains("__aenter__") || error.contains("asynchronous context manager"));
    Ok(())
}

#[runtime::test]
async fn a_panic_of_the_body_is_told_to_exit() -> PyResult<()> {
    let program = Program::new()?;
    let manager = program.eval(c"Manager()");
    let output = async_with::<u64, _, ()>(&manager, |_| async { panic!("in the body") });
    let panic = output.await.unwrap_err();
    Python::attach(|py| assert!(panic.is_instance_of::<RustPanic>(py), "{panic}"));
    assert!(program.events()[1].starts_with("exit RustPanic"));
    Ok(())
}

#[runtime::test]
async fn a_body_whose_statement_is_dropped_is_dropped_before_the_exit() -> PyResult<()> {
    let program = Program::new()?;
    let drops = Drops::default();
    let (guard, manager) = (drops.guard(), program.manager_with(&drops)?);
    let mut statement = Box::pin(async_with::<u64, _, ()>(&manager, |_| async move {
        let _guard = guard;
        pending().await
    }));
    let mut entered = Box::pin(program.settles(1));
    std::future::poll_fn(|cx| {
        assert!(statement.as_mut().poll(cx).is_pending());
        entered.as_mut().poll(cx)
    })
    .await?;
    drop(statement);
    program.settles(2).await?;
    assert_eq!(program.events(), ["enter", "exit CancelledError  1"]);
    Ok(())
}

#[runtime::test]
async fn python_may_cancel_the_statement() -> PyResult<()> {
    let program = Program::new()?;
    let drops = Drops::default();
    let (guard, manager) = (drops.guard(), program.manager_with(&drops)?);
    let cancel = program.eval(c"cancel");
    let theirs = Python::attach(|py| manager.clone_ref(py));
    let output = async_with(&manager, |_: u64| async move {
        let _guard = guard;
        call::<Py<PyAny>>(&cancel, (theirs,)).await?;
        pending::<PyResult<()>>().await
    });
    let error = output.await.unwrap_err().to_string();
    assert_eq!(error, "CancelledError: why");
    assert_eq!(program.events(), ["enter", "exit CancelledError why 1"]);
    Ok(())
}

#[runtime::test]
async fn time_outs_and_task_groups_of_asyncio_hold_a_body() -> PyResult<()> {
    let program = Program::new()?;
    let has_timeout = program.eval(c"hasattr(asyncio, 'timeout')");
    if !Python::attach(|py| has_timeout.extract::<bool>(py))? {
        skip!("asyncio has no `timeout` before Python 3.11");
    }
    let drops = Drops::default();
    let guard = drops.guard();
    let make = program.eval(c"lambda: asyncio.timeout(0.01)");
    let timeout = runtime::run_on_loop(move |py| make.call0(py)).await?;
    let output = async_with(&timeout, |_: Py<PyAny>| async move {
        let _guard = guard;
        pending::<PyResult<()>>().await
    });
    let error = output.await.unwrap_err();
    assert!(error.to_string().starts_with("TimeoutError"), "{error}");
    assert_eq!(drops.count(), 1);

    let group = program.eval(c"asyncio.TaskGroup()");
    let child = program.eval(c"child()");
    let output = async_with(&group, |group: Py<PyAny>| async move {
        runtime::run_on_loop(move |py| group.call_method1(py, "create_task", (child,))).await?;
        Ok(7)
    });
    assert_eq!(output.await?, Some(7));
    assert_eq!(program.events(), ["child"]);
    Ok(())
}

#[runtime::test]
async fn statements_nest() -> PyResult<()> {
    let program = Program::new()?;
    let (outer, inner) = (program.eval(c"Manager(1)"), program.eval(c"Manager(2)"));
    let output = async_with(&outer, |one: u64| async move {
        let inner = async_with(&inner, move |two: u64| async move {
            Err::<u64, _>(PyValueError::new_err(one + two))
        });
        inner.await
    });
    assert_eq!(output.await.unwrap_err().to_string(), "ValueError: 3");
    let expected = [
        "enter",
        "enter",
        "exit ValueError 3 0",
        "exit ValueError 3 0",
    ];
    assert_eq!(program.events(), expected);
    Ok(())
}
