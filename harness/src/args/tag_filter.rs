//! The expression of `--tag`.
//!
//! Its grammar is that of pytest's `-m`, without arguments of marks:
//!
//! ```text
//! any  = all ("or" all)*
//! all  = not ("and" not)*
//! not  = "not" not | "(" any ")" | TAG
//! ```

use std::error::Error;
use std::fmt;
use std::str::FromStr;

/// Selects tests by their tags, as `--tag` has it: names of tags with `and`, `or`, `not` and parentheses.
///
/// `not` binds more tightly than `and`, and that more tightly than `or`.
///
/// ```
/// use libtest_async::TagFilter;
///
/// let filter: TagFilter = "network and not (slow or flaky)".parse().unwrap();
/// assert!(filter.matches(&["network"]));
/// assert!(!filter.matches(&["network", "slow"]));
/// assert!("network and".parse::<TagFilter>().is_err());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagFilter {
    expression: Expression,
    /// Whether a tag that no test has selects nothing, instead of being an error.
    pub(crate) allows_unknown: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Expression {
    Tag(String),
    Not(Box<Self>),
    All(Vec<Self>),
    Any(Vec<Self>),
}

impl TagFilter {
    /// Says whether a test with these tags is selected.
    pub fn matches<T: AsRef<str>>(&self, tags: &[T]) -> bool {
        self.expression
            .matches(&|name| tags.iter().any(|tag| tag.as_ref() == name))
    }

    /// Returns a tag of the expression that is none of these, where that is an error.
    pub(crate) fn unknown(&self, is_known: impl Fn(&str) -> bool) -> Option<&str> {
        let mut names = Vec::new();
        self.expression.collect_names(&mut names);
        names.retain(|name| !self.allows_unknown && !is_known(name));
        names.first().copied()
    }
}

impl Expression {
    fn matches(&self, has: &dyn Fn(&str) -> bool) -> bool {
        match self {
            Self::Tag(name) => has(name),
            Self::Not(inner) => !inner.matches(has),
            Self::All(parts) => parts.iter().all(|part| part.matches(has)),
            Self::Any(parts) => parts.iter().any(|part| part.matches(has)),
        }
    }

    fn collect_names<'a>(&'a self, names: &mut Vec<&'a str>) {
        match self {
            Self::Tag(name) => names.push(name),
            Self::Not(inner) => inner.collect_names(names),
            Self::All(parts) | Self::Any(parts) => {
                parts.iter().for_each(|part| part.collect_names(names));
            }
        }
    }
}

/// Says whether a text can be the name of a tag: no word of the expressions, without blanks and parentheses.
pub(crate) fn is_tag(text: &str) -> bool {
    let is_plain = |c: char| !c.is_whitespace() && !c.is_control() && !matches!(c, '(' | ')');
    !text.is_empty() && !matches!(text, "and" | "or" | "not") && text.chars().all(is_plain)
}

impl FromStr for TagFilter {
    type Err = TagFilterError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut parser = Parser {
            words: words(text),
            depth: 0,
        };
        let expression = parser.any()?;
        match parser.words.pop() {
            None => Ok(Self {
                expression,
                allows_unknown: false,
            }),
            Some(word) => Err(TagFilterError::new("`and` or `or`", Some(word))),
        }
    }
}

/// Splits an expression into its words, the last one first.
fn words(text: &str) -> Vec<String> {
    let spaced = text.replace('(', " ( ").replace(')', " ) ");
    spaced.split_whitespace().rev().map(str::to_owned).collect()
}

/// The most parentheses and `not`s within each other, so that no expression overflows the stack.
const MAX_DEPTH: usize = 100;

struct Parser {
    /// The words that are left, the last one first.
    words: Vec<String>,
    depth: usize,
}

impl Parser {
    fn any(&mut self) -> Result<Expression, TagFilterError> {
        let parts = self.separated("or", Self::all)?;
        Ok(single_or(parts, Expression::Any))
    }

