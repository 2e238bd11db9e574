//! The executor's binary over real sockets. Each test has an executor of its own on ports the system chooses.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a failing helper is a failing test"
)]

#[path = "server/connections.rs"]
mod connections;
#[path = "server/notify.rs"]
mod notify;
#[path = "server/orders.rs"]
mod orders;
#[path = "server/process.rs"]
mod process;
#[path = "server/reconfigure.rs"]
mod reconfigure;
#[path = "server/running.rs"]
mod running;
#[path = "server/scripts.rs"]
mod scripts;
#[path = "server/sessions.rs"]
mod sessions;
#[path = "server/sockets.rs"]
mod sockets;
#[path = "server/trader.rs"]
mod trader;
