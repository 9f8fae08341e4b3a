
using namespace System.Management.Automation
using namespace System.Management.Automation.Language

Register-ArgumentCompleter -Native -CommandName 'cargo-pyo3-async-test' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $commandElements = $commandAst.CommandElements
    $command = @(
        'cargo-pyo3-async-test'
        for ($i = 1; $i -lt $commandElements.Count; $i++) {
            $element = $commandElements[$i]
            if ($element -isnot [StringConstantExpressionAst] -or
                $element.StringConstantType -ne [StringConstantType]::BareWord -or
                $element.Value.StartsWith('-') -or
                $element.Value -eq $wordToComplete) {
                break
        }
        $element.Value
    }) -join ';'

    $completions = @(switch ($command) {
        'cargo-pyo3-async-test' {
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Coloring')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no status lines')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no status lines')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Print more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Print more')
            [CompletionResult]::new('--locked', '--locked', [CompletionResultType]::ParameterName, 'Assert that `Cargo.lock` will remain unchanged')
            [CompletionResult]::new('--offline', '--offline', [CompletionResultType]::ParameterName, 'Run without accessing the network')
            [CompletionResult]::new('--frozen', '--frozen', [CompletionResultType]::ParameterName, 'Equivalent to specifying both --locked and --offline')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('init', 'init', [CompletionResultType]::ParameterValue, 'Add a test target and everything that it needs to a crate')
            [CompletionResult]::new('new', 'new', [CompletionResultType]::ParameterValue, 'Add one more test target')
            [CompletionResult]::new('add', 'add', [CompletionResultType]::ParameterValue, 'Add one more test target')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List the test targets and their states')
            [CompletionResult]::new('doctor', 'doctor', [CompletionResultType]::ParameterValue, 'Find problems that keep tests from building or running, and their solutions')
            [CompletionResult]::new('run', 'run', [CompletionResultType]::ParameterValue, 'Run `cargo test` on the test targets, with libpython in the loader''s paths')
            [CompletionResult]::new('ci', 'ci', [CompletionResultType]::ParameterValue, 'Write the workflow that runs the tests on GitHub or GitLab, on one machine or many')
            [CompletionResult]::new('runner', 'runner', [CompletionResultType]::ParameterValue, 'Run a program with libpython in the loader''s paths: for `runner` in `.cargo/config.toml`')
            [CompletionResult]::new('completions', 'completions', [CompletionResultType]::ParameterValue, 'Print a completion script or the man page, or write all of them')
            [CompletionResult]::new('demo', 'demo', [CompletionResultType]::ParameterValue, 'Make a small extension crate and run its tests')
            break
        }
        'cargo-pyo3-async-test;init' {
            [CompletionResult]::new('--name', '--name', [CompletionResultType]::ParameterName, 'Name of the test target')
            [CompletionResult]::new('--runtime', '--runtime', [CompletionResultType]::ParameterName, 'Runtime that the tests use [default: the one in use, else tokio]')
            [CompletionResult]::new('--path', '--path', [CompletionResultType]::ParameterName, 'Folder that holds the package pyo3-aio')
            [CompletionResult]::new('--git', '--git', [CompletionResultType]::ParameterName, 'Git repository that holds the package pyo3-aio')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Version of pyo3-aio to ask the registry for')
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'Package to modify')
            [CompletionResult]::new('--package', '--package', [CompletionResultType]::ParameterName, 'Package to modify')
            [CompletionResult]::new('--manifest-path', '--manifest-path', [CompletionResultType]::ParameterName, 'Path to Cargo.toml')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Coloring')
            [CompletionResult]::new('--lib', '--lib', [CompletionResultType]::ParameterName, 'Test the library too: its own unit tests, and that Python can import its `#[pymodule]`')
            [CompletionResult]::new('--migrate', '--migrate', [CompletionResultType]::ParameterName, 'Move from pyo3-async-runtimes or pyo3-asyncio to pyo3-aio')
            [CompletionResult]::new('--check', '--check', [CompletionResultType]::ParameterName, 'Change nothing, and exit with 1 if something would change')
            [CompletionResult]::new('--force', '--force', [CompletionResultType]::ParameterName, 'Replace the test file if it exists')
            [CompletionResult]::new('--undo', '--undo', [CompletionResultType]::ParameterName, 'Take back what `init` has written, as far as it is unchanged and nothing else needs it')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Show what would change, and change nothing')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Show what would change, and change nothing')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no status lines')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no status lines')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Print more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Print more')
            [CompletionResult]::new('--locked', '--locked', [CompletionResultType]::ParameterName, 'Assert that `Cargo.lock` will remain unchanged')
            [CompletionResult]::new('--offline', '--offline', [CompletionResultType]::ParameterName, 'Run without accessing the network')
            [CompletionResult]::new('--frozen', '--frozen', [CompletionResultType]::ParameterName, 'Equivalent to specifying both --locked and --offline')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'cargo-pyo3-async-test;new' {
            [CompletionResult]::new('--runtime', '--runtime', [CompletionResultType]::ParameterName, 'Runtime that the tests use [default: the one in use, else tokio]')
            [CompletionResult]::new('--path', '--path', [CompletionResultType]::ParameterName, 'Folder that holds the package pyo3-aio')
            [CompletionResult]::new('--git', '--git', [CompletionResultType]::ParameterName, 'Git repository that holds the package pyo3-aio')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Version of pyo3-aio to ask the registry for')
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'Package to modify')
            [CompletionResult]::new('--package', '--package', [CompletionResultType]::ParameterName, 'Package to modify')
            [CompletionResult]::new('--manifest-path', '--manifest-path', [CompletionResultType]::ParameterName, 'Path to Cargo.toml')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Coloring')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Show what would change, and change nothing')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Show what would change, and change nothing')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no status lines')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no status lines')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Print more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Print more')
            [CompletionResult]::new('--locked', '--locked', [CompletionResultType]::ParameterName, 'Assert that `Cargo.lock` will remain unchanged')
            [CompletionResult]::new('--offline', '--offline', [CompletionResultType]::ParameterName, 'Run without accessing the network')
            [CompletionResult]::new('--frozen', '--frozen', [CompletionResultType]::ParameterName, 'Equivalent to specifying both --locked and --offline')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'cargo-pyo3-async-test;add' {
            [CompletionResult]::new('--runtime', '--runtime', [CompletionResultType]::ParameterName, 'Runtime that the tests use [default: the one in use, else tokio]')
            [CompletionResult]::new('--path', '--path', [CompletionResultType]::ParameterName, 'Folder that holds the package pyo3-aio')
            [CompletionResult]::new('--git', '--git', [CompletionResultType]::ParameterName, 'Git repository that holds the package pyo3-aio')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Version of pyo3-aio to ask the registry for')
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'Package to modify')
            [CompletionResult]::new('--package', '--package', [CompletionResultType]::ParameterName, 'Package to modify')
            [CompletionResult]::new('--manifest-path', '--manifest-path', [CompletionResultType]::ParameterName, 'Path to Cargo.toml')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Coloring')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Show what would change, and change nothing')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Show what would change, and change nothing')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no status lines')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no status lines')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Print more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Print more')
            [CompletionResult]::new('--locked', '--locked', [CompletionResultType]::ParameterName, 'Assert that `Cargo.lock` will remain unchanged')
            [CompletionResult]::new('--offline', '--offline', [CompletionResultType]::ParameterName, 'Run without accessing the network')
            [CompletionResult]::new('--frozen', '--frozen', [CompletionResultType]::ParameterName, 'Equivalent to specifying both --locked and --offline')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'cargo-pyo3-async-test;list' {
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'Output format')
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'Package to modify')
            [CompletionResult]::new('--package', '--package', [CompletionResultType]::ParameterName, 'Package to modify')
            [CompletionResult]::new('--manifest-path', '--manifest-path', [CompletionResultType]::ParameterName, 'Path to Cargo.toml')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Coloring')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no status lines')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no status lines')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Print more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Print more')
            [CompletionResult]::new('--locked', '--locked', [CompletionResultType]::ParameterName, 'Assert that `Cargo.lock` will remain unchanged')
            [CompletionResult]::new('--offline', '--offline', [CompletionResultType]::ParameterName, 'Run without accessing the network')
            [CompletionResult]::new('--frozen', '--frozen', [CompletionResultType]::ParameterName, 'Equivalent to specifying both --locked and --offline')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'cargo-pyo3-async-test;doctor' {
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'Output format')
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'Package to modify')
            [CompletionResult]::new('--package', '--package', [CompletionResultType]::ParameterName, 'Package to modify')
            [CompletionResult]::new('--manifest-path', '--manifest-path', [CompletionResultType]::ParameterName, 'Path to Cargo.toml')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Coloring')
            [CompletionResult]::new('--fix', '--fix', [CompletionResultType]::ParameterName, 'Repair the package''s files as far as possible')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no status lines')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no status lines')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Print more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Print more')
            [CompletionResult]::new('--locked', '--locked', [CompletionResultType]::ParameterName, 'Assert that `Cargo.lock` will remain unchanged')
            [CompletionResult]::new('--offline', '--offline', [CompletionResultType]::ParameterName, 'Run without accessing the network')
            [CompletionResult]::new('--frozen', '--frozen', [CompletionResultType]::ParameterName, 'Equivalent to specifying both --locked and --offline')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'cargo-pyo3-async-test;run' {
            [CompletionResult]::new('-F', '-F ', [CompletionResultType]::ParameterName, 'Space-separated list of features to activate')
            [CompletionResult]::new('--features', '--features', [CompletionResultType]::ParameterName, 'Space-separated list of features to activate')
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'Package to modify')
            [CompletionResult]::new('--package', '--package', [CompletionResultType]::ParameterName, 'Package to modify')
            [CompletionResult]::new('--manifest-path', '--manifest-path', [CompletionResultType]::ParameterName, 'Path to Cargo.toml')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Coloring')
            [CompletionResult]::new('-r', '-r', [CompletionResultType]::ParameterName, 'Build with optimizations')
            [CompletionResult]::new('--release', '--release', [CompletionResultType]::ParameterName, 'Build with optimizations')
            [CompletionResult]::new('--no-fail-fast', '--no-fail-fast', [CompletionResultType]::ParameterName, 'Run all test targets, even if one fails')
            [CompletionResult]::new('--all-features', '--all-features', [CompletionResultType]::ParameterName, 'Activate all available features')
            [CompletionResult]::new('--no-default-features', '--no-default-features', [CompletionResultType]::ParameterName, 'Do not activate the `default` feature')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no status lines')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no status lines')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Print more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Print more')
            [CompletionResult]::new('--locked', '--locked', [CompletionResultType]::ParameterName, 'Assert that `Cargo.lock` will remain unchanged')
            [CompletionResult]::new('--offline', '--offline', [CompletionResultType]::ParameterName, 'Run without accessing the network')
            [CompletionResult]::new('--frozen', '--frozen', [CompletionResultType]::ParameterName, 'Equivalent to specifying both --locked and --offline')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'cargo-pyo3-async-test;ci' {
            [CompletionResult]::new('--shards', '--shards', [CompletionResultType]::ParameterName, 'Machines among which the tests are divided [default: 1]')
            [CompletionResult]::new('--python', '--python', [CompletionResultType]::ParameterName, 'Versions of Python, such as 3.9,3.13 [default: the one in use]')
            [CompletionResult]::new('--os', '--os', [CompletionResultType]::ParameterName, 'Machines of GitHub, such as ubuntu-latest,macos-latest [default: ubuntu-latest]')
            [CompletionResult]::new('-F', '-F ', [CompletionResultType]::ParameterName, 'Features to build the tests with')
            [CompletionResult]::new('--features', '--features', [CompletionResultType]::ParameterName, 'Features to build the tests with')
            [CompletionResult]::new('--manifest-path', '--manifest-path', [CompletionResultType]::ParameterName, 'Path to Cargo.toml')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Coloring')
            [CompletionResult]::new('--check', '--check', [CompletionResultType]::ParameterName, 'Change nothing, and exit with 1 if something would change')
            [CompletionResult]::new('--try', '--try', [CompletionResultType]::ParameterName, 'Take the workflow''s steps on this machine: build an archive, unpack it elsewhere, run each part')
            [CompletionResult]::new('--force', '--force', [CompletionResultType]::ParameterName, 'Replace a workflow that was changed by hand')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Show what would change, and change nothing')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Show what would change, and change nothing')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no status lines')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no status lines')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Print more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Print more')
            [CompletionResult]::new('--locked', '--locked', [CompletionResultType]::ParameterName, 'Assert that `Cargo.lock` will remain unchanged')
            [CompletionResult]::new('--offline', '--offline', [CompletionResultType]::ParameterName, 'Run without accessing the network')
            [CompletionResult]::new('--frozen', '--frozen', [CompletionResultType]::ParameterName, 'Equivalent to specifying both --locked and --offline')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'cargo-pyo3-async-test;runner' {
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Coloring')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no status lines')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no status lines')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Print more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Print more')
            [CompletionResult]::new('--locked', '--locked', [CompletionResultType]::ParameterName, 'Assert that `Cargo.lock` will remain unchanged')
            [CompletionResult]::new('--offline', '--offline', [CompletionResultType]::ParameterName, 'Run without accessing the network')
            [CompletionResult]::new('--frozen', '--frozen', [CompletionResultType]::ParameterName, 'Equivalent to specifying both --locked and --offline')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'cargo-pyo3-async-test;completions' {
            [CompletionResult]::new('--dir', '--dir', [CompletionResultType]::ParameterName, 'Write the scripts for all shells, and the man pages of all commands, into this folder')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Coloring')
            [CompletionResult]::new('--man', '--man', [CompletionResultType]::ParameterName, 'Print the man page')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no status lines')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no status lines')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Print more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Print more')
            [CompletionResult]::new('--locked', '--locked', [CompletionResultType]::ParameterName, 'Assert that `Cargo.lock` will remain unchanged')
            [CompletionResult]::new('--offline', '--offline', [CompletionResultType]::ParameterName, 'Run without accessing the network')
            [CompletionResult]::new('--frozen', '--frozen', [CompletionResultType]::ParameterName, 'Equivalent to specifying both --locked and --offline')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'cargo-pyo3-async-test;demo' {
            [CompletionResult]::new('--runtime', '--runtime', [CompletionResultType]::ParameterName, 'Runtime that the tests use [default: the one in use, else tokio]')
            [CompletionResult]::new('--path', '--path', [CompletionResultType]::ParameterName, 'Folder that holds the package pyo3-aio')
            [CompletionResult]::new('--git', '--git', [CompletionResultType]::ParameterName, 'Git repository that holds the package pyo3-aio')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Version of pyo3-aio to ask the registry for')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Coloring')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no status lines')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no status lines')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Print more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Print more')
            [CompletionResult]::new('--locked', '--locked', [CompletionResultType]::ParameterName, 'Assert that `Cargo.lock` will remain unchanged')
            [CompletionResult]::new('--offline', '--offline', [CompletionResultType]::ParameterName, 'Run without accessing the network')
            [CompletionResult]::new('--frozen', '--frozen', [CompletionResultType]::ParameterName, 'Equivalent to specifying both --locked and --offline')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
    })

    $completions.Where{ $_.CompletionText -like "$wordToComplete*" } |
        Sort-Object -Property ListItemText
}
