use super::*;
use std::os::unix::fs::PermissionsExt as _;
use tempfile::TempDir;

fn app(id: u64) -> Stored {
    Stored {
        app_id: id,
        page: "https://github.com/apps/drawbridge".to_owned(),
        client_id: "Iv23".to_owned(),
        client_secret: SecretString::from("hidden \"1\""),
        webhook_secret: SecretString::from("hidden 2"),
        private_key: SecretString::from("-----BEGIN\nhidden 3\n"),
        github_api_url: "https://api.github.com".to_owned(),
        public_url: None,
    }
}

fn read_back(file: &CredentialsFile) -> Option<Stored> {
    match file.read().expect("it can be read") {
        Found::Stored(stored) => Some(*stored),
        _ => None,
    }
}

#[test]
fn what_is_stored_is_read_back_and_is_for_its_owner_only() {
    let dir = TempDir::new().unwrap();
    let file = CredentialsFile::in_dir(&dir.path().join("new"));
    assert!(matches!(file.read().unwrap(), Found::Nothing));
    file.prepare().unwrap();
    file.store(&app(1)).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(file.path()), 0o600);
    assert_eq!(mode(file.path().parent().unwrap()), 0o700);
    let back = read_back(&file).expect("it is stored");
    assert_eq!(back.client_secret.expose_secret(), "hidden \"1\"");
    assert_eq!(back.private_key.expose_secret(), "-----BEGIN\nhidden 3\n");
    assert!(!file.unfinished.exists());
}

#[test]
fn a_crash_before_the_credentials_came_is_noticed_and_one_after_them_loses_nothing() {
    let dir = TempDir::new().unwrap();
    let file = CredentialsFile::in_dir(dir.path());
    file.prepare().unwrap();
    assert!(matches!(file.read().unwrap(), Found::Interrupted));
    let whole = app(7).text().unwrap();
    let own = dir.path().join("credentials.toml.1234.new");
    for cut in [1, whole.len() / 2] {
        write_new(&own, &whole[..cut]).unwrap();
        assert!(matches!(file.read().unwrap(), Found::Interrupted), "{cut}");
        remove(&own).unwrap();
    }
    write_new(&own, &whole).unwrap();
    assert_eq!(read_back(&file).map(|app| app.app_id), Some(7));
    assert!(file.path().exists() && !own.exists());
}

#[test]
fn a_file_that_others_may_read_or_that_is_damaged_is_refused_without_a_word_of_it() {
    let dir = TempDir::new().unwrap();
    let file = CredentialsFile::in_dir(dir.path());
    file.store(&app(1)).unwrap();
    fs::set_permissions(file.path(), fs::Permissions::from_mode(0o640)).unwrap();
    let error = file.read().err().expect("others may read it").to_string();
    assert!(error.contains("chmod 600"), "{error}");
    fs::set_permissions(file.path(), fs::Permissions::from_mode(0o600)).unwrap();
    for bad in [
        "app_id = \"hidden\"\n",
        "hidden",
        "app_id = 1\nhidden = 2\n",
    ] {
        fs::write(file.path(), bad).unwrap();
        let error = file.read().err().expect(bad).to_string();
        assert!(error.contains("credentials.toml"), "{error}");
        assert!(!error.contains("hidden\""), "{error}");
    }
}

#[test]
fn what_can_not_be_written_leaves_what_was_there() {
    let dir = TempDir::new().unwrap();
    let file = CredentialsFile::in_dir(dir.path());
    // A directory in its way: nobody, not even root, can write a file there.
    fs::create_dir(&file.unfinished).unwrap();
    assert!(file.prepare().is_err());
    fs::remove_dir(&file.unfinished).unwrap();
    file.store(&app(1)).unwrap();
    let error = file.store(&app(2)).expect_err("another one is there");
    assert_eq!(error.kind(), ErrorKind::AlreadyExists);
    assert_eq!(read_back(&file).map(|app| app.app_id), Some(1));
    // Another setup begins while this one is about to finish.
    remove(file.path()).unwrap();
    let own = dir.path().join("credentials.toml.1234.new");
    write_new(&own, &app(3).text().unwrap()).unwrap();
    file.prepare().unwrap();
    file.finish(&own).unwrap();
    assert_eq!(read_back(&file).map(|app| app.app_id), Some(3));
}
