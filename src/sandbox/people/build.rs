//! Descriptions of what is to be made: commits, pull requests, reports of other apps.

use serde::Deserialize;

/// A commit to be made. Without any file it touches a new file of its own under `work/`.
#[derive(Debug, Clone, Deserialize)]
#[serde(from = "CommitBody")]
pub struct NewCommit {
    /// Login; `None` is an e-mail that belongs to nobody, so that GitHub's `author` is `null`.
    pub author: Option<String>,
    /// Login; `None` as for `author`.
    pub committer: Option<String>,
    /// Whether GitHub could check a signature.
    pub verified: bool,
    /// GitHub's reason: `valid`, `unsigned`, `unknown_key`, `bad_email` …
    pub reason: String,
    /// Paths with their new content, `None` to delete.
    pub files: Vec<(String, Option<String>)>,
    /// Paths that move, with their content, from and to.
    pub renamed: Vec<(String, String)>,
    /// The commit message.
    pub message: String,
}

impl NewCommit {
    fn new(author: &str, committer: &str, verified: bool, reason: &str) -> Self {
        Self {
            author: Some(author.to_owned()),
            committer: Some(committer.to_owned()),
            verified,
            reason: reason.to_owned(),
            files: Vec::new(),
            renamed: Vec::new(),
            message: "Work".to_owned(),
        }
    }

    /// Written, committed and validly signed by one user.
    pub fn signed_by(login: &str) -> Self {
        Self::new(login, login, true, "valid")
    }

    /// Written and committed by one user, without a signature.
    pub fn unsigned_by(login: &str) -> Self {
        Self::new(login, login, false, "unsigned")
    }

    /// Made in the web interface: committed by `web-flow` and signed by GitHub.
    pub fn web(login: &str) -> Self {
        Self::new(login, "web-flow", true, "valid")
    }

    /// With an author whose e-mail belongs to nobody.
    pub fn nobody(mut self) -> Self {
        self.author = None;
        self.committer = None;
        self
    }

    /// Committed by somebody else than the author.
    pub fn committed_by(mut self, login: &str) -> Self {
        self.committer = Some(login.to_owned());
        self
    }

    /// With a signature GitHub could not verify, and its reason.
    pub fn unverified(mut self, reason: &str) -> Self {
        self.verified = false;
        self.reason = reason.to_owned();
        self
    }

    /// Writes a file.
    pub fn file(mut self, path: &str, content: &str) -> Self {
        self.files.push((path.to_owned(), Some(content.to_owned())));
        self
    }

    /// Deletes a file.
    pub fn without(mut self, path: &str) -> Self {
        self.files.push((path.to_owned(), None));
        self
    }

    /// Moves a file.
    pub fn rename(mut self, from: &str, to: &str) -> Self {
        self.renamed.push((from.to_owned(), to.to_owned()));
        self
    }

    /// Says what it is about.
    pub fn message(mut self, message: &str) -> Self {
        self.message = message.to_owned();
        self
    }
}

/// A commit as the `/_sandbox` routes take it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CommitBody {
    author: Option<String>,
    committer: Option<String>,
    #[serde(default = "yes")]
    verified: bool,
    reason: Option<String>,
    #[serde(default)]
    files: Vec<(String, Option<String>)>,
    #[serde(default)]
    renamed: Vec<(String, String)>,
    message: Option<String>,
}

fn yes() -> bool {
    true
}

impl From<CommitBody> for NewCommit {
    fn from(body: CommitBody) -> Self {
        let reason = body
            .reason
            .unwrap_or_else(|| if body.verified { "valid" } else { "unsigned" }.to_owned());
        Self {
            committer: body.committer.or_else(|| body.author.clone()),
            author: body.author,
            verified: body.verified,
            reason,
            files: body.files,
            renamed: body.renamed,
            message: body.message.unwrap_or_else(|| "Work".to_owned()),
        }
    }
}

/// Where a pull request's head branch lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// In the author's fork.
    Fork,
    /// In the source repository itself.
    Branch,
}

