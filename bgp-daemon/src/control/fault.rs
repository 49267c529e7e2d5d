//! Why a request gets no answer, and how that is said.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::reply::{ApiVersion, ErrorBody, ErrorReply, ParameterFault};
use crate::rib_owner::Gone;

/// Why there is no answer.
#[derive(Debug)]
pub struct Fault {
    status: StatusCode,
    /// The one method that would be answered.
    allow: Option<Allowed>,
    body: ErrorBody,
}

/// A method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Allowed {
    /// To look.
    Get,
    /// To have something done.
    Post,
}

impl Allowed {
    const fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
        }
    }
}

impl Fault {
    fn new(status: StatusCode, name: &str, message: String) -> Self {
        let body = ErrorBody {
            code: status.as_u16(),
            status: name.to_owned(),
            message,
            errors: Vec::new(),
            known: Vec::new(),
        };
        Self { status, allow: None, body }
    }

    /// 400: the parameters, all that are wrong.
    pub fn invalid(errors: Vec<ParameterFault>) -> Self {
        let line = |fault: &ParameterFault| match &fault.value {
            Some(value) => format!("{}: {value:?} (expected {})", fault.parameter, fault.expected),
            None => format!("{}: missing (expected {})", fault.parameter, fault.expected),
        };
        let lines: Vec<String> = errors.iter().map(line).collect();
        let mut fault = Self::new(StatusCode::BAD_REQUEST, "INVALID_ARGUMENT", lines.join("; "));
        fault.body.errors = errors;
        fault
    }

    /// 404: there is no such thing; the names that there are.
    pub fn not_found(message: String, known: Vec<String>) -> Self {
        let message = match known.is_empty() {
            true => message,
            false => format!("{message} (there are: {})", known.join(", ")),
        };
        let mut fault = Self::new(StatusCode::NOT_FOUND, "NOT_FOUND", message);
        fault.body.known = known;
        fault
    }

    /// 405: only `expected` is answered.
    pub fn method_not_allowed(method: &str, expected: Allowed) -> Self {
        let why = if expected == Allowed::Get { ": nothing can be changed here" } else { "" };
        let message = format!("method {method} (expected {}{why})", expected.name());
        Self { allow: Some(expected), ..Self::new(StatusCode::METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED", message) }
    }

    /// 409: what is there is not what was meant.
    pub fn conflict(message: String) -> Self {
        Self::new(StatusCode::CONFLICT, "CONFLICT", message)
    }

    /// 503: who knows the answer does not give it.
    pub fn unavailable(message: &str) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "UNAVAILABLE", message.to_owned())
    }
}

impl From<Gone> for Fault {
    /// 503: the daemon is going down.
    fn from(gone: Gone) -> Self {
        Self::unavailable(&gone.to_string())
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let reply = ErrorReply { api_version: ApiVersion, error: self.body };
        let mut response = (self.status, Json(reply)).into_response();
        if let Some(method) = self.allow {
            response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(method.name()));
        }
        response
    }
}
