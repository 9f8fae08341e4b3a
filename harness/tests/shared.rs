//! An example: a server that all tests talk to, started by the first that asks for it and stopped after the last.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};

use libtest_async::{Failed, Shared, Trial};

/// Answers each line that begins a connection.
struct Server {
    address: SocketAddr,
    answers: AtomicUsize,
}

static IS_SET_UP: AtomicBool = AtomicBool::new(false);
static IS_SERVING: AtomicBool = AtomicBool::new(false);

/// The server, and the thread that it has.
static SERVER: Shared<(Server, JoinHandle<()>)> = Shared::new(&start).with_close(&stop);

async fn start() -> Result<(Server, JoinHandle<()>), Failed> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let server = Server {
        address: listener.local_addr()?,
        answers: AtomicUsize::new(0),
    };
    IS_SERVING.store(true, Ordering::SeqCst);
    let thread = thread::spawn(move || {
        while serve(&listener).is_some() {}
        IS_SERVING.store(false, Ordering::SeqCst);
    });
    Ok((server, thread))
}

/// Answers one connection; `None` once it is asked to stop.
fn serve(listener: &TcpListener) -> Option<()> {
    let (mut stream, _) = listener.accept().ok()?;
    let mut line = String::new();
    BufReader::new(&stream).read_line(&mut line).ok()?;
    stream.write_all(line.to_uppercase().as_bytes()).ok()?;
    (line != "stop\n").then_some(())
}

async fn stop((server, thread): &(Server, JoinHandle<()>)) -> Result<(), Failed> {
    assert_eq!(ask(server, "stop")?, "STOP\n");
    while !thread.is_finished() {
        thread::yield_now();
    }
    Ok(())
}

fn ask(server: &Server, question: &str) -> Result<String, Failed> {
    let mut stream = TcpStream::connect(server.address)?;
    writeln!(stream, "{question}")?;
    let mut answer = String::new();
    BufReader::new(stream).read_line(&mut answer)?;
    server.answers.fetch_add(1, Ordering::Relaxed);
    Ok(answer)
}

/// Runs before the first test.
async fn setup() -> Result<(), Failed> {
    IS_SET_UP.store(true, Ordering::SeqCst);
    Ok(())
}

/// Runs after the last test, when the server has stopped.
async fn teardown() -> Result<(), Failed> {
    assert!(!IS_SERVING.load(Ordering::SeqCst));
    Ok(())
}

libtest_async::main!(
    setup = setup,
    teardown = teardown,
    [
        Trial::async_test("an_async_test_asks_the_server", async {
            assert!(IS_SET_UP.load(Ordering::SeqCst));
            let (server, _thread) = SERVER.get().await?;
            assert_eq!(ask(server, "hello")?, "HELLO\n");
            Ok(())
        }),
        Trial::test("a_sync_test_asks_the_same_server", || {
            let (server, _thread) = SERVER.get_blocking()?;
            assert_eq!(ask(server, "world")?, "WORLD\n");
            assert!(server.answers.load(Ordering::Relaxed) > 0);
            Ok(())
        }),
    ]
);
