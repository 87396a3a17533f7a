//! Accounts that are not who they seem.

use crate::support::{CONFIG, Town};

#[tokio::test]
async fn a_listed_account_with_a_number_is_that_account_and_nobody_who_took_its_login() {
    let mut town = Town::new().await;
    // To the list it is the same whether the account was renamed or another one has its login now.
    let sam = town.github().add_user("sam");
    let another = sam + 1000;
    let trusting = |entry: String| format!("enabled: true\nadditional_trustees: ['{entry}']\n");
    town.write(CONFIG, &trusting(format!("sam#{another}")))
        .await;
    let pr = town.stranger_pr().await;
    town.not_mirrored(pr);
    town.told(pr).says("`sam` opened this pull request");
    town.write(CONFIG, &trusting(format!("his-name-of-yore#{sam}")))
        .await;
    town.mirrored(pr);
    town.told(pr);
    town.finish().await;
}

#[tokio::test]
async fn a_listed_vetter_with_a_number_is_that_account_and_nobody_who_took_its_login() {
    let mut town = Town::new().await;
    let sam = town.github().add_user("sam");
    let another = sam + 1000;
    let letting = |entry: String| format!("enabled: true\nadditional_vetters: ['{entry}']\n");
    town.write(CONFIG, &letting(format!("sam#{another}"))).await;
    let pr = town.stranger_pr().await;
    town.told(pr);
    let line = format!("/ok to test {}", town.head(pr));
    let refused = town.comment(pr, "sam", &line).await;
    town.answer(pr, refused).says("`sam`");
    town.not_mirrored(pr);
    town.write(CONFIG, &letting(format!("sam#{sam}"))).await;
    let approved = town.comment(pr, "sam", &line).await;
    town.acknowledged(pr, approved);
    town.mirrored(pr);
    town.told(pr);
    town.finish().await;
}
