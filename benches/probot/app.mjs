// Probot as its documentation starts it: it verifies what comes, and this app wants nothing of it.
import { run } from "probot";

await run(() => {});
