//! The arguments and variables to compare with.

use crate::terminal;

/// Cases that belong together.
#[derive(Clone)]
pub(crate) struct Group {
    pub(crate) name: String,
    pub(crate) cases: Vec<Case>,
}

/// One command line.
#[derive(Clone)]
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) variables: Vec<(String, String)>,
    pub(crate) arguments: Vec<String>,
}

impl Group {
    /// Says whether the group makes sense for a binary: what ends the process, or prints much,
    /// need not be tried with everything.
    pub(crate) fn is_for(&self, binary: &str) -> bool {
        let groups: &[&str] = match binary {
            "exits" => &["exits"],
            "noisy" => &["output", "terse", "json", "junit"],
            _ => return self.name != "exits",
        };
        groups.contains(&self.name.as_str())
    }
}

impl Case {
    /// Says whether standard output is a terminal.
    pub(crate) fn wants_terminal(&self) -> bool {
        self.name.starts_with("tty-")
    }

    /// Says whether the tests end in a certain order.
    pub(crate) fn is_ordered(&self) -> bool {
        let has = |word: &str| self.arguments.iter().any(|argument| argument == word);
        let is_serial =
            |(name, value): &(String, String)| name == "RUST_TEST_THREADS" && value == "1";
        has("--test-threads=1") || has("--list") || self.variables.iter().any(is_serial)
    }
}

/// Reads `matrix.txt`.
pub(crate) fn groups() -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for line in include_str!("matrix.txt").lines() {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        match line
            .strip_prefix('[')
            .and_then(|line| line.strip_suffix(']'))
        {
            Some(name) => groups.push(Group {
                name: name.to_owned(),
                cases: Vec::new(),
            }),
            None => {
                let group = groups.last_mut().expect("a group comes first");
                let case = case(line);
                if terminal::IS_AVAILABLE || !case.wants_terminal() {
                    group.cases.push(case);
                }
            }
        }
    }
    groups
}

fn case(line: &str) -> Case {
    let (name, rest) = line.split_once(": ").expect("a name and a colon");
    let (variables, arguments) = rest.split_once('$').expect("a dollar sign");
    let variables = variables.split_whitespace().map(|pair| {
        let (name, value) = pair.split_once('=').expect("a variable and its value");
        (name.to_owned(), value.to_owned())
    });
    let arguments = arguments
        .split_whitespace()
        .map(|word| word.replace("\"\"", ""));
    Case {
        name: name.to_owned(),
        variables: variables.collect(),
        arguments: arguments.collect(),
    }
}
