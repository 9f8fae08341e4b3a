//! Uses of the extension module that are refused.

use crate::programs::ends_with;

/// CPython refuses the import from Python 3.12 on, as pyo3's modules do not declare that they support it. A second interpreter would share classes, caches and the event
/// loops' hubs with the first one.
#[pyo3_aio::tokio::test]
fn a_subinterpreter_is_told_that_it_cannot_import_the_module() {
    ends_with(
        9,
        "
import asyncio, extension, os, sys
try:
    import _interpreters as interpreters
except ImportError:
    # Before Python 3.13.
    import _xxsubinterpreters as interpreters
async def main():
    assert await extension.ready() == 1
asyncio.run(main())
reader, writer = os.pipe()
code = f'''
import os
try:
    import extension
    told = 'imported'
except ImportError as error:
    told = str(error)
os.write({writer}, told.encode())
'''
interpreter = interpreters.create()
run = getattr(interpreters, 'exec', None) or interpreters.run_string
run(interpreter, code)
told = os.read(reader, 1000).decode()
interpreters.destroy(interpreter)
# Before Python 3.12 nobody refuses the import, and nothing of this library is promised there.
assert ('subinterpreters' in told) == (sys.version_info >= (3, 12)), told
# Nothing has changed for the first interpreter.
asyncio.run(main())
sys.exit(9)
",
    );
}
