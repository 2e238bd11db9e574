//! A venue that answers at once: as much of the protocol as an executor needs to place and to cancel.

use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};

/// Its threads run as long as the program.
pub struct FakeVenue {
    /// Where its API is.
    pub api: SocketAddr,
    /// Where its order stream is.
    pub stream: SocketAddr,
    books: Arc<Mutex<Books>>,
}

#[derive(Default)]
struct Books {
    /// Reference and whether it rests, by bet.
    bets: HashMap<String, (String, bool)>,
    by_ref: HashMap<String, String>,
    next: u64,
    last_place: Vec<u8>,
}

impl FakeVenue {
    pub fn start() -> io::Result<Self> {
        let (api, stream) = (
            TcpListener::bind("127.0.0.1:0")?,
            TcpListener::bind("127.0.0.1:0")?,
        );
        let venue = Self {
            api: api.local_addr()?,
            stream: stream.local_addr()?,
            books: Arc::default(),
        };
        let books = Arc::clone(&venue.books);
        std::thread::spawn(move || {
            for peer in api.incoming().flatten() {
                let books = Arc::clone(&books);
                std::thread::spawn(move || answer(peer, &books));
            }
        });
        std::thread::spawn(move || {
            for peer in stream.incoming().flatten() {
                std::thread::spawn(move || tell(peer));
            }
        });
        Ok(venue)
    }

    /// The bytes of the last request that placed something.
    pub fn last_request(&self) -> Vec<u8> {
        self.books
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .last_place
            .clone()
    }
}

/// A stream on which nothing happens.
fn tell(mut peer: TcpStream) -> io::Result<()> {
    let mut bytes = [0; 4_096];
    let _ = peer.read(&mut bytes)?;
    let image = r#"{"op":"ocm","id":2,"ct":"SUB_IMAGE","initialClk":"a","clk":"a","oc":[]}"#;
    peer.write_all(format!("{{\"op\":\"connection\",\"connectionId\":\"1\"}}\r\n{image}\r\n").as_bytes())?;
    loop {
        std::thread::sleep(Duration::from_millis(500));
        peer.write_all(b"{\"op\":\"ocm\",\"id\":2,\"ct\":\"HEARTBEAT\",\"clk\":\"a\"}\r\n")?;
    }
}

fn answer(mut peer: TcpStream, books: &Mutex<Books>) -> io::Result<()> {
    peer.set_nodelay(true)?;
    loop {
        let request = read_message(&mut peer)?;
        let reply = {
            let mut books = books.lock().unwrap_or_else(PoisonError::into_inner);
            books.reply(&request)
        };
        let text = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{reply}",
            reply.len()
        );
        peer.write_all(text.as_bytes())?;
    }
}

/// A whole message of HTTP, head and body.
pub fn read_message(peer: &mut impl Read) -> io::Result<Vec<u8>> {
    let (mut message, mut bytes) = (Vec::new(), [0; 16_384]);
    loop {
        let count = peer.read(&mut bytes)?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        message.extend_from_slice(&bytes[..count]);
        let Some(head) = message.windows(4).position(|four| four == b"\r\n\r\n") else {
            continue;
        };
        let text = String::from_utf8_lossy(&message[..head]).to_ascii_lowercase();
        let length = text
            .lines()
            .find_map(|line| line.strip_prefix("content-length:"))
            .and_then(|length| length.trim().parse::<usize>().ok())
            .unwrap_or(0);
        if message.len() >= head + 4 + length {
            return Ok(message);
        }
    }
}

impl Books {
    fn reply(&mut self, request: &[u8]) -> String {
        let body = request
            .windows(4)
            .position(|four| four == b"\r\n\r\n")
            .map_or(0, |head| head + 4);
        if request[body..].first() == Some(&b'[') {
            let empty = json!({"result": {"clearedOrders": [], "moreAvailable": false}});
            return json!([empty, empty, empty, empty]).to_string();
        }
        let call: Value = serde_json::from_slice(&request[body..]).unwrap_or_default();
        let method = call["method"]
            .as_str()
            .unwrap_or("")
            .rsplit('/')
            .next()
            .unwrap_or("");
        let parameters = &call["params"];
        let result = match method {
            "placeOrders" => {
                self.last_place = request.to_vec();
                self.place(parameters)
            }
            "cancelOrders" => self.cancel(parameters),
            "listCurrentOrders" => self.list(parameters),
            _ => json!({"currencyCode": "GBP", "exposure": 0}),
        };
        json!({"jsonrpc": "2.0", "result": result, "id": 1}).to_string()
    }

    fn place(&mut self, parameters: &Value) -> Value {
        let mut reports = Vec::new();
        for instruction in parameters["instructions"].as_array().into_iter().flatten() {
            self.next += 1;
            let (bet_id, reference) = (self.next.to_string(), instruction["customerOrderRef"].to_string());
            let reference = reference.trim_matches('"').to_owned();
            self.by_ref.insert(reference.clone(), bet_id.clone());
            self.bets.insert(bet_id.clone(), (reference, true));
            reports.push(
                json!({"status": "SUCCESS", "instruction": instruction, "betId": bet_id,
                                "placedDate": "2026-01-01T00:00:00.000Z", "averagePriceMatched": 0.0,
                                "sizeMatched": 0.0, "orderStatus": "EXECUTABLE"}),
            );
        }
        json!({"status": "SUCCESS", "marketId": parameters["marketId"], "instructionReports": reports})
    }

    fn cancel(&mut self, parameters: &Value) -> Value {
        let mut reports = Vec::new();
        for instruction in parameters["instructions"].as_array().into_iter().flatten() {
            if let Some(bet) = self.bets.get_mut(instruction["betId"].as_str().unwrap_or("")) {
                bet.1 = false;
            }
            reports.push(json!({"status": "SUCCESS", "instruction": instruction, "sizeCancelled": 5.0}));
        }
        json!({"status": "SUCCESS", "marketId": parameters["marketId"], "instructionReports": reports})
    }

    fn list(&self, parameters: &Value) -> Value {
        let named = |key: &str| -> Vec<String> {
            let texts = parameters[key].as_array().into_iter().flatten();
            texts.filter_map(Value::as_str).map(str::to_owned).collect()
        };
        let by_ref = named("customerOrderRefs")
            .into_iter()
            .filter_map(|name| self.by_ref.get(&name).cloned());
        let orders: Vec<Value> = by_ref
            .chain(named("betIds"))
            .filter_map(|bet_id| {
                let (reference, rests) = self.bets.get(&bet_id)?;
                let size = if *rests { 0.0 } else { 5.0 };
                Some(json!({
                    "betId": bet_id, "marketId": "1.200806927", "selectionId": 7_662_169, "handicap": 0.0,
                    "priceSize": {"price": 2.0, "size": 5.0}, "side": "BACK", "sizeCancelled": size,
                    "status": if *rests { "EXECUTABLE" } else { "EXECUTION_COMPLETE" },
                    "placedDate": "2030-01-01T00:00:00.000Z", "customerOrderRef": reference,
                }))
            })
            .collect();
        json!({"currentOrders": orders, "moreAvailable": false})
    }
}
