//! A JUnit document on one line.

use std::borrow::Cow;
use std::fmt::Write;

use crate::event::{Event, Finished, Tally};
use crate::outcome::Outcome;

use super::Reporter;

/// Writes libtest's JUnit document. Other than there, attributes are escaped and may hold
/// newlines.
pub(super) struct Junit {
    show_output: bool,
    cases: String,
}

impl Junit {
    pub(super) fn new(show_output: bool) -> Self {
        Self {
            show_output,
            cases: String::new(),
        }
    }

    fn case(&mut self, finished: &Finished) {
        let name = attribute(&finished.description.title());
        let time = finished.time.unwrap_or_default().as_secs_f64();
        let open = format!(r#"<testcase classname="integration" name="{name}" time="{time}""#);
        let failure = match &finished.outcome {
            Outcome::Ignored { .. } => return,
            Outcome::Measured(measured) => {
                let _ = write!(
                    self.cases,
                    r#"<testcase classname="benchmark::integration" name="{name}" time="{}" />"#,
                    measured.avg
                );
                return;
            }
            Outcome::Passed if finished.output.is_empty() || !self.show_output => {
                let _ = write!(self.cases, "{open}/>");
                return;
            }
            Outcome::Passed => String::new(),
            Outcome::Failed => r#"<failure type="assert"/>"#.to_owned(),
            Outcome::FailedBecause(reason) => {
                format!(
                    r#"<failure message="{}" type="assert"/>"#,
                    attribute(reason)
                )
            }
            Outcome::TooSlow => r#"<failure type="timeout"/>"#.to_owned(),
        };
        let _ = write!(self.cases, "{open}>{failure}");
        if !finished.output.is_empty() && finished.outcome != Outcome::TooSlow {
            let output = cdata(&String::from_utf8_lossy(&finished.output));
            let _ = write!(self.cases, "<system-out>{output}</system-out>");
        }
        self.cases.push_str("</testcase>");
    }

    fn end(&mut self, tally: &Tally, out: &mut String) {
        let Tally {
            failed,
            total,
            ignored,
            ..
        } = tally;
        let _ = writeln!(
            out,
            r#"<testsuites><testsuite name="test" package="test" id="0" errors="0" failures="{failed}" tests="{total}" skipped="{ignored}" >{}<system-out/><system-err/></testsuite></testsuites>"#,
            self.cases
        );
    }
}

impl Reporter for Junit {
    fn report(&mut self, event: &Event<'_>, out: &mut String) {
        match event {
            Event::RunStarted { .. } => {
                out.push_str(r#"<?xml version="1.0" encoding="UTF-8"?>"#);
            }
            Event::Finished(finished) => self.case(finished),
            Event::RunFinished(tally) => self.end(tally, out),
            _ => {}
        }
    }
}

/// Returns `text` for the inside of a double-quoted attribute.
fn attribute(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in allowed(text).chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' => escaped.push_str("&#xA;"),
            '\r' => escaped.push_str("&#xD;"),
            '\t' => escaped.push_str("&#x9;"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// Returns `text` as character data, without a line break in the document.
fn cdata(text: &str) -> String {
    let text = allowed(text)
        .replace("]]>", "]]]]><![CDATA[>")
        .replace("<?", "<]]><![CDATA[?")
        .replace('\n', "]]>&#xA;<![CDATA[")
        .replace("<![CDATA[]]>", "");
    format!("<![CDATA[{text}]]>")
}

/// Replaces the characters that XML 1.0 cannot hold at all.
fn allowed(text: &str) -> Cow<'_, str> {
    let is_forbidden = |character: char| matches!(character, '\0'..='\x08' | '\x0b' | '\x0c' | '\x0e'..='\x1f' | '\u{fffe}' | '\u{ffff}');
    if text.contains(is_forbidden) {
        Cow::Owned(text.replace(is_forbidden, "\u{fffd}"))
    } else {
        Cow::Borrowed(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_escaped_and_stay_on_one_line() {
        assert_eq!(
            attribute("a<b>&\"c\"\nd\x1b"),
            "a&lt;b&gt;&amp;&quot;c&quot;&#xA;d\u{fffd}"
        );
    }

    #[test]
    fn character_data_cannot_end_itself() {
        assert_eq!(
            cdata("a]]>b\n"),
            "<![CDATA[a]]]]><![CDATA[>b]]>&#xA;<![CDATA[]]>"
        );
    }
}
