//! The error of a `--tag` that names a tag which no test has.

use std::collections::BTreeSet;
use std::error::Error;
use std::fmt;

use crate::args::Arguments;
use crate::trial::Trial;

/// No test has a tag of this name.
#[derive(Debug)]
pub(crate) struct UnknownTag {
    name: String,
    known: Vec<String>,
}

impl UnknownTag {
    /// Fails if `--tag` names a tag that none of all these trials has.
    pub(crate) fn check(args: &Arguments, trials: &[Trial]) -> Result<(), Self> {
        let Some(filter) = &args.tag else {
            return Ok(());
        };
        let known: BTreeSet<&str> = trials.iter().flat_map(Trial::tags).collect();
        match filter.unknown(|name| known.contains(name)) {
            None => Ok(()),
            Some(name) => Err(Self {
                name: name.to_owned(),
                known: known.into_iter().map(str::to_owned).collect(),
            }),
        }
    }
}

impl fmt::Display for UnknownTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unknown tag `{}` in --tag: ", self.name)?;
        match self.known.as_slice() {
            [] => f.write_str("no test has tags"),
            known => write!(f, "the tests have the tags {}", known.join(", ")),
        }
    }
}

impl Error for UnknownTag {}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(expression: &str, trials: &[Trial]) -> String {
        let args = Arguments::parse(["suite", "--tag", expression]).unwrap();
        let error = UnknownTag::check(&args, trials).unwrap_err();
        error.to_string()
    }

    #[test]
    fn an_unknown_tag_is_an_error_that_lists_the_tags() {
        let tagged = |tags: &[&'static str]| Trial::test("t", || Ok(())).with_tags(tags.to_vec());
        let trials = [tagged(&["slow", "db"]), tagged(&["db"])];
        let expected = "unknown tag `fast` in --tag: the tests have the tags db, slow";
        assert_eq!(error("slow or not fast", &trials), expected);
        let expected = "unknown tag `fast` in --tag: no test has tags";
        assert_eq!(error("fast", &[tagged(&[])]), expected);
    }

    #[test]
    fn the_variable_may_name_tags_of_other_binaries() {
        let mut args = Arguments::parse(["suite", "--tag", "fast"]).unwrap();
        let filter = args.tag.as_mut().unwrap();
        filter.allows_unknown = true;
        assert!(UnknownTag::check(&args, &[]).is_ok());
    }
}
