//! The venue's API: every call ends in what is known afterwards.

use std::cell::RefCell;
use std::sync::Arc;
use std::time::Duration;

use hyper::StatusCode;
use hyper::body::Bytes;
use hyper::header::{HeaderName, HeaderValue};
use orders::facts::{Answer, Bet};
use orders::{Instruction, Kind, Request};
use rustls::ClientConfig;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::bets::{Cleared, ClearedOrders, CurrentOrders, bets_of_cleared, centi};
use super::http::{Failure, Pool, Post};
use super::rpc::{self, NoResult};
use crate::config::{Betfair, ConfigError, Credentials};

/// The venue answers three listings of an account at a time; one is left to others.
const LISTINGS_MAX: usize = 2;
const BETTING: &str = "/exchange/betting/json-rpc/v1";
const ACCOUNT: &str = "/exchange/account/json-rpc/v1";
const HEARTBEAT: &str = "/exchange/heartbeat/json-rpc/v1";
const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";

/// Why there is no session.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    /// The venue does not want us: asking again is of no use.
    #[error("the venue refuses the log-in: {0}")]
    Refused(String),
    /// The venue was not reached, or said nothing that can be read.
    #[error("no log-in: {0}")]
    Failed(String),
}

/// What the venue says of the account.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Details {
    /// In which currency its money is.
    pub currency_code: String,
}

/// What the venue says of a heartbeat.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HeartbeatReport {
    /// What it has done.
    pub action_performed: String,
    /// After how many seconds of silence it acts.
    pub actual_timeout_seconds: i64,
}

/// The API with its connections and the present session.
#[derive(Debug)]
pub struct Api {
    config: Betfair,
    betting: Pool,
    identity: Pool,
    certlogin: Option<Pool>,
    token: RefCell<String>,
    listings: Semaphore,
    tls: Arc<ClientConfig>,
}

impl Api {
    /// No connection is open and nobody is logged in.
    ///
    /// # Errors
    /// [`ConfigError`] about files of certificates.
    pub fn new(config: Betfair) -> Result<Self, ConfigError> {
        let roots = super::tls::authorities(config.ca_file.as_deref())?;
        let tls = super::tls::client(&roots, None)?;
        let certlogin = match &config.credentials {
            Credentials::Certificate {
                cert_file, key_file, ..
            } => {
                let tls = super::tls::client(&roots, Some((cert_file, key_file)))?;
                Some(Pool::new(config.certlogin.clone(), &tls))
            }
            _ => None,
        };
        Ok(Self {
            betting: Pool::new(config.api.clone(), &tls),
            identity: Pool::new(config.identity.clone(), &tls),
            certlogin,
            token: RefCell::default(),
            listings: Semaphore::new(LISTINGS_MAX),
            tls,
            config,
        })
    }

    /// Where the venue is and who we are there.
    #[must_use]
    pub fn config(&self) -> &Betfair {
        &self.config
    }

    /// Our half of TLS, without a certificate of our own.
    #[must_use]
    pub fn tls(&self) -> &Arc<ClientConfig> {
        &self.tls
    }

    /// The present session's token; empty before the first log-in.
    #[must_use]
    pub fn token(&self) -> String {
        self.token.borrow().clone()
    }

    /// Keeps a connection open for the next request.
    pub async fn warm(&self) {
        self.betting.warm().await;
    }

    /// Sends a request that changes something. `more`: how much longer than usual its reply may take.
    pub async fn change(&self, request: &Request, more: Duration) -> Answer {
        let body = rpc::change(request, &self.config.strategy_ref);
        let due = Instant::now() + self.config.timeout + more;
        match self.call(BETTING, body, due).await {
            Err(failure) => NoResult::from(failure).into(),
            Ok((status, body)) => match rpc::result_of(status, &body) {
                Err(none) => none.into(),
                Ok(result) => rpc::answer_of(request, result),
            },
        }
    }