/// A pull request to be opened. [`NewPr::by`] gives one from the author's fork to `main`, with one commit signed by the author.
#[derive(Debug, Clone)]
pub struct NewPr {
    /// Login of who opens it.
    pub author: String,
    /// The branch it wants to go to.
    pub base: String,
    /// Whether it is a draft.
    pub draft: bool,
    /// Its title.
    pub title: String,
    /// Its description.
    pub body: Option<String>,
    /// Fork or branch.
    pub from: Origin,
    /// The name of the head branch; made up if `None`.
    pub head_branch: Option<String>,
    /// Its commits, oldest first; none is one signed commit of the author.
    pub commits: Vec<NewCommit>,
    /// Take the head commit of this pull request instead of making commits.
    pub same_head_as: Option<u64>,
}

impl NewPr {
    /// A pull request with defaults.
    pub fn by(author: &str) -> Self {
        Self {
            author: author.to_owned(),
            base: "main".to_owned(),
            draft: false,
            title: format!("Work of {author}"),
            body: None,
            from: Origin::Fork,
            head_branch: None,
            commits: Vec::new(),
            same_head_as: None,
        }
    }

    /// To another branch than `main`.
    pub fn to(mut self, base: &str) -> Self {
        self.base = base.to_owned();
        self
    }

    /// As a draft.
    pub fn draft(mut self) -> Self {
        self.draft = true;
        self
    }

    /// With this title.
    pub fn title(mut self, title: &str) -> Self {
        self.title = title.to_owned();
        self
    }

    /// With this description.
    pub fn body(mut self, body: &str) -> Self {
        self.body = Some(body.to_owned());
        self
    }

    /// From a branch of the source repository.
    pub fn from_branch(mut self, name: &str) -> Self {
        self.from = Origin::Branch;
        self.head_branch = Some(name.to_owned());
        self
    }

    /// From a branch of that name (in the fork, unless [`NewPr::from_branch`] was called).
    pub fn head_branch(mut self, name: &str) -> Self {
        self.head_branch = Some(name.to_owned());
        self
    }

    /// One more commit on top.
    pub fn commit(mut self, commit: NewCommit) -> Self {
        self.commits.push(commit);
        self
    }

    /// These commits, oldest first.
    pub fn commits(mut self, commits: impl IntoIterator<Item = NewCommit>) -> Self {
        self.commits.extend(commits);
        self
    }

    /// With the very head commit of another pull request.
    pub fn same_head_as(mut self, pr: u64) -> Self {
        self.same_head_as = Some(pr);
        self
    }
}

/// A check run that some app reports, in a suite of its own.
#[derive(Debug, Clone)]
pub struct NewCheck {
    /// The commit it is about.
    pub sha: String,
    /// The branch it says it ran on; GitHub has `null` for a fork's.
    pub head_branch: Option<String>,
    /// The app's slug; made up on first mention. `github-actions` is GitHub Actions.
    pub app: String,
    /// The check's name.
    pub name: String,
    /// `queued`, `in_progress` or `completed`.
    pub status: String,
    /// How it ended, if it has.
    pub conclusion: Option<String>,
}

impl NewCheck {
    /// A completed check of another app on a commit.
    pub fn completed(sha: &str, app: &str, name: &str, conclusion: &str) -> Self {
        Self {
            sha: sha.to_owned(),
            head_branch: None,
            app: app.to_owned(),
            name: name.to_owned(),
            status: "completed".to_owned(),
            conclusion: Some(conclusion.to_owned()),
        }
    }

    /// A check that has begun.
    pub fn in_progress(sha: &str, app: &str, name: &str) -> Self {
        Self {
            status: "in_progress".to_owned(),
            conclusion: None,
            ..Self::completed(sha, app, name, "")
        }
    }

    /// On this branch.
    pub fn on(mut self, branch: &str) -> Self {
        self.head_branch = Some(branch.to_owned());
        self
    }
}
