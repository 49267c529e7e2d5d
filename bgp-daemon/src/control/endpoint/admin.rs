//! The one path of the admin socket: `POST /v1/guard/release/{hash}`.

use axum::extract::{Path, Request, State};
use axum::http::{Method, Uri};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Extension, Json, Router};
use tokio::net::UnixStream;
use tokio::sync::oneshot;

use super::no_parameters;
use crate::control::admin::{AdminView, Release, Released};
use crate::control::fault::{Allowed, Fault};
use crate::control::reply::{ApiVersion, ReleaseReply};

/// Who asks, as the kernel says.
#[derive(Clone, Debug)]
struct Caller(String);

/// Every path for one connection, and what is said to all others.
pub fn router(view: AdminView, stream: &UnixStream) -> Router {
    let caller = match stream.peer_cred() {
        Ok(cred) => match cred.pid() {
            Some(pid) => format!("uid {}, pid {pid}", cred.uid()),
            None => format!("uid {}", cred.uid()),
        },
        Err(error) => format!("somebody whom the kernel does not name ({error})"),
    };
    Router::new()
        .route("/v1/guard/release/{hash}", post(release))
        .fallback(no_such_path)
        .layer(middleware::from_fn(only_post))
        .layer(Extension(Caller(caller)))
        .with_state(view)
}

async fn only_post(request: Request, next: Next) -> Response {
    match request.method() {
        &Method::POST => next.run(request).await,
        other => Fault::method_not_allowed(other.as_str(), Allowed::Post).into_response(),
    }
}

async fn no_such_path(uri: Uri) -> Fault {
    Fault::not_found(format!("no path {:?}", uri.path()), vec!["/v1/guard/release/{hash}".to_owned()])
}

async fn release(
    State(view): State<AdminView>,
    Extension(Caller(by)): Extension<Caller>,
    Path(hash): Path<String>,
    uri: Uri,
) -> Result<Json<ReleaseReply>, Fault> {
    no_parameters(&uri)?;
    let (reply, answer) = oneshot::channel();
    let gone = || Fault::unavailable("aliasd is going down");
    view.releases.send(Release { hash: hash.clone(), by, reply }).await.map_err(|_| gone())?;
    match answer.await.map_err(|_| gone())? {
        Released::Done { withdrawals } => Ok(Json(ReleaseReply { api_version: ApiVersion, hash, withdrawals })),
        Released::NothingHeld => Err(Fault::not_found("nothing is held".to_owned(), Vec::new())),
        Released::HeldIsAnother(held) => Err(Fault::conflict(format!(
            "what is held is not {hash:?} but {held:?}: it has changed; look at `aliasctl guard` again"
        ))),
    }
}
