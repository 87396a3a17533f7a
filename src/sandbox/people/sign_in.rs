//! People who sign in to the app.

use crate::sandbox::Sandbox;

impl Sandbox {
    /// The app's client secret.
    pub fn client_secret(&self) -> String {
        self.look(|hub| hub.client_secret.clone())
    }

    /// Somebody lets the app ask in their name; the token it gets.
    pub fn token_of(&self, login: &str) -> String {
        self.edit(|hub| {
            let user = hub.ensure_user(login);
            hub.new_user_token(user)
        })
    }

    /// Everybody takes back what they let the app do in their name: its tokens of users are good for nothing.
    pub fn revoke_user_tokens(&self) {
        self.edit(|hub| hub.user_tokens.clear());
    }
}
