//! The frames on the socket of parent and worker: a mark, the length of the payload in eight bytes, and the payload.

use std::io::{self, ErrorKind, Read, Write};
use std::mem;

/// Starts a frame, so that what a test writes to the socket is not taken for one.
const MARK: [u8; 4] = *b"\xfflta";

/// Writes a frame with one call.
pub(super) fn send(stream: &mut impl Write, encode: impl FnOnce(&mut Vec<u8>)) -> io::Result<()> {
    let mut frames = Vec::new();
    frame(&mut frames, encode);
    stream.write_all(&frames)
}

/// Appends a frame.
pub(super) fn frame(frames: &mut Vec<u8>, encode: impl FnOnce(&mut Vec<u8>)) {
    frames.extend_from_slice(&MARK);
    let start = frames.len();
    frames.extend_from_slice(&[0; 8]);
    encode(frames);
    let length = (frames.len() - start - 8) as u64;
    frames[start..start + 8].copy_from_slice(&length.to_le_bytes());
}

/// Reads one frame.
#[cfg(test)]
pub(super) fn receive(stream: impl Read) -> io::Result<Vec<u8>> {
    FrameReader::new(stream).receive()
}

/// The length of what comes before the payload of a frame: the mark, and the length of the payload.
const HEADER: u64 = MARK.len() as u64 + 8;

/// Reads frames. After an error, as of a read whose time is over, [`receive`](Self::receive) can be called again: it goes on
/// within the frame.
pub(super) struct FrameReader<R> {
    reader: R,
    /// The part of a frame that has been read.
    partial: Vec<u8>,
}

impl<R: Read> FrameReader<R> {
    pub(super) fn new(reader: R) -> Self {
        Self {
            reader,
            partial: Vec::new(),
        }
    }

    pub(super) fn get_ref(&self) -> &R {
        &self.reader
    }

    pub(super) fn get_mut(&mut self) -> &mut R {
        &mut self.reader
    }

    /// Reads a frame, and returns its payload.
    ///
    /// # Errors
    ///
    /// `InvalidData` if it is none.
    pub(super) fn receive(&mut self) -> io::Result<Vec<u8>> {
        self.read_up_to(MARK.len() as u64)?;
        if !self.partial.starts_with(&MARK) {
            return Err(malformed());
        }
        self.read_up_to(HEADER)?;
        let length = self.partial.get(MARK.len()..HEADER as usize);
        let length = length.and_then(|length| length.try_into().ok());
        let length = u64::from_le_bytes(length.ok_or_else(malformed)?);
        self.read_up_to(HEADER.saturating_add(length))?;
        let mut frame = mem::take(&mut self.partial);
        frame.drain(..HEADER as usize);
        Ok(frame)
    }

    /// Reads until there are so many bytes of the frame.
    fn read_up_to(&mut self, length: u64) -> io::Result<()> {
        let missing = length.saturating_sub(self.partial.len() as u64);
        let mut rest = self.reader.by_ref().take(missing);
        // If this fails, `partial` has the bytes that came before.
        match rest.read_to_end(&mut self.partial)? as u64 {
            read if read == missing => Ok(()),
            _ => Err(ErrorKind::UnexpectedEof.into()),
        }
    }
}

/// Returns the error of bytes that are none of this protocol.
pub(super) fn malformed() -> io::Error {
    io::Error::new(ErrorKind::InvalidData, "a malformed message")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_off_frame_is_an_error() {
        let mut stream = Vec::new();
        send(&mut stream, |frame| frame.extend_from_slice(b"abc")).unwrap();
        stream.pop();
        let cut_off = receive(&mut stream.as_slice()).unwrap_err();
        assert_eq!(cut_off.kind(), ErrorKind::UnexpectedEof);
        stream.insert(0, b'x');
        let shifted = receive(&mut stream.as_slice()).unwrap_err();
        assert_eq!(shifted.kind(), ErrorKind::InvalidData);
    }
}
