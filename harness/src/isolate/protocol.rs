//! The protocol of parent and worker: the messages in frames. Both are the same binary, so there are no versions.

use std::borrow::Cow;
use std::io;
use std::time::Duration;

use super::Request;
use super::frame::malformed;
use crate::event::{Cause, Outcome};
use crate::job::Ended;
use crate::shared::FixtureTimes;
use crate::trial::Measurement;
use crate::unwind::PanicRecord;

/// Tells a worker what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Call {
    /// Run a trial, after those that were asked for before.
    Run(Request),
    /// Return the trials that have not started.
    Return,
    /// Print what the trial that runs is doing: its time is over. Run no other.
    Describe,
}

/// Answers the parent.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Reply {
    /// The worker is there. This comes once, before any call.
    Ready {
        /// Where in the file the output of the first trial starts.
        start: u64,
    },
    /// The first trial that was asked for, and has not ended, has.
    Ended {
        ended: Ended,
        /// Where in the file the output of the next trial starts.
        start: u64,
    },
    /// The worker does not have the first trial that was asked for, or not any more: it can run
    /// each one once. It will run no other.
    Unavailable,
    /// The set-up of the program has failed. This comes instead of `Ready`, and nothing comes after it.
    SetupFailed,
    /// The description of the trial that runs has been printed.
    Described,
    /// The number of trials that will not run: the last ones of those that had been asked for until then.
    Returned {
        count: usize,
        /// How many had been asked for. The parent may have asked for more meanwhile.
        received: u64,
    },
}

impl Call {
    pub(super) fn encode_run(request: &Request, frame: &mut Vec<u8>) {
        frame.push(b'r');
        frame.extend_from_slice(&request.occurrence.to_le_bytes());
        frame.extend_from_slice(request.name.as_bytes());
    }

    pub(super) fn encode_return(frame: &mut Vec<u8>) {
        frame.push(b'b');
    }

    pub(super) fn encode_describe(frame: &mut Vec<u8>) {
        frame.push(b'd');
    }

    pub(super) fn decode(payload: &[u8]) -> io::Result<Self> {
        let (tag, rest) = payload.split_first().ok_or_else(malformed)?;
        match tag {
            b'b' => return Ok(Self::Return),
            b'd' => return Ok(Self::Describe),
            _ => {}
        }
        let (occurrence, name) = rest.split_first_chunk().ok_or_else(malformed)?;
        Ok(Self::Run(Request {
            name: text(name)?,
            occurrence: u32::from_le_bytes(*occurrence),
        }))
    }
}

impl Reply {
    pub(super) fn encode(&self, frame: &mut Vec<u8>) {
        match self {
            Self::Ready { start } => {
                frame.push(b'r');
                frame.extend_from_slice(&start.to_le_bytes());
            }
            Self::Unavailable => frame.push(b'u'),
            Self::SetupFailed => frame.push(b's'),
            Self::Described => frame.push(b'd'),
            Self::Returned { count, received } => {
                frame.push(b'b');
                frame.extend_from_slice(&received.to_le_bytes());
                frame.extend_from_slice(&(*count as u64).to_le_bytes());
            }
            Self::Ended { ended, start } => {
                frame.push(b'e');
                frame.extend_from_slice(&start.to_le_bytes());
                encode_ended(ended, frame);
            }
        }
    }

    pub(super) fn decode(payload: &[u8]) -> io::Result<Self> {
        let (tag, rest) = payload.split_first().ok_or_else(malformed)?;
        match tag {
            b'u' => return Ok(Self::Unavailable),
            b's' => return Ok(Self::SetupFailed),
            b'd' => return Ok(Self::Described),
            _ => {}
        }
        let (number, rest) = rest.split_first_chunk().ok_or_else(malformed)?;
        let number = u64::from_le_bytes(*number);
        match tag {
            b'r' => Ok(Self::Ready { start: number }),
            b'b' => {
                let (count, _) = rest.split_first_chunk().ok_or_else(malformed)?;
                Ok(Self::Returned {
                    count: u64::from_le_bytes(*count) as usize,
                    received: number,
                })
            }
            b'e' => Ok(Self::Ended {
                ended: decode_ended(rest)?,
                start: number,
            }),
            _ => Err(malformed()),
        }
    }
}

