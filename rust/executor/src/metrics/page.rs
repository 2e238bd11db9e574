//! The pages on loopback: `/metrics` for Prometheus, `/status` for people and scripts, and `POST /control/ACTION` for the
//! person at the desk, who knows the token.

use std::cell::RefCell;
use std::convert::Infallible;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use wire::ControlAction;

use crate::core::Core;

/// Requests answered at the same time.
const MAX_REQUESTS: usize = 16;
/// For one request, from connecting to the last byte of the answer.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
const TOKEN: &str = "x-token";
const CONTROL: &str = "/control/";
const JSON: &str = "application/json";
const TEXT: &str = "text/plain; charset=utf-8";

/// Answers requests for ever.
pub async fn serve(listener: TcpListener, core: Rc<RefCell<Core>>) {
    let room = Arc::new(Semaphore::new(MAX_REQUESTS));
    loop {
        let Ok(permit) = Arc::clone(&room).acquire_owned().await else {
            return;
        };
        match listener.accept().await {
            Ok((stream, _)) => {
                let core = Rc::clone(&core);
                tokio::task::spawn_local(async move {
                    answer(stream, &core).await;
                    drop(permit);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "the metrics page cannot take a connection");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

async fn answer(stream: TcpStream, core: &Rc<RefCell<Core>>) {
    let service = service_fn(|request: Request<Incoming>| {
        let is_control = request.uri().path().starts_with(CONTROL);
        let response = if request.method() == Method::POST && is_control {
            control(&request, &mut core.borrow_mut())
        } else {
            respond(&request, &core.borrow())
        };
        async move { Ok::<_, Infallible>(response) }
    });
    let connection = http1::Builder::new()
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), service);
    match tokio::time::timeout(REQUEST_TIMEOUT, connection).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!(%error, "a request to the metrics page failed"),
        Err(_) => tracing::debug!("a request to the metrics page took too long"),
    }
}

/// `cancel_all`, `kill` or `resume`, whatever the trader does.
fn control<B>(request: &Request<B>, core: &mut Core) -> Response<Full<Bytes>> {
    let given = request.headers().get(TOKEN).and_then(|token| token.to_str().ok());
    if !given.is_some_and(|token| core.config().token.is(token)) {
        let text = "the header X-Token has to carry the token of the executor's token file\n";
        return page(StatusCode::FORBIDDEN, TEXT, text.to_owned());
    }
    let action = match request.uri().path() {
        "/control/cancel_all" => ControlAction::CancelAll,
        "/control/kill" => ControlAction::Kill,
        "/control/resume" => ControlAction::Resume,
        _ => {
            let text = "here are /control/cancel_all, /control/kill and /control/resume\n";
            return page(StatusCode::NOT_FOUND, TEXT, text.to_owned());
        }
    };
    core.control(action);
    page(StatusCode::OK, JSON, format!("{}\n", core.status()))
}

fn respond<B>(request: &Request<B>, core: &Core) -> Response<Full<Bytes>> {
    if request.method() != Method::GET {
        let mut response = page(
            StatusCode::METHOD_NOT_ALLOWED,
            TEXT,
            "only GET, and POST /control\n".to_owned(),
        );
        response
            .headers_mut()
            .insert(ALLOW, HeaderValue::from_static("GET"));
        return response;
    }
    match request.uri().path() {
        "/metrics" => match core.metrics_page() {
            Ok(text) => page(StatusCode::OK, OPEN_METRICS, text),
            Err(error) => page(StatusCode::INTERNAL_SERVER_ERROR, TEXT, format!("{error}\n")),
        },
        "/status" => page(StatusCode::OK, JSON, format!("{}\n", core.status())),
        _ => page(
            StatusCode::NOT_FOUND,
            TEXT,
            "here are /metrics and /status\n".to_owned(),
        ),
    }
}

fn page(status: StatusCode, content_type: &'static str, text: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(text)));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}