    /// Everything the venue has of what a look-up asks for, `None` if that cannot be said.
    ///
    /// # Errors
    /// [`NoResult`] of the call that failed.
    pub async fn look_up(&self, request: &Request) -> Result<Vec<Bet>, NoResult> {
        debug_assert_eq!(request.kind, Kind::LookUp);
        let _permit = self.listings.acquire().await.ok();
        let (mut refs, mut ids) = (Vec::new(), Vec::new());
        for instruction in &request.instructions {
            if let Instruction::LookUp { venue_ref, bet_id } = instruction {
                refs.push(venue_ref.as_str());
                ids.extend(bet_id.as_deref());
            }
        }
        let mut bets = self.current(&json!({"customerOrderRefs": refs})).await?;
        let missing = |bets: &[Bet]| -> Vec<String> {
            let is_missing = |id: &&&str| !bets.iter().any(|bet| bet.bet_id == **id);
            ids.iter().filter(is_missing).map(|id| (*id).to_owned()).collect()
        };
        // A replaced bet need not have the reference.
        let unseen = missing(&bets);
        if !unseen.is_empty() {
            bets.extend(self.current(&json!({"betIds": unseen})).await?);
        }
        let unseen = missing(&bets);
        if !unseen.is_empty() {
            bets.extend(self.cleared(&json!({"betIds": unseen})).await?);
        }
        let is_unseen = |reference: &&&str| {
            let reference = Some(**reference);
            !bets.iter().any(|bet| bet.order_ref.as_deref() == reference)
        };
        let unseen: Vec<&str> = refs.iter().filter(is_unseen).copied().collect();
        if !unseen.is_empty() {
            let found = self.cleared(&json!({"customerOrderRefs": unseen})).await?;
            let is_new = |bet: &Bet| !bets.iter().any(|known| known.bet_id == bet.bet_id);
            let found: Vec<Bet> = found.into_iter().filter(is_new).collect();
            bets.extend(found);
        }
        Ok(bets)
    }

    async fn current(&self, filter: &Value) -> Result<Vec<Bet>, NoResult> {
        let mut bets = Vec::new();
        loop {
            let mut parameters = filter.clone();
            parameters["fromRecord"] = json!(bets.len());
            let page: CurrentOrders = self
                .listing(BETTING, "SportsAPING/v1.0/listCurrentOrders", &parameters)
                .await?;
            let (is_last, count) = (!page.more_available, page.count());
            bets.extend(page.into_bets());
            if is_last || count == 0 {
                return Ok(bets);
            }
        }
    }

    async fn cleared(&self, filter: &Value) -> Result<Vec<Bet>, NoResult> {
        let calls: Vec<Value> = Cleared::ALL
            .iter()
            .map(|way| {
                let mut parameters = filter.clone();
                parameters["betStatus"] = json!(way.as_str());
                json!({"jsonrpc": "2.0", "method": "SportsAPING/v1.0/listClearedOrders",
                       "params": parameters, "id": way.as_str()})
            })
            .collect();
        let due = Instant::now() + self.config.timeout;
        let (status, body) = self
            .call(BETTING, json!(calls).to_string().into_bytes(), due)
            .await?;
        let results: Vec<ClearedOrders> = rpc::results_of(status, &body)?;
        let mut answers = Vec::new();
        for (way, orders) in Cleared::ALL.into_iter().zip(results) {
            if orders.more_available {
                return Err(NoResult::Lost("more cleared orders than fit".to_owned()));
            }
            answers.push((way, orders));
        }
        Ok(bets_of_cleared(answers))
    }

    /// What all bets of the account may cost, hundredths.
    ///
    /// # Errors
    /// [`NoResult`].
    pub async fn exposure_centi(&self) -> Result<i64, NoResult> {
        #[derive(Deserialize)]
        struct Funds {
            exposure: f64,
        }
        let funds: Funds = self
            .listing(ACCOUNT, "AccountAPING/v1.0/getAccountFunds", &json!({}))
            .await?;
        Ok(centi(funds.exposure.abs()))
    }

    /// Who the account is.
    ///
    /// # Errors
    /// [`NoResult`].
    pub async fn details(&self) -> Result<Details, NoResult> {
        self.listing(ACCOUNT, "AccountAPING/v1.0/getAccountDetails", &json!({}))
            .await
    }

    /// Tells the venue that we are there: after that many seconds of silence it cancels the account's LIMIT bets.
    ///
    /// # Errors
    /// [`NoResult`].
    pub async fn heartbeat(&self, seconds: u64) -> Result<HeartbeatReport, NoResult> {
        let parameters = json!({"preferredTimeoutSeconds": seconds});
        self.listing(HEARTBEAT, "HeartbeatAPING/v1.0/heartbeat", &parameters)
            .await
    }

