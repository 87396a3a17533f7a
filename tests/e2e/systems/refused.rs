//! Connections that a repository may not use.

use super::{Connections, SERVICE_TOKEN, finish, service::Service, town};
use crate::support::CONFIG;
use drawbridge::backends::{Connection, HttpConnection, Pattern};

/// `bakery` for this repository, `palace` for another one.
fn connections(url: &str) -> Connections {
    let mut all = Connections::default();
    for (name, who) in [("bakery", "acme/engine"), ("palace", "acme/crown")] {
        let connection = HttpConnection {
            url: url.to_owned(),
            token: Some(SERVICE_TOKEN.into()),
            status_url: None,
        };
        let who = Pattern::parse(who).expect("a pattern");
        all.add(name.to_owned(), Connection::Http(connection), vec![who]);
    }
    all
}

const PALACE: &str = "\
enabled: true
pipelines:
  backends:
    on: pull_request
    jobs:
      bake: {connection: bakery}
      feast: {connection: palace}
";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_of_others_is_a_mistake_and_the_last_good_configuration_stays() {
    let service = Service::start().await;
    let mut town = town(connections(&service.url), "bake: {connection: bakery}").await;
    town.write(CONFIG, PALACE).await;
    let pr = town.mirrored_pr().await;
    town.gate(pr)
        .is("in_progress")
        .says("The configuration has a mistake")
        .says(".github/drawbridge.yaml:7:")
        .says("names a connection `palace` that this repository may not use")
        .says("Waiting for bake");
    assert_eq!(service.starts("bake").len(), 1);
    assert!(service.starts("feast").is_empty());
    town.write(CONFIG, &PALACE.replace("palace", "bakery"))
        .await;
    town.gate(pr).does_not_say("mistake");
    finish(town, &[SERVICE_TOKEN]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_for_a_repository_that_the_operator_did_not_name_is_a_mistake() {
    let mut town = town(
        Connections::default(),
        "deploy: {dispatch: {repository: acme/deploy, event: test}}",
    )
    .await;
    town.github().add_repo("deploy");
    town.github().add_repo("crown");
    let to = |repository: &str| {
        format!(
            "enabled: true\npipelines:\n  backends:\n    on: pull_request\n    jobs:\n      \
             deploy: {{dispatch: {{repository: {repository}, event: test}}}}\n"
        )
    };
    town.write(CONFIG, &to("acme/crown")).await;
    let pr = town.mirrored_pr().await;
    town.gate(pr)
        .says("The configuration has a mistake")
        .says(".github/drawbridge.yaml:6:")
        .says("job `deploy` sends an event to acme/crown, to which this repository may not");
    let sent = town.github().repository_dispatches();
    assert!(
        sent.iter().all(|sent| sent.repo == "acme/deploy"),
        "{sent:#?}"
    );
    // To itself it may.
    town.write(CONFIG, &to("acme/engine")).await;
    town.gate(pr).does_not_say("mistake");
    finish(town, &[]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_good_configuration_nothing_is_mirrored() {
    let service = Service::start().await;
    let town = town(connections(&service.url), "feast: {connection: palace}").await;
    let pr = town.member_pr().await;
    town.not_mirrored(pr);
    town.gate(pr)
        .says("has a mistake")
        .says("names a connection `palace` that this repository may not use");
    assert!(service.posts().is_empty());
    finish(town, &[SERVICE_TOKEN]).await;
}
