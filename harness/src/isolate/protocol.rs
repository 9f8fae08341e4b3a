//! What parent and worker say to each other: frames of a length, in four bytes, and that many
//! bytes. Both are the same binary, so there are no versions.

use std::borrow::Cow;
use std::io::{self, ErrorKind, Read, Write};
use std::time::Duration;

use super::Request;
use crate::failed::Measurement;
use crate::outcome::Outcome;

/// Answers a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reply {
    /// The worker is there. This comes once, before any request.
    Ready,
    /// The trial ended.
    Ended {
        outcome: Outcome,
        time: Option<Duration>,
    },
    /// The worker does not have the trial, or not any more: it can run each one once.
    Unavailable,
}

/// Writes a frame with one call.
pub(super) fn send(stream: &mut impl Write, payload: &[u8]) -> io::Result<()> {
    let mut frame = (payload.len() as u32).to_le_bytes().to_vec();
    frame.extend_from_slice(payload);
    stream.write_all(&frame)
}

/// Reads a frame.
pub(super) fn receive(stream: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut length = [0; 4];
    stream.read_exact(&mut length)?;
    let mut payload = vec![0; u32::from_le_bytes(length) as usize];
    stream.read_exact(&mut payload)?;
    Ok(payload)
}

impl Request {
    pub(super) fn encode(&self) -> Vec<u8> {
        [&self.occurrence.to_le_bytes(), self.name.as_bytes()].concat()
    }

    pub(super) fn decode(payload: &[u8]) -> io::Result<Self> {
        let (occurrence, name) = payload.split_first_chunk().ok_or_else(malformed)?;
        Ok(Self {
            name: text(name)?,
            occurrence: u32::from_le_bytes(*occurrence),
        })
    }
}

impl Reply {
    pub(super) fn encode(&self) -> Vec<u8> {
        let (outcome, time) = match self {
            Self::Ready => return b"r".to_vec(),
            Self::Unavailable => return b"u".to_vec(),
            Self::Ended { outcome, time } => (outcome, time),
        };
        let nanoseconds = time.map_or(u64::MAX, |time| time.as_nanos() as u64);
        let (tag, rest) = encode_outcome(outcome);
        [&[tag], &nanoseconds.to_le_bytes()[..], &rest].concat()
    }

    pub(super) fn decode(payload: &[u8]) -> io::Result<Self> {
        let (tag, rest) = payload.split_first().ok_or_else(malformed)?;
        match tag {
            b'r' => return Ok(Self::Ready),
            b'u' => return Ok(Self::Unavailable),
            _ => {}
        }
        let (nanoseconds, rest) = rest.split_first_chunk().ok_or_else(malformed)?;
        let time = match u64::from_le_bytes(*nanoseconds) {
            u64::MAX => None,
            nanoseconds => Some(Duration::from_nanos(nanoseconds)),
        };
        let outcome = decode_outcome(*tag, rest)?;
        Ok(Self::Ended { outcome, time })
    }
}

fn encode_outcome(outcome: &Outcome) -> (u8, Vec<u8>) {
    match outcome {
        Outcome::Passed => (b'p', Vec::new()),
        Outcome::Failed => (b'f', Vec::new()),
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
        b'f' => Outcome::Failed,
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

fn text(bytes: &[u8]) -> io::Result<String> {
    String::from_utf8(bytes.to_vec()).map_err(|_| malformed())
}

fn malformed() -> io::Error {
    io::Error::new(ErrorKind::InvalidData, "a malformed message")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies_and_requests_survive_the_way() {
        let time = Some(Duration::from_nanos(5));
        let outcomes = [
            Outcome::Passed,
            Outcome::Failed,
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
        let mut replies = vec![Reply::Ready, Reply::Unavailable];
        replies.extend(outcomes.map(|outcome| Reply::Ended { outcome, time }));
        let mut stream = Vec::new();
        for reply in &replies {
            send(&mut stream, &reply.encode()).unwrap();
        }
        let mut stream = stream.as_slice();
        for reply in replies {
            assert_eq!(
                Reply::decode(&receive(&mut stream).unwrap()).unwrap(),
                reply
            );
        }
        let request = Request {
            name: "a::b".into(),
            occurrence: 7,
        };
        assert_eq!(Request::decode(&request.encode()).unwrap(), request);
    }

    #[test]
    fn a_cut_off_frame_is_an_error() {
        let mut stream = Vec::new();
        send(&mut stream, b"abc").unwrap();
        stream.pop();
        assert!(receive(&mut stream.as_slice()).is_err());
        assert!(Reply::decode(b"p").is_err());
        assert!(Reply::decode(b"").is_err());
    }
}
