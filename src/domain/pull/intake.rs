//! News comes in: pure changes of the state that need no question to GitHub and can't fail.

use super::{PullState, Request};
use crate::domain::deed::Deed;
use crate::domain::event::{Account, Button, Event, PullChange};
use crate::domain::ids::UserId;

/// How many requests may wait on one pull request; more than that in one go is not a person.
const MAX_REQUESTS: usize = 50;
/// How many of one account may wait that were made on the dashboard, and of all accounts, for one more to be taken.
const MAX_DEEDS_OF_ONE: usize = 3;
const MAX_DEEDS: usize = 20;
/// Several may be taken before the first of them is seen here. The rest is for comments, whoever presses what.
const MAX_DEEDS_AT_ALL: usize = 40;

impl PullState {
    /// Takes in an event that was routed to this pull request.
    pub fn intake(&mut self, event: &Event) {
        match event {
            Event::Pull { repo, change, hint } => {
                self.repo = repo.clone();
                self.author = self.author.take().or_else(|| hint.author.clone());
                if matches!(change, PullChange::Opened | PullChange::Pushed) {
                    self.saw_head(&hint.head, hint.updated_at);
                }
                self.stale = true;
            }
            Event::Comment {
                repo,
                pull_author,
                comment,
                author,
                created_at,
                lines,
                ..
            } => {
                self.repo = repo.clone();
                self.author = self.author.take().or_else(|| pull_author.clone());
                // More at once than may wait are not heard, and may be sent again.
                if self.may_wait() && self.heard.is_new(*comment) {
                    self.request(Request::Comment {
                        comment: *comment,
                        by: author.clone(),
                        at: *created_at,
                        lines: lines.clone(),
                    });
                }
            }
            Event::GatePressed {
                repo,
                sha,
                button,
                sender,
                at,
                ..
            } => {
                self.repo = repo.clone();
                match button {
                    Button::Approve => self.request(Request::ApproveButton {
                        sha: sha.clone(),
                        by: sender.clone(),
                        at: *at,
                    }),
                    Button::Rerun => {
                        self.look_again();
                        self.request(Request::RerunButton {
                            sha: sha.clone(),
                            by: sender.clone(),
                            at: *at,
                        });
                    }
                }
            }
            Event::Dashboard { by, deed, at, .. } => {
                // One look is as good as many. All else was answered with "asked".
                let again = *deed == Deed::Sync && self.deeds().any(|(_, waits)| waits == deed);
                if !again && self.deeds().count() < MAX_DEEDS_AT_ALL {
                    self.request(Request::Dashboard {
                        deed: deed.clone(),
                        by: by.clone(),
                        at: *at,
                    });
                }
            }
            Event::MirrorPushed {
                repo,
                after,
                sender,
                ..
            } => {
                self.repo = repo.clone();
                self.mirror_was_pushed(after.as_ref(), sender.clone());
            }
            Event::BuildChanged { sha, build, .. } => self.report_came(sha, build),
            Event::BranchPushed { .. }
            | Event::AnchorFound { .. }
            | Event::MergeGroup { .. }
            | Event::JobReported { .. }
            | Event::JobChanged { .. } => {}
            Event::RepositoryChanged { .. }
            | Event::PeopleChanged { .. }
            | Event::InstallationChanged { .. } => self.look_again(),
        }
    }

    /// Everything that can be read again is to be read again.
    pub fn look_again(&mut self) {
        self.stale = true;
        self.looks += 1;
        self.mirror_may_be_gone();
    }

    fn request(&mut self, request: Request) {
        if self.may_wait() {
            self.requests.push(request);
        }
        self.stale = true;
    }

    /// Whether what somebody asks for on the dashboard may wait beside what waits already.
    pub fn takes_deed_of(&self, by: &Account) -> bool {
        let own = self.deeds().filter(|(id, _)| *id == by.id).count();
        own < MAX_DEEDS_OF_ONE && self.deeds().count() < MAX_DEEDS
    }

    /// What waits that was asked for on the dashboard, and who did.
    fn deeds(&self) -> impl Iterator<Item = (UserId, &Deed)> {
        self.requests.iter().filter_map(|request| match request {
            Request::Dashboard { by, deed, .. } => Some((by.id, deed)),
            _ => None,
        })
    }

    /// Whether another request may wait.
    fn may_wait(&self) -> bool {
        self.requests.len() < MAX_REQUESTS
    }
}
