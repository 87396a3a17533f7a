// A Probot app that does for a member's pull request what Drawbridge does: looks at its commits, moves the mirror, writes the gate. It keeps
// nothing, knows nobody's rights and asks for no files. Probot's own pacing, one write a second, is off.
import { ProbotOctokit, run } from "probot";

const app = (probot) => {
  probot.on(["pull_request.opened", "pull_request.synchronize"], async (context) => {
    const { octokit, payload } = context;
    const pull_number = payload.pull_request.number;
    const commits = await octokit.rest.pulls.listCommits(context.repo({ pull_number, per_page: 100 }));
    const head_sha = commits.data.at(-1).sha;
    const branch = `heads/pull-request/${pull_number}`;
    if (payload.action === "opened") {
      await octokit.rest.git.createRef(context.repo({ ref: `refs/${branch}`, sha: head_sha }));
    } else {
      await octokit.rest.git.updateRef(context.repo({ ref: branch, sha: head_sha, force: true }));
    }
    const output = { title: "Waiting for builds", summary: `The mirror is at ${head_sha}.` };
    await octokit.rest.checks.create(context.repo({ name: "backend-status-check", head_sha, status: "in_progress", output }));
  });
};

const unpaced = (options) => ({ ...options, throttle: { ...options.throttle, enabled: false } });
await run(app, { Octokit: ProbotOctokit.defaults(unpaced) });
