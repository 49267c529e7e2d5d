//! Asks the daemon: one request a connection, an answer of bounded size in bounded time.

use std::io::{self, ErrorKind};
use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty, Limited};
use hyper::header::HOST;
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::de::DeserializeOwned;
use tokio::net::UnixStream;

use super::failure::Failure;
use crate::control::reply::ErrorReply;

/// How long an answer may take; the daemon gives up after 30 seconds itself.
const PATIENCE: Duration = Duration::from_secs(35);

/// The most octets of an answer: many times what a page holds.
const REPLY_MAX: usize = 64 * 1024 * 1024;

/// The way to the daemon.
#[derive(Debug)]
pub struct Client {
    socket: PathBuf,
}

/// A value as it stands in a path or a query.
pub fn encoded(value: &str) -> String {
    utf8_percent_encode(value, NON_ALPHANUMERIC).to_string()
}

impl Client {
    /// Asks at this socket.
    pub const fn new(socket: PathBuf) -> Self {
        Self { socket }
    }

    /// Asks for `path`, with those parameters that have a value.
    pub async fn ask<T: DeserializeOwned>(
        &self,
        path: &str,
        parameters: &[(&str, Option<&str>)],
    ) -> Result<T, Failure> {
        let given = parameters.iter().filter_map(|(name, value)| Some(format!("{name}={}", encoded((*value)?))));
        let query = given.collect::<Vec<_>>().join("&");
        let uri = if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") };
        self.request(Method::GET, path, &uri).await
    }

    /// Tells the daemon to do what `path` stands for.
    pub async fn post<T: DeserializeOwned>(&self, path: &str) -> Result<T, Failure> {
        self.request(Method::POST, path, path).await
    }

    async fn request<T: DeserializeOwned>(&self, method: Method, path: &str, uri: &str) -> Result<T, Failure> {
        let late = || self.unreachable(io::Error::new(ErrorKind::TimedOut, "no answer"));
        let (status, body) = tokio::time::timeout(PATIENCE, self.exchange(method, uri)).await.map_err(|_| late())??;
        if status == StatusCode::OK {
            return serde_json::from_slice(&body).map_err(|error| {
                Failure::Failed(format!(
                    "the answer of aliasd to {path} cannot be read ({error}); is it of this version?"
                ))
            });
        }
        let message = match serde_json::from_slice::<ErrorReply>(&body) {
            Ok(reply) => reply.error.message,
            Err(_) => format!("aliasd answers {path} with {status}"),
        };
        Err(match status {
            StatusCode::BAD_REQUEST => Failure::Usage(message),
            StatusCode::NOT_FOUND => Failure::NotFound(message),
            _ => Failure::Failed(message),
        })
    }

    async fn exchange(&self, method: Method, uri: &str) -> Result<(StatusCode, Bytes), Failure> {
        let broken = |error: hyper::Error| self.unreachable(io::Error::other(error));
        let stream = UnixStream::connect(&self.socket).await.map_err(|error| self.unreachable(error))?;
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
        // Its errors are those of the request.
        let driven = tokio::spawn(connection);
        let request = Request::builder().method(method).uri(uri).header(HOST, "aliasd").body(Empty::<Bytes>::new());
        let request = request.map_err(|error| Failure::Usage(format!("{uri:?} cannot be asked for: {error}")))?;
        let response = sender.send_request(request).await.map_err(broken)?;
        let status = response.status();
        let body = Limited::new(response.into_body(), REPLY_MAX).collect().await;
        driven.abort();
        let body = body.map_err(|error| self.unreachable(io::Error::other(error)))?;
        Ok((status, body.to_bytes()))
    }

    fn unreachable(&self, error: io::Error) -> Failure {
        Failure::Unreachable { socket: self.socket.clone(), error }
    }
}

/// Follows the pages of a list.
#[derive(Debug, Default)]
pub struct Pages {
    after: Option<String>,
}

impl Pages {
    /// What to pass as `after`.
    pub fn after(&self) -> Option<&str> {
        self.after.as_deref()
    }

    /// Takes the token of a page; whether another one follows.
    ///
    /// # Errors
    /// A token that leads nowhere new: following it would never end.
    pub fn follow(&mut self, token: Option<String>) -> Result<bool, Failure> {
        if token.is_some() && token == self.after {
            return Err(Failure::Failed(format!("aliasd repeats the page after {}", token.unwrap_or_default())));
        }
        self.after = token;
        Ok(self.after.is_some())
    }
}
