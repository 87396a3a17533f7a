//! The page that shows nothing, and says why.

use super::super::refusal::Refusal;
use super::Frame;
use super::parts::marked;
use super::sign_in::{Ways, ways_in};
use maud::html;

pub(in crate::web::dashboard) fn page(refusal: &Refusal, ways: Ways, here: Option<&str>) -> String {
    let main = html! {
        section.refusal {
            h1 { (refusal.title()) }
            p.lead { (marked(&refusal.remedy())) }
            @match refusal {
                Refusal::SignIn => { (ways_in(ways, here)) }
                Refusal::WrongToken => { (ways_in(ways, None)) }
                Refusal::NotSignedIn(_) => { (ways_in(ways, None)) }
                Refusal::NotFound => { p { a href="/sign-in" { "Sign in" } " · " a href="/" { "Overview" } } }
                _ => { p { a href="/" { "Overview" } } }
            }
        }
    };
    Frame::bare(refusal.title()).write(&main)
}