fn encode_ended(ended: &Ended, frame: &mut Vec<u8>) {
    let elapsed = ended
        .elapsed
        .map_or(u64::MAX, |elapsed| elapsed.as_nanos() as u64);
    let (tag, rest) = encode_outcome(&ended.outcome);
    frame.extend_from_slice(&elapsed.to_le_bytes());
    let fixtures = ended.fixtures.as_deref().copied().unwrap_or_default();
    for time in [fixtures.setup, fixtures.teardown] {
        frame.extend_from_slice(&(time.as_nanos() as u64).to_le_bytes());
    }
    frame.push(tag);
    frame.extend_from_slice(&(rest.len() as u64).to_le_bytes());
    frame.extend_from_slice(&rest);
    frame.extend_from_slice(&ended.output);
}

fn decode_ended(payload: &[u8]) -> io::Result<Ended> {
    let (elapsed, rest) = payload.split_first_chunk().ok_or_else(malformed)?;
    let (setup, rest) = rest.split_first_chunk().ok_or_else(malformed)?;
    let (teardown, rest) = rest.split_first_chunk().ok_or_else(malformed)?;
    let time = |nanoseconds: &[u8; 8]| Duration::from_nanos(u64::from_le_bytes(*nanoseconds));
    let fixtures = FixtureTimes {
        setup: time(setup),
        teardown: time(teardown),
    };
    let (tag, rest) = rest.split_first().ok_or_else(malformed)?;
    let (length, rest) = rest.split_first_chunk().ok_or_else(malformed)?;
    let length = u64::from_le_bytes(*length) as usize;
    let (outcome, output) = rest.split_at_checked(length).ok_or_else(malformed)?;
    Ok(Ended {
        outcome: decode_outcome(*tag, outcome)?,
        output: output.to_vec(),
        elapsed: match u64::from_le_bytes(*elapsed) {
            u64::MAX => None,
            nanoseconds => Some(Duration::from_nanos(nanoseconds)),
        },
        fixtures: (fixtures != FixtureTimes::default()).then(|| Box::new(fixtures)),
    })
}

fn encode_outcome(outcome: &Outcome) -> (u8, Vec<u8>) {
    match outcome {
        Outcome::Passed => (b'p', Vec::new()),
        Outcome::Failed(None) => (b'f', Vec::new()),
        Outcome::Failed(Some(Cause::Error(message))) => (b'e', message.clone().into_bytes()),
        Outcome::Failed(Some(Cause::Panic(panic))) => (b'x', encode_panic(panic)),
        Outcome::FailedBecause(reason) => (b'b', reason.clone().into_bytes()),
        Outcome::TooSlow => (b's', Vec::new()),
        Outcome::Ignored { reason: None } => (b'i', Vec::new()),
        Outcome::Ignored {
            reason: Some(reason),
        } => (b'j', reason.as_bytes().to_vec()),
        Outcome::Measured(Measurement { avg, variance }) => {
            (b'm', [avg.to_le_bytes(), variance.to_le_bytes()].concat())
        }
    }
}

fn decode_outcome(tag: u8, rest: &[u8]) -> io::Result<Outcome> {
    Ok(match tag {
        b'p' => Outcome::Passed,
        b'f' => Outcome::Failed(None),
        b'e' => Outcome::Failed(Some(Cause::Error(text(rest)?))),
        b'x' => Outcome::Failed(Some(Cause::Panic(decode_panic(rest)?))),
        b'b' => Outcome::FailedBecause(text(rest)?),
        b's' => Outcome::TooSlow,
        b'i' => Outcome::Ignored { reason: None },
        b'j' => Outcome::Ignored {
            reason: Some(Cow::Owned(text(rest)?)),
        },
        b'm' => {
            let (avg, rest) = rest.split_first_chunk().ok_or_else(malformed)?;
            let (variance, _) = rest.split_first_chunk().ok_or_else(malformed)?;
            Outcome::Measured(Measurement {
                avg: u64::from_le_bytes(*avg),
                variance: u64::from_le_bytes(*variance),
            })
        }
        _ => return Err(malformed()),
    })
}

