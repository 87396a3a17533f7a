//! What is deployed with fits the program: settings, addresses, directories and times are the real ones, and secrets are
//! only referred to. What linters can see, `.ci/deploy` asks linters.

#[path = "deploy/metrics.rs"]
mod metrics;

use clap::{Args as _, FromArgMatches as _};
use drawbridge::app::STOPPING;
use drawbridge::settings::{Checked, Given, Settings};
use drawbridge::web::{ALIVE_PATH, READY_PATH};
use rsa::pkcs1::{EncodeRsaPrivateKey as _, LineEnding};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

const DOCKERFILE: &str = include_str!("../deploy/Dockerfile");
const UNIT: &str = include_str!("../deploy/drawbridge.service");
const ENV_EXAMPLE: &str = include_str!("../deploy/drawbridge.env.example");
const SETTINGS_ENV: &str = include_str!("../deploy/kubernetes/example/settings.env");

/// Settings that may not be told otherwise than by reference.
const SECRETS: [&str; 5] = [
    "PRIVATE_KEY",
    "WEBHOOK_SECRET",
    "CLIENT_SECRET",
    "DASHBOARD_TOKEN",
    "OTEL_EXPORTER_OTLP_HEADERS",
];
/// A variable of the C library.
const NOT_OURS: &str = "MALLOC_ARENA_MAX";

type Variables = BTreeMap<String, String>;

fn path(of: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(of)
}

fn yaml(of: &str) -> Value {
    let text = std::fs::read_to_string(path(of)).expect(of);
    serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("{of}: {error}"))
}

fn at<'a>(value: &'a Value, pointer: &str) -> &'a Value {
    value
        .pointer(pointer)
        .unwrap_or_else(|| panic!("no {pointer}"))
}

