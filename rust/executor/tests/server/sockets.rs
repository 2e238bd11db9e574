//! A socket of the file system instead of a port (clause T5).

use std::io::{Read, Write};
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};

use serde_json::json;
use wire::{Decoder, Message};

use crate::running::{Running, SocketFolder, TOKEN, configuration, folder, run};
use crate::trader::hello;

fn say_hello(path: &str) -> Message {
    let mut stream = UnixStream::connect(path).unwrap();
    stream.set_read_timeout(Some(crate::running::PATIENCE)).unwrap();
    let mut frame = Vec::new();
    Message::from(hello(TOKEN, 0)).encode_frame(&mut frame).unwrap();
    stream.write_all(&frame).unwrap();
    let (mut decoder, mut bytes) = (Decoder::new(), [0; 4096]);
    loop {
        if let Some(body) = decoder.next_body().unwrap() {
            return Message::decode(body).unwrap();
        }
        let count = stream.read(&mut bytes).unwrap();
        assert!(count > 0, "the executor closed the connection");
        decoder.extend(&bytes[..count]);
    }
}

#[test]
fn t5_the_socket_is_for_its_owner_only_and_goes_with_the_executor() {
    let sockets = SocketFolder::new();
    let path = sockets.join("wire.sock");
    let changes = json!({"listen": {"transport": "uds", "socket": path}});
    let mut executor = Running::start(&changes);
    assert_eq!(executor.listening, format!("unix:{}", path.display()));
    let made = std::fs::metadata(&path).unwrap();
    assert!(made.file_type().is_socket());
    assert_eq!(made.permissions().mode() & 0o777, 0o600);
    assert!(matches!(say_hello(path.to_str().unwrap()), Message::HelloAck(_)));
    executor.signal("TERM");
    assert!(executor.wait().success());
    assert!(!path.exists());
}

#[test]
fn t5_what_a_killed_executor_left_behind_is_replaced() {
    let sockets = SocketFolder::new();
    let path = sockets.join("wire.sock");
    let changes = json!({"listen": {"transport": "uds", "socket": path}});
    let mut killed = Running::start(&changes);
    killed.signal("KILL");
    killed.wait();
    assert!(path.exists());
    let _second = Running::start(&changes);
    assert!(matches!(say_hello(path.to_str().unwrap()), Message::HelloAck(_)));
}

#[test]
fn t5_a_socket_somebody_listens_on_and_a_file_are_left_alone() {
    let (folder, sockets) = (folder(), SocketFolder::new());
    let (taken, file) = (sockets.join("taken.sock"), sockets.join("a_file"));
    let _listener = UnixListener::bind(&taken).unwrap();
    std::fs::write(&file, "precious").unwrap();
    for (path, why) in [
        (&taken, "another process listens there"),
        (&file, "no socket"),
        (&sockets.join("no/such/folder"), "No such file"),
    ] {
        let config = configuration(&folder, &json!({"listen": {"transport": "uds", "socket": path}}));
        let output = run(&["--config", config.to_str().unwrap()]);
        assert_eq!(output.status.code(), Some(3));
        let line = String::from_utf8(output.stderr).unwrap();
        assert!(line.contains(why) && line.contains("unix:"), "{line}");
    }
    assert_eq!(std::fs::read_to_string(file).unwrap(), "precious");
}

#[test]
fn t5_a_path_is_needed_and_may_not_be_too_long() {
    let folder = folder();
    for (socket, why) in [
        (json!(null), "listen.socket: a text was expected"),
        (
            json!("x".repeat(101)),
            "listen.socket: 101 bytes; the system takes 100",
        ),
    ] {
        let config = configuration(
            &folder,
            &json!({"listen": {"transport": "uds", "socket": socket}}),
        );
        let output = run(&["--config", config.to_str().unwrap()]);
        assert_eq!(output.status.code(), Some(2));
        let line = String::from_utf8(output.stderr).unwrap();
        assert!(line.contains(why), "{line}");
    }
}