fn encode_panic(panic: &PanicRecord) -> Vec<u8> {
    let PanicRecord {
        message,
        file,
        line,
    } = panic;
    let length = file.len() as u64;
    [
        &line.to_le_bytes()[..],
        &length.to_le_bytes(),
        file.as_bytes(),
        message.as_bytes(),
    ]
    .concat()
}

fn decode_panic(payload: &[u8]) -> io::Result<PanicRecord> {
    let (line, rest) = payload.split_first_chunk().ok_or_else(malformed)?;
    let (length, rest) = rest.split_first_chunk().ok_or_else(malformed)?;
    let length = u64::from_le_bytes(*length) as usize;
    let (file, message) = rest.split_at_checked(length).ok_or_else(malformed)?;
    Ok(PanicRecord {
        message: text(message)?,
        file: text(file)?,
        line: u32::from_le_bytes(*line),
    })
}

fn text(bytes: &[u8]) -> io::Result<String> {
    String::from_utf8(bytes.to_vec()).map_err(|_| malformed())
}

#[cfg(test)]
mod tests {
    use super::super::frame::{frame, receive, send};
    use super::*;

    #[test]
    fn replies_survive_the_way() {
        let outcomes = [
            Outcome::Passed,
            Outcome::Failed(None),
            Outcome::Failed(Some(Cause::Error("no".into()))),
            Outcome::Failed(Some(Cause::Panic(PanicRecord {
                message: "two\nlines".into(),
                file: "src/ü.rs".into(),
                line: 7,
            }))),
            Outcome::FailedBecause("ü\n".into()),
            Outcome::TooSlow,
            Outcome::Ignored { reason: None },
            Outcome::Ignored {
                reason: Some("why".into()),
            },
            Outcome::Measured(Measurement {
                avg: 1,
                variance: u64::MAX,
            }),
        ];
        let mut replies = vec![
            Reply::Ready { start: 7 },
            Reply::Unavailable,
            Reply::SetupFailed,
            Reply::Described,
            Reply::Returned {
                count: 3,
                received: 1 << 33,
            },
        ];
        replies.extend(outcomes.map(|outcome| Reply::Ended {
            ended: Ended {
                outcome,
                output: b"printed\xff\n".to_vec(),
                elapsed: Some(Duration::from_nanos(5)),
                fixtures: Some(Box::new(FixtureTimes {
                    setup: Duration::from_nanos(3),
                    teardown: Duration::from_nanos(1),
                })),
            },
            start: 1 << 40,
        }));
        let mut stream = Vec::new();
        for reply in &replies {
            send(&mut stream, |frame| reply.encode(frame)).unwrap();
        }
        let mut stream = stream.as_slice();
        for reply in replies {
            assert_eq!(
                Reply::decode(&receive(&mut stream).unwrap()).unwrap(),
                reply
            );
        }
    }

    #[test]
    fn calls_survive_the_way() {
        let request = Request {
            name: "a::b".into(),
            occurrence: 7,
        };
        let mut stream = Vec::new();
        frame(&mut stream, |frame| Call::encode_run(&request, frame));
        frame(&mut stream, Call::encode_return);
        frame(&mut stream, Call::encode_describe);
        let mut stream = stream.as_slice();
        for call in [Call::Run(request), Call::Return, Call::Describe] {
            assert_eq!(Call::decode(&receive(&mut stream).unwrap()).unwrap(), call);
        }
    }

    #[test]
    fn a_reply_that_is_cut_off_is_an_error() {
        assert!(Reply::decode(b"e").is_err());
        assert!(Reply::decode(b"").is_err());
    }
}
