//! Forms as a browser has them: what a page's form carries, and sending it.

use super::Seen;
use super::sign_in::Browser;
use percent_encoding::percent_decode_str;

pub(super) type Form = Vec<(String, String)>;

/// What the page's form for this address carries; `None`: it has no such form.
pub(super) fn form_of(page: &Seen, address: &str) -> Option<Form> {
    let forms = page.body.split("action=\"").skip(1);
    let form = forms.filter_map(|form| form.split_once("</form>")?.0.split_once("\">"));
    let is_meant = |(to, _): &(&str, &str)| percent_decode_str(to).eq(address.bytes());
    let (_, form) = form.into_iter().find(is_meant)?;
    let attribute = |input: &str, name: &str| {
        let (_, value) = input.split_once(&format!("{name}=\"")).unwrap();
        value.split('"').next().unwrap().to_owned()
    };
    let inputs = form.split("<input ").skip(1);
    let one = |input| (attribute(input, "name"), attribute(input, "value"));
    Some(inputs.map(one).collect())
}

/// A form as it is posted.
pub(super) fn pairs(form: &[(String, String)]) -> Vec<(&str, &str)> {
    form.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect()
}

pub(super) async fn send(browser: &mut Browser, address: &str, form: &[(String, String)]) -> Seen {
    browser.post(address, &pairs(form)).await
}

/// Opens the page and presses the button of the form for this address.
pub(super) async fn press(browser: &mut Browser, page: &str, address: &str) -> Seen {
    let seen = browser.get(page).await.is(200);
    let form = form_of(&seen, address);
    let form = form.unwrap_or_else(|| panic!("no form for {address} in {}", seen.text()));
    send(browser, address, &form).await
}
