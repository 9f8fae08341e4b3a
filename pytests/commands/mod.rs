//! Commands that run within another one.

use std::process::Command;

/// The command with SIGINT as a terminal has it: a shell in the background has it ignored, for its children too.
pub(crate) fn with_default_sigint(command: &Command) -> Command {
    within(&["env", "--default-signal=INT"], command)
}

/// The command, killed after a minute.
pub(crate) fn limited(command: &Command) -> Command {
    within(&["timeout", "--signal=KILL", "60"], command)
}

/// The command as an argument of another one of GNU's, where these are at hand.
fn within(outer: &[&str], command: &Command) -> Command {
    if !cfg!(target_os = "linux") {
        return clone(Command::new(command.get_program()), command);
    }
    let mut within = Command::new(outer[0]);
    within.args(&outer[1..]).arg(command.get_program());
    clone(within, command)
}

/// Gives a command the arguments and variables of another.
fn clone(mut to: Command, from: &Command) -> Command {
    to.args(from.get_args());
    for (name, value) in from.get_envs() {
        match value {
            Some(value) => to.env(name, value),
            None => to.env_remove(name),
        };
    }
    to
}