    async fn listing<T: DeserializeOwned>(
        &self,
        path: &'static str,
        method: &str,
        parameters: &Value,
    ) -> Result<T, NoResult> {
        let due = Instant::now() + self.config.timeout;
        let (status, body) = self.call(path, rpc::body(method, parameters), due).await?;
        rpc::result_of(status, &body)
    }

    async fn call(&self, path: &str, body: Vec<u8>, due: Instant) -> Result<(StatusCode, Bytes), Failure> {
        let headers = vec![
            (
                HeaderName::from_static("x-application"),
                secret_value(self.config.app_key.expose())?,
            ),
            (
                HeaderName::from_static("x-authentication"),
                secret_value(&self.token.borrow())?,
            ),
        ];
        let post = Post {
            path,
            content_type: JSON,
            headers,
            body,
            due,
        };
        self.betting.post(post).await
    }

    // --- the session ----------------------------------------------------------------------------

    /// Opens a session.
    ///
    /// # Errors
    /// [`LoginError`].
    pub async fn log_in(&self) -> Result<(), LoginError> {
        let token = match &self.config.credentials {
            // Read anew: whoever keeps it fresh has written it anew.
            Credentials::TokenFile(file) => crate::config::Secret::load(file, "betfair.session.token_file")
                .map_err(|error| LoginError::Failed(error.to_string()))?
                .expose()
                .to_owned(),
            Credentials::Password { username, password }
            | Credentials::Certificate {
                username, password, ..
            } => self.ask_for_token(username.expose(), password.expose()).await?,
        };
        *self.token.borrow_mut() = token;
        Ok(())
    }

    async fn ask_for_token(&self, username: &str, password: &str) -> Result<String, LoginError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Login {
            #[serde(alias = "loginStatus")]
            status: String,
            #[serde(alias = "sessionToken")]
            token: Option<String>,
            error: Option<String>,
        }
        let form = form_urlencoded::Serializer::new(String::new())
            .append_pair("username", username)
            .append_pair("password", password)
            .finish();
        let (pool, path) = match &self.certlogin {
            Some(pool) => (pool, "/api/certlogin"),
            None => (&self.identity, "/api/login"),
        };
        let login: Login = self.identity_call(pool, path, form.into_bytes(), "").await?;
        match login.token {
            Some(token) if login.status == "SUCCESS" && !token.is_empty() => Ok(token),
            _ => {
                let error = login
                    .error
                    .filter(|error| !error.is_empty())
                    .unwrap_or(login.status);
                Err(LoginError::Refused(wire::cut(&error)))
            }
        }
    }

    /// Prolongs the session; false if there is none any more.
    ///
    /// # Errors
    /// [`LoginError::Failed`] if nobody can say.
    pub async fn keep_alive(&self) -> Result<bool, LoginError> {
        #[derive(Deserialize)]
        struct Kept {
            status: String,
        }
        if matches!(self.config.credentials, Credentials::TokenFile(_)) {
            return Ok(true); // it is somebody else's session
        }
        let token = self.token();
        let kept: Kept = self
            .identity_call(&self.identity, "/api/keepAlive", Vec::new(), &token)
            .await?;
        Ok(kept.status == "SUCCESS")
    }

    async fn identity_call<T: DeserializeOwned>(
        &self,
        pool: &Pool,
        path: &str,
        body: Vec<u8>,
        token: &str,
    ) -> Result<T, LoginError> {
        let failed = |error: &dyn std::fmt::Display| LoginError::Failed(error.to_string());
        let key = secret_value(self.config.app_key.expose()).map_err(|error| failed(&error))?;
        let mut headers = vec![(HeaderName::from_static("x-application"), key)];
        if !token.is_empty() {
            let token = secret_value(token).map_err(|error| failed(&error))?;
            headers.push((HeaderName::from_static("x-authentication"), token));
        }
        let post = Post {
            path,
            content_type: FORM,
            headers,
            body,
            due: Instant::now() + self.config.timeout,
        };
        let (status, body) = pool.post(post).await.map_err(|error| failed(&error))?;
        serde_json::from_slice(&body)
            .map_err(|error| LoginError::Failed(format!("{path} answers HTTP {}: {error}", status.as_u16())))
    }
}

fn secret_value(text: &str) -> Result<HeaderValue, Failure> {
    let mut value = HeaderValue::from_str(text)
        .map_err(|_| Failure::NotSent("a secret with characters that no header may have".to_owned()))?;
    value.set_sensitive(true);
    Ok(value)
}