fn text(value: &Value, pointer: &str) -> String {
    match at(value, pointer) {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn compose() -> Value {
    yaml("deploy/compose.yaml")["services"]["drawbridge"].clone()
}

fn pod() -> Value {
    let deployment = yaml("deploy/kubernetes/base/deployment.yaml");
    at(&deployment, "/spec/template/spec").clone()
}

fn container() -> Value {
    at(&pod(), "/containers/0").clone()
}

/// `NAME=value` lines.
fn variables<'a>(lines: impl Iterator<Item = &'a str>) -> Variables {
    lines
        .filter_map(|line| line.trim().trim_end_matches('\\').trim().split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

fn of_image() -> Variables {
    let (_, rest) = DOCKERFILE.split_once("\nENV ").expect("an ENV");
    let (env, _) = rest.split_once("\nUSER").expect("its end");
    variables(env.lines())
}

fn of_unit() -> Variables {
    variables(
        UNIT.lines()
            .filter_map(|line| line.strip_prefix("Environment=")),
    )
}

fn of_compose() -> Variables {
    let env = compose()["environment"].clone();
    let env = env.as_object().expect("variables").clone();
    let told = |(name, value): (String, Value)| (name, value.as_str().expect("a text").to_owned());
    env.into_iter().map(told).collect()
}

/// With an empty value where it is a reference.
fn of_pod() -> Variables {
    let env = container()["env"].clone();
    let one = |one: &Value| {
        (
            text(one, "/name"),
            one["value"].as_str().unwrap_or_default().to_owned(),
        )
    };
    env.as_array().expect("variables").iter().map(one).collect()
}

/// All lines of the example, also those that are comments because they are not needed.
fn of_example(also_comments: bool) -> Variables {
    let lines = ENV_EXAMPLE
        .lines()
        .map(|line| match line.strip_prefix('#') {
            Some(line) if also_comments && !line.starts_with(' ') => line,
            _ => line,
        });
    variables(lines.filter(|line| !line.starts_with('#')))
}

/// What the server makes of an environment, and of a file.
fn settings(mut env: Variables, file: Option<&Path>) -> Settings {
    let key = rsa::RsaPrivateKey::new(&mut rand::rngs::OsRng, 2048).expect("a key");
    let key = key.to_pkcs1_pem(LineEnding::LF).expect("a PEM");
    let mut command = Given::augment_args(clap::Command::new("serve"));
    let mut line = vec!["serve".to_owned()];
    for arg in command.get_arguments() {
        let name = arg
            .get_env()
            .and_then(|name| name.to_str())
            .expect("a name");
        if let Some(value) = env.remove(name) {
            line.push(format!("--{}={value}", arg.get_long().expect("a flag")));
        }
    }
    let matches = command.try_get_matches_from_mut(line);
    let matches = matches.unwrap_or_else(|error| panic!("{error}"));
    let given = Given::from_arg_matches(&matches).unwrap_or_else(|error| panic!("{error}"));
    env.insert("PRIVATE_KEY".to_owned(), key.to_string());
    env.entry("WEBHOOK_SECRET".to_owned())
        .or_insert("a secret".to_owned());
    let checked = given
        .complete(file, |name| env.get(name).cloned())
        .and_then(Given::check);
    match checked.unwrap_or_else(|error| panic!("{error}")) {
        Checked::Ready(settings) => *settings,
        Checked::Unregistered(_) => panic!("it has no credentials"),
    }
}

#[test]
fn every_variable_is_a_setting() {
    let command = Given::augment_args(clap::Command::new("serve"));
    let known: BTreeSet<&str> = command
        .get_arguments()
        .filter_map(|arg| arg.get_env()?.to_str())
        .chain(SECRETS)
        .chain([NOT_OURS])
        .collect();
    for (of, variables) in [
        ("deploy/Dockerfile", of_image()),
        ("deploy/drawbridge.service", of_unit()),
        ("deploy/drawbridge.env.example", of_example(true)),
        ("deploy/compose.yaml", of_compose()),
        ("deploy/kubernetes/base/deployment.yaml", of_pod()),
        (
            "deploy/kubernetes/example/settings.env",
            // Those that are left out, too.
            variables(
                SETTINGS_ENV
                    .lines()
                    .map(|line| line.trim_start_matches('#')),
            ),
        ),
    ] {
        assert!(variables.len() >= 2, "{of}: {variables:?}");
        for name in variables.keys() {
            assert!(known.contains(name.as_str()), "{of}: {name}");
        }
    }
}

#[test]
fn the_examples_are_settings_that_the_server_takes() {
    let example = settings(of_example(false), None);
    assert_eq!(
        (example.app.app_id.as_str(), example.port),
        ("123456", 3000)
    );
    assert_eq!(example.public_url, None);
    // And with every line that is a comment taken in.
    let all = settings(of_example(true), None);
    assert_eq!(
        all.public_url.as_deref(),
        Some("https://drawbridge.example.com")
    );
    let of_cluster = settings(variables(SETTINGS_ENV.lines()), None);
    assert_eq!(of_cluster.app.app_id, "123456");
    let file = path("deploy/drawbridge.toml.example");
    let with_file = settings(of_example(false), Some(&file));
    assert_eq!(with_file.connections.iter().count(), 2);
}

#[test]
fn ports_and_paths_are_those_of_the_server() {
    let given = of_example(false);
    let port = settings(given, None).port.to_string();
    assert_eq!(of_image()["PORT"], port);
    assert!(DOCKERFILE.contains(&format!("\nEXPOSE {port}\n")));
    let caddyfile = std::fs::read_to_string(path("deploy/Caddyfile")).expect("a Caddyfile");
    assert!(caddyfile.contains(&format!("drawbridge:{port}}}")));
    let container = container();
    assert_eq!(text(&container, "/ports/0/containerPort"), port);
    assert_eq!(of_pod()["PORT"], port);
    let named = text(&container, "/ports/0/name");
    let service = yaml("deploy/kubernetes/base/service.yaml");
    assert_eq!(text(&service, "/spec/ports/0/targetPort"), named);
    for (probe, asks) in [
        ("startupProbe", ALIVE_PATH),
        ("livenessProbe", ALIVE_PATH),
        ("readinessProbe", READY_PATH),
    ] {
        assert_eq!(text(&container, &format!("/{probe}/httpGet/path")), asks);
        assert_eq!(text(&container, &format!("/{probe}/httpGet/port")), named);
    }
    // Others than itself have to reach it.
    for env in [of_image(), of_pod()] {
        assert_eq!(env["HOST"], "0.0.0.0");
    }
}

#[test]
fn the_state_is_on_what_stays() {
    let data = of_image()["DATA_DIR"].clone();
    assert!(DOCKERFILE.contains(&format!("\nVOLUME [\"{data}\"]\n")));
    assert_eq!(text(&compose(), "/volumes/0"), format!("state:{data}"));
    assert_eq!(of_pod()["DATA_DIR"], data);
    let mounts = container()["volumeMounts"].clone();
    assert_eq!(text(&mounts, "/0/mountPath"), data);
    let volume = at(&pod(), "/volumes/0").clone();
    assert_eq!(text(&volume, "/name"), text(&mounts, "/0/name"));
    let claim = yaml("deploy/kubernetes/base/volume.yaml");
    assert_eq!(
        text(&volume, "/persistentVolumeClaim/claimName"),
        text(&claim, "/metadata/name")
    );
    let (_, unit) = UNIT.split_once("\nStateDirectory=").expect("a directory");
    let unit = unit.lines().next().expect("its name");
    assert_eq!(of_unit()["DATA_DIR"], format!("%S/{unit}"));
}

#[test]
fn one_process_has_the_state_and_time_to_stop() {
    let deployment = yaml("deploy/kubernetes/base/deployment.yaml");
    assert_eq!(text(&deployment, "/spec/replicas"), "1");
    assert_eq!(text(&deployment, "/spec/strategy/type"), "Recreate");
    let (_, unit) = UNIT.split_once("\nTimeoutStopSec=").expect("a time");
    let unit = unit.lines().next().expect("a time");
    for patience in [
        unit.to_owned(),
        text(&compose(), "/stop_grace_period"),
        text(&pod(), "/terminationGracePeriodSeconds"),
    ] {
        let seconds: u64 = patience.trim_end_matches('s').parse().expect(&patience);
        assert!(seconds > STOPPING.as_secs(), "{patience}: {STOPPING:?}");
    }
}

#[test]
fn secrets_are_only_referred_to() {
    for (of, variables) in [
        ("image", of_image()),
        ("unit", of_unit()),
        ("compose", of_compose()),
        ("cluster", variables(SETTINGS_ENV.lines())),
    ] {
        for secret in SECRETS {
            assert!(!variables.contains_key(secret), "{of}: {secret}");
        }
    }
    let env = container()["env"].clone();
    let secret = env.as_array().expect("variables").iter();
    let secret: Vec<_> = secret
        .filter(|one| SECRETS.contains(&&*text(one, "/name")))
        .collect();
    let named: Vec<_> = secret.iter().map(|one| text(one, "/name")).collect();
    assert_eq!(
        named,
        ["WEBHOOK_SECRET", "CLIENT_SECRET", "DASHBOARD_TOKEN"]
    );
    for one in &secret {
        assert_eq!(one["value"], Value::Null);
        // It starts without what only the dashboard needs.
        let optional = one.pointer("/valueFrom/secretKeyRef/optional") == Some(&Value::Bool(true));
        assert_eq!(optional, text(one, "/name") != "WEBHOOK_SECRET");
    }
    let name = text(secret[0], "/valueFrom/secretKeyRef/name");
    let volume = at(&pod(), "/volumes/1").clone();
    assert_eq!(text(&volume, "/secret/secretName"), name);
    // Where the file is mounted is where it is looked for.
    let mount = text(&container(), "/volumeMounts/1/mountPath");
    let file = text(&volume, "/secret/items/0/path");
    assert_eq!(of_pod()["PRIVATE_KEY_PATH"], format!("{mount}/{file}"));
    let file = text(&compose(), "/secrets/0");
    assert_eq!(
        of_compose()["PRIVATE_KEY_PATH"],
        format!("/run/secrets/{file}")
    );
    let loaded = UNIT
        .lines()
        .find_map(|line| line.strip_prefix("LoadCredential="));
    let (loaded, _) = loaded
        .expect("a credential")
        .split_once(':')
        .expect("its file");
    assert_eq!(of_unit()["PRIVATE_KEY_PATH"], format!("%d/{loaded}"));
    // No Secret is among what is applied: it would be in the repository.
    for file in std::fs::read_dir(path("deploy/kubernetes/base")).expect("a directory") {
        let file = file.expect("a file").path();
        let text = std::fs::read_to_string(&file).expect("a text");
        assert!(!text.contains("kind: Secret"), "{}", file.display());
    }
}

#[test]
fn it_runs_as_nobody_on_a_file_system_that_it_can_not_write() {
    let (_, user) = DOCKERFILE.split_once("\nUSER ").expect("a user");
    let (user, _) = user.split_once(':').expect("a user");
    assert!(DOCKERFILE.contains(&format!("--chown={user}:{user}")));
    let pod = pod();
    for of in ["runAsUser", "runAsGroup", "fsGroup"] {
        assert_eq!(text(&pod, &format!("/securityContext/{of}")), user);
    }
    assert_eq!(text(&pod, "/securityContext/runAsNonRoot"), "true");
    let container = container();
    assert_eq!(
        text(&container, "/securityContext/readOnlyRootFilesystem"),
        "true"
    );
    assert_eq!(
        text(&container, "/securityContext/allowPrivilegeEscalation"),
        "false"
    );
    assert_eq!(
        text(&container, "/securityContext/capabilities/drop/0"),
        "ALL"
    );
    let compose = compose();
    assert_eq!(text(&compose, "/read_only"), "true");
    assert_eq!(text(&compose, "/cap_drop/0"), "ALL");
    // Only the proxy is reached from outside.
    assert_eq!(compose.get("ports"), None);
}

#[test]
fn the_image_is_built_of_what_the_build_may_see() {
    let ignore = std::fs::read_to_string(path(".dockerignore")).expect("a list");
    let seen: BTreeSet<&str> = ignore
        .lines()
        .filter_map(|line| line.strip_prefix('!'))
        .collect();
    assert!(ignore.lines().any(|line| line == "*"));
    let mut taken = BTreeSet::new();
    for line in DOCKERFILE
        .lines()
        .filter_map(|line| line.strip_prefix("COPY "))
    {
        let words: Vec<&str> = line.split_whitespace().collect();
        if !line.contains("--from=") {
            taken.extend(words[..words.len() - 1].iter().copied());
        }
    }
    assert_eq!(taken, seen);
    for name in seen {
        assert!(path(name).exists(), "{name}");
    }
    let number = |text: &str| -> Vec<u32> {
        text.split('.')
            .map(|part| part.parse().expect("a number"))
            .collect()
    };
    let (_, used) = DOCKERFILE.split_once("\nARG RUST=").expect("a version");
    let used = used.lines().next().expect("a version");
    assert!(
        number(used) >= number(env!("CARGO_PKG_RUST_VERSION")),
        "{used}"
    );
}
