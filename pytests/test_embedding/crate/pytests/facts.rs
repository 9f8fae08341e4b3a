//! Prints what the interpreter takes itself for.
#![forbid(unsafe_code)]

use pyo3::ffi::c_str;
use pyo3::prelude::*;
use pyo3::types::PyDict;

#[pyo3_aio::tokio::test]
fn facts() -> PyResult<()> {
    Python::attach(|py| py.run(FACTS, Some(&PyDict::new(py)), None))
}

#[pyo3_aio::tokio::test]
async fn imports_the_module_of_the_crate() -> PyResult<()> {
    Python::attach(|py| {
        let answer = py.import("embedded")?.call_method0("answer")?;
        assert_eq!(answer.extract::<u8>()?, 42);
        Ok(())
    })
}

const FACTS: &std::ffi::CStr = c_str!(
    "
import importlib.util, subprocess, sys
print('version=' + sys.version.split()[0])
print('prefix=' + sys.prefix)
print('executable=' + sys.executable)
child = [sys.executable, '-c', 'import sys; print(sys.version.split()[0], sys.prefix)']
child = subprocess.run(child, stdout=subprocess.PIPE, check=True, text=True).stdout.strip()
print('child=' + child)
print('in venv only=' + str(importlib.util.find_spec('in_venv_only') is not None))
print('accented=caf\\u00e9')
with open('/proc/self/maps') as maps:
    paths = {line.split()[-1] for line in maps if 'libpython3' in line}
print('libpython=' + ' '.join(sorted(paths)))
"
);

pyo3_aio::testing::main!(modules = [embedded::embedded]);
