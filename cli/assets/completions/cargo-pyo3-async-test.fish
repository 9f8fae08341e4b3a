# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_cargo_pyo3_async_test_global_optspecs
    string join \n q/quiet v/verbose color= locked offline frozen h/help V/version
end

function __fish_cargo_pyo3_async_test_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_cargo_pyo3_async_test_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_cargo_pyo3_async_test_using_subcommand
    set -l cmd (__fish_cargo_pyo3_async_test_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_needs_command" -l color -d 'Coloring' -r -f -a "auto\t'If stderr is a terminal'
always\t'Always'
never\t'Never'"
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_needs_command" -s q -l quiet -d 'Print no status lines'
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_needs_command" -s v -l verbose -d 'Print more'
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_needs_command" -l locked -d 'Assert that `Cargo.lock` will remain unchanged'
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_needs_command" -l offline -d 'Run without accessing the network'
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_needs_command" -l frozen -d 'Equivalent to specifying both --locked and --offline'
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_needs_command" -s V -l version -d 'Print version'
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_needs_command" -f -a "init" -d 'Add a test target and everything that it needs to a crate'
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_needs_command" -f -a "new" -d 'Add one more test target'
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_needs_command" -f -a "add" -d 'Add one more test target'
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_needs_command" -f -a "list" -d 'List the test targets and their states'
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_needs_command" -f -a "doctor" -d 'Find problems that keep tests from building or running, and their solutions'
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_needs_command" -f -a "run" -d 'Run `cargo test` on the test targets, with libpython in the loader\'s paths'
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_needs_command" -f -a "ci" -d 'Write the workflow that runs the tests on GitHub or GitLab, on one machine or many'
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_needs_command" -f -a "runner" -d 'Run a program with libpython in the loader\'s paths: for `runner` in `.cargo/config.toml`'
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_needs_command" -f -a "completions" -d 'Print a completion script or the man page, or write all of them'
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_needs_command" -f -a "demo" -d 'Make a small extension crate and run its tests'
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_using_subcommand init" -l name -d 'Name of the test target' -r
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_using_subcommand init" -l runtime -d 'Runtime that the tests use [default: the one in use, else tokio]' -r -f -a "tokio\t'tokio'
async-std\t'async-std'
smol\t'smol'"
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_using_subcommand init" -l path -d 'Folder that holds the package pyo3-aio' -r -F
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_using_subcommand init" -l git -d 'Git repository that holds the package pyo3-aio' -r
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_using_subcommand init" -l version -d 'Version of pyo3-aio to ask the registry for' -r
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_using_subcommand init" -s p -l package -d 'Package to modify' -r
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_using_subcommand init" -l manifest-path -d 'Path to Cargo.toml' -r -F
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_using_subcommand init" -l color -d 'Coloring' -r -f -a "auto\t'If stderr is a terminal'
always\t'Always'
never\t'Never'"
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_using_subcommand init" -l lib -d 'Test the library too: its own unit tests, and that Python can import its `#[pymodule]`'
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_using_subcommand init" -l migrate -d 'Move from pyo3-async-runtimes or pyo3-asyncio to pyo3-aio'
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_using_subcommand init" -l check -d 'Change nothing, and exit with 1 if something would change'
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_using_subcommand init" -l force -d 'Replace the test file if it exists'
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_using_subcommand init" -l undo -d 'Take back what `init` has written, as far as it is unchanged and nothing else needs it'
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_using_subcommand init" -s n -l dry-run -d 'Show what would change, and change nothing'
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_using_subcommand init" -s q -l quiet -d 'Print no status lines'
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_using_subcommand init" -s v -l verbose -d 'Print more'
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_using_subcommand init" -l locked -d 'Assert that `Cargo.lock` will remain unchanged'
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_using_subcommand init" -l offline -d 'Run without accessing the network'
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_using_subcommand init" -l frozen -d 'Equivalent to specifying both --locked and --offline'
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_using_subcommand init" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_using_subcommand new" -l runtime -d 'Runtime that the tests use [default: the one in use, else tokio]' -r -f -a "tokio\t'tokio'
async-std\t'async-std'
smol\t'smol'"
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_using_subcommand new" -l path -d 'Folder that holds the package pyo3-aio' -r -F
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_using_subcommand new" -l git -d 'Git repository that holds the package pyo3-aio' -r
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_using_subcommand new" -l version -d 'Version of pyo3-aio to ask the registry for' -r
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_using_subcommand new" -s p -l package -d 'Package to modify' -r
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_using_subcommand new" -l manifest-path -d 'Path to Cargo.toml' -r -F
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_using_subcommand new" -l color -d 'Coloring' -r -f -a "auto\t'If stderr is a terminal'
always\t'Always'
never\t'Never'"
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_using_subcommand new" -s n -l dry-run -d 'Show what would change, and change nothing'
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_using_subcommand new" -s q -l quiet -d 'Print no status lines'
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_using_subcommand new" -s v -l verbose -d 'Print more'
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_using_subcommand new" -l locked -d 'Assert that `Cargo.lock` will remain unchanged'
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_using_subcommand new" -l offline -d 'Run without accessing the network'
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_using_subcommand new" -l frozen -d 'Equivalent to specifying both --locked and --offline'
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_using_subcommand new" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_using_subcommand add" -l runtime -d 'Runtime that the tests use [default: the one in use, else tokio]' -r -f -a "tokio\t'tokio'
async-std\t'async-std'
smol\t'smol'"
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_using_subcommand add" -l path -d 'Folder that holds the package pyo3-aio' -r -F
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_using_subcommand add" -l git -d 'Git repository that holds the package pyo3-aio' -r
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_using_subcommand add" -l version -d 'Version of pyo3-aio to ask the registry for' -r
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_using_subcommand add" -s p -l package -d 'Package to modify' -r
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_using_subcommand add" -l manifest-path -d 'Path to Cargo.toml' -r -F
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_using_subcommand add" -l color -d 'Coloring' -r -f -a "auto\t'If stderr is a terminal'
always\t'Always'
never\t'Never'"
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_using_subcommand add" -s n -l dry-run -d 'Show what would change, and change nothing'
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_using_subcommand add" -s q -l quiet -d 'Print no status lines'
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_using_subcommand add" -s v -l verbose -d 'Print more'
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_using_subcommand add" -l locked -d 'Assert that `Cargo.lock` will remain unchanged'
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_using_subcommand add" -l offline -d 'Run without accessing the network'
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_using_subcommand add" -l frozen -d 'Equivalent to specifying both --locked and --offline'
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_using_subcommand add" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_using_subcommand list" -l format -d 'Output format' -r -f -a "human\t'Text'
json\t'JSON'"
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_using_subcommand list" -s p -l package -d 'Package to modify' -r
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_using_subcommand list" -l manifest-path -d 'Path to Cargo.toml' -r -F
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_using_subcommand list" -l color -d 'Coloring' -r -f -a "auto\t'If stderr is a terminal'
always\t'Always'
never\t'Never'"
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_using_subcommand list" -s q -l quiet -d 'Print no status lines'
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_using_subcommand list" -s v -l verbose -d 'Print more'
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_using_subcommand list" -l locked -d 'Assert that `Cargo.lock` will remain unchanged'
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_using_subcommand list" -l offline -d 'Run without accessing the network'
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_using_subcommand list" -l frozen -d 'Equivalent to specifying both --locked and --offline'
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_using_subcommand list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_using_subcommand doctor" -l format -d 'Output format' -r -f -a "human\t'Text'
json\t'JSON'"
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_using_subcommand doctor" -s p -l package -d 'Package to modify' -r
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_using_subcommand doctor" -l manifest-path -d 'Path to Cargo.toml' -r -F
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_using_subcommand doctor" -l color -d 'Coloring' -r -f -a "auto\t'If stderr is a terminal'
always\t'Always'
never\t'Never'"
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_using_subcommand doctor" -l fix -d 'Repair the package\'s files as far as possible'
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_using_subcommand doctor" -s q -l quiet -d 'Print no status lines'
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_using_subcommand doctor" -s v -l verbose -d 'Print more'
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_using_subcommand doctor" -l locked -d 'Assert that `Cargo.lock` will remain unchanged'
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_using_subcommand doctor" -l offline -d 'Run without accessing the network'
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_using_subcommand doctor" -l frozen -d 'Equivalent to specifying both --locked and --offline'
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_using_subcommand doctor" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_using_subcommand run" -s F -l features -d 'Space-separated list of features to activate' -r
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_using_subcommand run" -s p -l package -d 'Package to modify' -r
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_using_subcommand run" -l manifest-path -d 'Path to Cargo.toml' -r -F
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_using_subcommand run" -l color -d 'Coloring' -r -f -a "auto\t'If stderr is a terminal'
always\t'Always'
never\t'Never'"
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_using_subcommand run" -s r -l release -d 'Build with optimizations'
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_using_subcommand run" -l no-fail-fast -d 'Run all test targets, even if one fails'
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_using_subcommand run" -l all-features -d 'Activate all available features'
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_using_subcommand run" -l no-default-features -d 'Do not activate the `default` feature'
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_using_subcommand run" -s q -l quiet -d 'Print no status lines'
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_using_subcommand run" -s v -l verbose -d 'Print more'
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_using_subcommand run" -l locked -d 'Assert that `Cargo.lock` will remain unchanged'
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_using_subcommand run" -l offline -d 'Run without accessing the network'
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_using_subcommand run" -l frozen -d 'Equivalent to specifying both --locked and --offline'
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_using_subcommand run" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_using_subcommand ci" -l shards -d 'Machines among which the tests are divided [default: 1]' -r
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_using_subcommand ci" -l python -d 'Versions of Python, such as 3.9,3.13 [default: the one in use]' -r
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_using_subcommand ci" -l os -d 'Machines of GitHub, such as ubuntu-latest,macos-latest [default: ubuntu-latest]' -r
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_using_subcommand ci" -s F -l features -d 'Features to build the tests with' -r
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_using_subcommand ci" -l manifest-path -d 'Path to Cargo.toml' -r -F
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_using_subcommand ci" -l color -d 'Coloring' -r -f -a "auto\t'If stderr is a terminal'
always\t'Always'
never\t'Never'"
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_using_subcommand ci" -l check -d 'Change nothing, and exit with 1 if something would change'
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_using_subcommand ci" -l try -d 'Take the workflow\'s steps on this machine: build an archive, unpack it elsewhere, run each part'
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_using_subcommand ci" -l force -d 'Replace a workflow that was changed by hand'
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_using_subcommand ci" -s n -l dry-run -d 'Show what would change, and change nothing'
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_using_subcommand ci" -s q -l quiet -d 'Print no status lines'
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_using_subcommand ci" -s v -l verbose -d 'Print more'
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_using_subcommand ci" -l locked -d 'Assert that `Cargo.lock` will remain unchanged'
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_using_subcommand ci" -l offline -d 'Run without accessing the network'
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_using_subcommand ci" -l frozen -d 'Equivalent to specifying both --locked and --offline'
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_using_subcommand ci" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_using_subcommand runner" -l color -d 'Coloring' -r -f -a "auto\t'If stderr is a terminal'
always\t'Always'
never\t'Never'"
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_using_subcommand runner" -s q -l quiet -d 'Print no status lines'
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_using_subcommand runner" -s v -l verbose -d 'Print more'
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_using_subcommand runner" -l locked -d 'Assert that `Cargo.lock` will remain unchanged'
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_using_subcommand runner" -l offline -d 'Run without accessing the network'
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_using_subcommand runner" -l frozen -d 'Equivalent to specifying both --locked and --offline'
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_using_subcommand runner" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_using_subcommand completions" -l dir -d 'Write the scripts for all shells, and the man pages of all commands, into this folder' -r -F
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_using_subcommand completions" -l color -d 'Coloring' -r -f -a "auto\t'If stderr is a terminal'
always\t'Always'
never\t'Never'"
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_using_subcommand completions" -l man -d 'Print the man page'
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_using_subcommand completions" -s q -l quiet -d 'Print no status lines'
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_using_subcommand completions" -s v -l verbose -d 'Print more'
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_using_subcommand completions" -l locked -d 'Assert that `Cargo.lock` will remain unchanged'
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_using_subcommand completions" -l offline -d 'Run without accessing the network'
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_using_subcommand completions" -l frozen -d 'Equivalent to specifying both --locked and --offline'
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_using_subcommand completions" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_using_subcommand demo" -l runtime -d 'Runtime that the tests use [default: the one in use, else tokio]' -r -f -a "tokio\t'tokio'
async-std\t'async-std'
smol\t'smol'"
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_using_subcommand demo" -l path -d 'Folder that holds the package pyo3-aio' -r -F
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_using_subcommand demo" -l git -d 'Git repository that holds the package pyo3-aio' -r
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_using_subcommand demo" -l version -d 'Version of pyo3-aio to ask the registry for' -r
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_using_subcommand demo" -l color -d 'Coloring' -r -f -a "auto\t'If stderr is a terminal'
always\t'Always'
never\t'Never'"
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_using_subcommand demo" -s q -l quiet -d 'Print no status lines'
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_using_subcommand demo" -s v -l verbose -d 'Print more'
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_using_subcommand demo" -l locked -d 'Assert that `Cargo.lock` will remain unchanged'
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_using_subcommand demo" -l offline -d 'Run without accessing the network'
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_using_subcommand demo" -l frozen -d 'Equivalent to specifying both --locked and --offline'
complete -c cargo-pyo3-async-test -n "__fish_cargo_pyo3_async_test_using_subcommand demo" -s h -l help -d 'Print help (see more with \'--help\')'
