//! The file descriptor by which Rust threads wake an event loop without attaching to Python.
//!
//! On Linux an `eventfd`, on other Unix systems a pair of sockets. Elsewhere there is none, and the hub falls back
//! to a dispatcher thread.

#[cfg(unix)]
pub(crate) use fd::Wakeup;
#[cfg(not(unix))]
pub(crate) use none::Wakeup;

#[cfg(unix)]
mod fd {
    use std::io::{self, Read, Write};
    use std::os::fd::AsRawFd;

    #[cfg(target_os = "linux")]
    type End = std::fs::File;
    #[cfg(not(target_os = "linux"))]
    type End = std::os::unix::net::UnixStream;

    /// A wake-up that an event loop watches for reading.
    pub(crate) struct Wakeup {
        reader: End,
        /// An `eventfd` is both ends in one.
        #[cfg(not(target_os = "linux"))]
        writer: End,
    }

    impl Wakeup {
        /// Creates it; fails where the process has no file descriptors left.
        #[cfg(target_os = "linux")]
        pub(crate) fn new() -> io::Result<Self> {
            let reader = End::from(super::eventfd::eventfd()?);
            Ok(Self { reader })
        }

        /// Creates it; fails where the process has no file descriptors left.
        #[cfg(not(target_os = "linux"))]
        pub(crate) fn new() -> io::Result<Self> {
            let (reader, writer) = End::pair()?;
            reader.set_nonblocking(true)?;
            writer.set_nonblocking(true)?;
            Ok(Self { reader, writer })
        }

        /// The descriptor for `loop.add_reader`, or `None` where there is none.
        pub(crate) fn fd(&self) -> Option<i32> {
            Some(self.reader.as_raw_fd())
        }

        /// Makes the descriptor readable.
        pub(crate) fn notify(&self) {
            // It fails with `WouldBlock` alone, where the descriptor is readable already.
            let _ = self.writer().write(&1_u64.to_ne_bytes());
        }

        /// Makes the descriptor unreadable again. A drain calls it before it takes items: a push that comes later than that
        /// makes it readable anew.
        pub(crate) fn clear(&self) {
            let mut buffer = [0; 64];
            while (&self.reader)
                .read(&mut buffer)
                .is_ok_and(|n| n == buffer.len())
            {}
        }

        #[cfg(target_os = "linux")]
        fn writer(&self) -> &End {
            &self.reader
        }

        #[cfg(not(target_os = "linux"))]
        fn writer(&self) -> &End {
            &self.writer
        }
    }
}

#[cfg(target_os = "linux")]
mod eventfd {
    #![expect(unsafe_code, reason = "the standard library has no eventfd")]

    use std::io;
    use std::os::fd::{FromRawFd, OwnedFd};

    pub(crate) fn eventfd() -> io::Result<OwnedFd> {
        // SAFETY: the call takes no pointers.
        let fd = unsafe { libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the kernel has just handed this descriptor to us alone.
        Ok(unsafe { OwnedFd::from_raw_fd(fd) })
    }
}

#[cfg(not(unix))]
mod none {
    use std::io;

    /// Stands in on platforms whose loops cannot watch a descriptor.
    pub(crate) struct Wakeup;

    impl Wakeup {
        pub(crate) fn new() -> io::Result<Self> {
            Ok(Self)
        }

        pub(crate) fn fd(&self) -> Option<i32> {
            None
        }

        pub(crate) fn notify(&self) {}

        pub(crate) fn clear(&self) {}
    }
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    #![expect(unsafe_code, reason = "the standard library has no poll")]

    use super::Wakeup;

    #[test]
    fn it_is_readable_from_the_first_notification_until_it_is_cleared() {
        let wakeup = Wakeup::new().expect("there are file descriptors left");
        assert!(!is_readable(&wakeup));
        wakeup.notify();
        wakeup.notify();
        assert!(is_readable(&wakeup));
        wakeup.clear();
        assert!(!is_readable(&wakeup));
    }

    fn is_readable(wakeup: &Wakeup) -> bool {
        let mut poll = libc::pollfd {
            fd: wakeup.fd().expect("Linux has one"),
            events: libc::POLLIN,
            revents: 0,
        };
        // SAFETY: the pointer and the length describe the one structure above.
        unsafe { libc::poll(&raw mut poll, 1, 0) == 1 }
    }
}
