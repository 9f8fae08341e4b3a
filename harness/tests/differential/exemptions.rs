//! The one table of what may differ from libtest, and why.

use crate::matrix::Case;
use crate::ours::Mode;

/// What still has to hold.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rule {
    /// Standard output begins with libtest's.
    StartsAlike,
    /// Here the option is accepted.
    Accepted,
    /// Here what XML cannot hold is replaced.
    IsXml,
    /// Half lines, which std keeps in a buffer of all threads, are left out; the order counts for nothing.
    WithoutHalfLines,
    /// The exit codes are the same; the order of the output is a matter of luck.
    SameExit,
    /// Standard output is libtest's without what tests print there, which stands on standard error.
    ReportAlone,
    /// libtest's lines with a reason that has to be escaped are no JSON; all others are the same, and here all
    /// are JSON.
    UnescapedReason,
    /// libtest panics, and leaves a document without an end; here it is whole.
    PanickingJunit,
    /// libtest's process ends with success and without a result; here it fails, and says which test ran.
    ExitZero,
}

struct Exemption {
    /// The name of a case, or its start and a star.
    case: &'static str,
    binary: Option<&'static str>,
    rule: Rule,
    #[expect(dead_code, reason = "it is there for whoever reads the table")]
    why: &'static str,
}

const EXEMPTIONS: &[Exemption] = &[
    on(
        "help*",
        None,
        Rule::StartsAlike,
        "our options come after libtest's text",
    ),
    on(
        "short-combined",
        None,
        Rule::StartsAlike,
        "our options come after libtest's text",
    ),
    on(
        "noz-*",
        None,
        Rule::Accepted,
        "what libtest keeps for nightly is open to all here",
    ),
    on(
        "t-twice-ok",
        None,
        Rule::Accepted,
        "cargo may pass it as well; newer libtests agree",
    ),
    on(
        "t-twice",
        None,
        Rule::SameExit,
        "newer libtests complain of the value, as we do",
    ),
    on(
        "color-twice",
        None,
        Rule::Accepted,
        "cargo may pass it as well; newer libtests agree",
    ),
    on(
        "unknown-short",
        None,
        Rule::Accepted,
        "-x stops after the first failure",
    ),
    on(
        "z-json-list",
        Some("sample"),
        Rule::UnescapedReason,
        "ignore_message is not escaped",
    ),
    on(
        "z-json-list-ignored",
        Some("sample"),
        Rule::UnescapedReason,
        "ignore_message is not escaped",
    ),
    on(
        "z-junit",
        Some("sample"),
        Rule::PanickingJunit,
        "libtest panics on a message with a newline",
    ),
    on(
        "z-junit",
        Some("noisy"),
        Rule::IsXml,
        "libtest's document holds control characters",
    ),
    on(
        "exit-0",
        Some("exits"),
        Rule::ExitZero,
        "process::exit(0) in a test looks like success",
    ),
    on(
        "z-json-nocapture",
        None,
        Rule::ReportAlone,
        "standard output belongs to a report for machines, and libtest prints there what is no JSON",
    ),
    on(
        "nocapture-t4",
        None,
        Rule::SameExit,
        "what tests print comes at any time",
    ),
    on(
        "quiet-t4",
        None,
        Rule::SameExit,
        "rows end where failures happen to be",
    ),
    on(
        "z-fail-fast-t4",
        None,
        Rule::SameExit,
        "it is luck what ran before the first failure",
    ),
    // The last one: cases that stand above, or run one test at a time, do not come here.
    on(
        "*",
        None,
        Rule::WithoutHalfLines,
        "half a line that tests at once leave in std's own buffer is shown with whichever test flushes it; \
         `--isolate` is exact",
    ),
];

const fn on(
    case: &'static str,
    binary: Option<&'static str>,
    rule: Rule,
    why: &'static str,
) -> Exemption {
    Exemption {
        case,
        binary,
        rule,
        why,
    }
}

/// Returns the rule for a case that need not be the same.
pub(crate) fn rule(binary: &str, mode: Mode, case: &Case) -> Option<Rule> {
    let found = EXEMPTIONS.iter().find(|exemption| {
        let is_named = match exemption.case.strip_suffix('*') {
            Some(start) => case.name.starts_with(start),
            None => case.name == exemption.case,
        };
        let is_exact = exemption.rule == Rule::WithoutHalfLines
            && (mode == Mode::Isolated || case.is_ordered());
        is_named && !is_exact && exemption.binary.is_none_or(|only| only == binary)
    });
    found.map(|exemption| exemption.rule)
}
