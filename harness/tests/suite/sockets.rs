//! Reports that a socket receives.

use std::io::Read;
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::thread;

use serde_json::Value;

use crate::child::run_with;

crate::tests!(
    every_event_is_one_write,
    a_file_that_does_not_block_is_waited_for,
);

/// Each write to a datagram socket is a message of its own.
fn every_event_is_one_write() {
    let (ours, theirs) = UnixDatagram::pair().unwrap();
    let reader = thread::spawn(move || {
        let mut buffer = vec![0; 1 << 16];
        let mut events = Vec::new();
        loop {
            let length = ours.recv(&mut buffer).unwrap();
            let event: Value = serde_json::from_slice(&buffer[..length]).unwrap();
            let is_last = event["type"] == "suite" && event["event"] != "started";
            assert_eq!(buffer[length - 1], b'\n', "{event}");
            events.push(event);
            if is_last {
                return events;
            }
        }
    });
    run_with("mixed", &["--format=json", "--test-threads=4"], |command| {
        command.stdout(OwnedFd::from(theirs));
    });
    assert_eq!(reader.join().unwrap().len(), 2 + 2 * 12);
}

/// A program that shares standard output may have it not block.
fn a_file_that_does_not_block_is_waited_for() {
    let (mut ours, theirs) = UnixStream::pair().unwrap();
    theirs.set_nonblocking(true).unwrap();
    let reader = thread::spawn(move || {
        let mut text = String::new();
        ours.read_to_string(&mut text).unwrap();
        text
    });
    let output = run_with("noisy", &["--test-threads=4"], |command| {
        command.stdout(OwnedFd::from(theirs));
    });
    let report = reader.join().unwrap();
    assert!(report.contains("0 passed; 4 failed;"));
    assert!(report.len() > 4 << 20);
    assert_eq!((output.stderr.as_str(), output.code), ("", Some(101)));
}