    fn all(&mut self) -> Result<Expression, TagFilterError> {
        let parts = self.separated("and", Self::not)?;
        Ok(single_or(parts, Expression::All))
    }

    fn not(&mut self) -> Result<Expression, TagFilterError> {
        self.depth += 1;
        let expression = match self.words.pop() {
            word if self.depth > MAX_DEPTH => Err(TagFilterError::new("less nesting", word)),
            Some(word) if word == "not" => Ok(Expression::Not(Box::new(self.not()?))),
            Some(word) if word == "(" => {
                let inner = self.any()?;
                match self.words.pop() {
                    Some(word) if word == ")" => Ok(inner),
                    other => Err(TagFilterError::new("`)`", other)),
                }
            }
            Some(word) if is_tag(&word) => Ok(Expression::Tag(word)),
            other => Err(TagFilterError::new("a tag", other)),
        };
        self.depth -= 1;
        expression
    }

    /// Parses one or more parts with this word between them.
    fn separated(
        &mut self,
        separator: &str,
        part: fn(&mut Self) -> Result<Expression, TagFilterError>,
    ) -> Result<Vec<Expression>, TagFilterError> {
        let mut parts = vec![part(self)?];
        while self.words.last().is_some_and(|word| word == separator) {
            self.words.pop();
            parts.push(part(self)?);
        }
        Ok(parts)
    }
}

fn single_or(mut parts: Vec<Expression>, combine: fn(Vec<Expression>) -> Expression) -> Expression {
    match parts.len() {
        1 => parts.remove(0),
        _ => combine(parts),
    }
}

/// An error in an expression of tags: the word that it stumbles over, and what would stand there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagFilterError {
    expected: &'static str,
    found: Option<String>,
}

impl TagFilterError {
    fn new(expected: &'static str, found: Option<String>) -> Self {
        Self { expected, found }
    }
}

impl fmt::Display for TagFilterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected {}, found ", self.expected)?;
        match &self.found {
            Some(word) => write!(f, "`{word}`"),
            None => f.write_str("the end"),
        }
    }
}

impl Error for TagFilterError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(expression: &str, tags: &[&str]) -> bool {
        let filter: TagFilter = expression.parse().unwrap();
        filter.matches(tags)
    }

    fn error(expression: &str) -> String {
        expression.parse::<TagFilter>().unwrap_err().to_string()
    }

    #[test]
    fn not_binds_more_tightly_than_and_which_does_more_than_or() {
        assert!(matches("a or b and c", &["a"]));
        assert!(!matches("(a or b) and c", &["a"]));
        assert!(!matches("not a and b", &["a", "b"]));
        assert!(matches("not (a and b)", &["a"]));
        assert!(matches("not not a", &["a"]));
        assert!(matches("not(a)or(b)", &["a", "b"]));
    }

    #[test]
    fn a_tag_may_have_any_characters_but_blanks_and_parentheses() {
        for tag in ["slow", "db:postgres", "ünï-code", "a.b/c+1", "And"] {
            assert!(matches(tag, &[tag]), "{tag}");
        }
        for text in ["", "a b", "and", "or", "not", "a(b", "\n", "a\0"] {
            assert!(!is_tag(text), "{text:?}");
        }
    }

    #[test]
    fn an_error_names_the_word_that_it_stumbles_over() {
        assert_eq!(error(""), "expected a tag, found the end");
        assert_eq!(error("a and"), "expected a tag, found the end");
        assert_eq!(error("a b"), "expected `and` or `or`, found `b`");
        assert_eq!(error("(a"), "expected `)`, found the end");
        assert_eq!(error("a)"), "expected `and` or `or`, found `)`");
        assert_eq!(error("or a"), "expected a tag, found `or`");
    }

    #[test]
    fn deep_nesting_is_an_error_and_no_overflow() {
        assert!(error(&"(".repeat(100_000)).starts_with("expected less nesting"));
        assert!(error(&"not ".repeat(100_000)).starts_with("expected less nesting"));
        let wide = vec!["a"; 100_000].join(" or ");
        assert!(matches(&wide, &["a"]));
    }
}
