//! A delivery is taken in again, because somebody asks for it on its page.

use super::access::{Said as Sent, Seer};
use super::acting::{Said, once};
use super::pages::parts::encoded;
use super::refusal::Refusal;
use super::sign_in::FromHere;
use super::site::{At, at, form};
use crate::domain::ids::DeliveryId;
use crate::domain::text;
use crate::engine::NotAgain;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::response::Redirect;

/// What ids of deliveries begin with that were taken in again.
pub(super) const AGAIN: &str = "again";

/// `POST /deliveries/{id}/again`
pub(super) async fn take_in(
    seer: Seer,
    _here: FromHere,
    path: At<String>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Redirect, Refusal> {
    let id = DeliveryId::parse(&at(path)?).map_err(|_| Refusal::NotFound)?;
    let seen = seer.delivery(&id).await?;
    let said: Said = form(body, super::acting::LARGEST)?;
    let by = seer.actor(&said.key)?;
    let kept = match seen.said {
        Sent::This(kept) => kept,
        Sent::NotNow => return Err(NotAgain::Now(text::payload_not_now()).into()),
        _ => return Err(NotAgain::Can(text::again_without_payload()).into()),
    };
    let dashboard = &seer.dashboard;
    if !dashboard.pace.presses(by.id, dashboard.now()) {
        return Err(Refusal::TooOften);
    }
    if dashboard.engine.is_full() {
        return Err(Refusal::Unavailable);
    }
    let new = once(AGAIN, by.id, &said.once)?;
    let taken = dashboard.engine.take_in_again(&kept, &by, new.clone());
    taken.await?;
    let page = format!(
        "/deliveries/{}?again={}",
        encoded(id.as_str()),
        encoded(new.as_str())
    );
    Ok(Redirect::to(&page))
}

impl From<NotAgain> for Refusal {
    fn from(not: NotAgain) -> Self {
        Self::NotAgain(not)
    }
}
