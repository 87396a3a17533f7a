// The dashboard as people meet it: a real browser, the app and its stand-in GitHub. Prints what came true, and ends with 1 at the first
// thing that did not. `.ci/browser` calls it:
//
//     node story.mjs PROGRAM CHROMIUM PICTURES

import { spawn, execFile } from "node:child_process";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import axe from "axe-core";
import { chromium } from "playwright-core";

const [program, executablePath, pictures] = process.argv.slice(2);
const run = promisify(execFile);
// What has to happen is waited for, however slow the machine is; nothing is said of how long it takes.
const PATIENCE = 120_000;

function came_true(what) {
  console.log(`  ✓ ${what}`);
}

function expect(is_so, what, seen) {
  if (!is_so) {
    throw new Error(seen === undefined ? what : `${what}; it is: ${JSON.stringify(seen, null, 1)}`);
  }
  came_true(what);
}

/** The app and its GitHub, after their story; `github` for their commands, `app` for the browser. */
async function sandbox() {
  const child = spawn(program, ["sandbox", "--stay"], { stdio: ["ignore", "pipe", "inherit"] });
  const found = {};
  const lines = createInterface({ input: child.stdout });
  for await (const line of lines) {
    found.app ??= /its dashboard\s+(http:\S+?)\/?$/.exec(line)?.[1];
    found.github ??= /GitHub's API\s+(http:\S+)/.exec(line)?.[1];
    if (line.includes("drawbridge sandbox state")) {
      break;
    }
  }
  if (!found.app || !found.github) {
    throw new Error("the sandbox did not say where it is");
  }
  child.stdout.resume();
  const env = { ...process.env, DRAWBRIDGE_SANDBOX: found.github };
  const act = (...words) => run(program, ["sandbox", ...words], { env });
  return { ...found, act, end: () => child.kill("SIGINT") };
}

/** Does something with a page in light and in dark. */
async function in_both(page, act) {
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme });
    // Colours are what they are to be once it was drawn again.
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
    await act(colorScheme);
  }
  await page.emulateMedia({ colorScheme: "light" });
}

/** What axe finds wrong with a page. */
async function is_accessible(page, name) {
  await in_both(page, async (colors) => {
    const look = () =>
      page.evaluate(async () => {
        const { violations } = await globalThis.axe.run();
        return violations.map(({ id, help, nodes }) => ({ id, help, at: nodes.map((node) => node.html).slice(0, 3) }));
      });
    let found = await look();
    // A page whose colours have just changed is drawn piece by piece; what is wrong stays so.
    for (let again = 0; found.length > 0 && again < 5; again += 1) {
      await new Promise((resolve) => setTimeout(resolve, 400));
      found = await look();
    }
    expect(found.length === 0, `${name} has nothing that axe minds (${colors})`, found);
  });
}

async function picture(page, name) {
  await in_both(page, (colors) => page.screenshot({ path: `${pictures}/${name}-${colors}.png`, fullPage: true }));
}

/** The text of a page's main part, as it is read. */
const text = (page) => page.locator("#main").innerText();

async function says(page, words) {
  await page.locator("#main", { hasText: words }).waitFor({ timeout: PATIENCE });
}

/** Tries again what can't be done yet: a job ends once it has begun. */
async function until(act) {
  for (const began = Date.now(); ; ) {
    try {
      return await act();
    } catch (error) {
      if (Date.now() - began > PATIENCE) {
        throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
  }
}

async function story(town, browser) {
  const context = await browser.newContext({ viewport: { width: 1200, height: 900 } });
  // By the browser's own door, so that the policy of the pages stays in force for everything else.
  await context.addInitScript({ content: axe.source });
  const page = await context.newPage();
  const complaints = [];
  page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("requestfailed", (request) => {
    // A stream is left when the page is.
    if (!request.url().includes("/events")) complaints.push(`${request.url()}: ${request.failure()?.errorText}`);
  });
  page.on("request", (request) => {
    if (!request.url().startsWith(town.app)) complaints.push(`asks elsewhere: ${request.url()}`);
  });

  console.log("▸ every page");
  const repository = "/r/acme/engine";
  for (const [name, path] of [
    ["overview", "/"],
    ["vetting", "/vetting"],
    ["running", "/running"],
    ["repository", repository],
    ["pull-request", `${repository}/pull/4`],
    ["runs", `${repository}/runs`],
    ["closed", `${repository}/pull/1`],
    ["deliveries", "/deliveries"],
    ["commands", "/commands"],
    ["config", "/config"],
    ["nothing", "/r/acme/nothing"],
  ]) {
    complaints.length = 0;
    const answer = await page.goto(town.app + path);
    const expected = name === "nothing" ? 404 : 200;
    expect(answer.status() === expected, `${name} is there (${expected})`, answer.status());
    await is_accessible(page, name);
    // A browser notes each answer that is no success.
    const unexpected = complaints.filter((one) => expected === 200 || !one.includes("404"));
    expect(unexpected.length === 0, `${name} asks nobody else and breaks no rule of its own`, unexpected);
    await picture(page, name);
  }

  console.log("▸ what a delivery said");
  await page.goto(`${town.app}/deliveries?q=pull_request`);
  await page.locator("td a[href^='/deliveries/']").first().click();
  for (const summary of await page.locator("main summary").all()) await summary.press("Enter");
  await says(page, '"pull_request":');
  await is_accessible(page, "delivery");
  await picture(page, "delivery");

  console.log("▸ a stranger opens a pull request while somebody looks");
  await page.goto(town.app + repository);
  await page.evaluate(() => (globalThis.stays = true));
  await town.act("open-pr", "--author", "sam", "--unsigned");
  await says(page, "#5");
  expect(await page.evaluate(() => globalThis.stays === true), "it shows up by itself, without the page being loaded again");

  console.log("▸ why does it wait?");
  await page.goto(`${town.app}${repository}/pull/5`);
  await page.evaluate(() => (globalThis.stays = true));
  expect((await text(page)).includes("A maintainer has to read"), "one sentence says what is needed next");
  await is_accessible(page, "the page of one that waits");
  await picture(page, "waiting");

  console.log("▸ vera signs in with GitHub and approves it; somebody else watches");
  const hers = await browser.newContext({ viewport: { width: 1200, height: 900 } });
  await hers.addInitScript({ content: axe.source });
  const vera = await hers.newPage();
  await vera.goto(`${town.app}/sign-in?next=${repository}/pull/5`);
  await is_accessible(vera, "the page to sign in");
  await vera.getByRole("link", { name: "Sign in with GitHub" }).click();
  await vera.getByRole("link", { name: "vera" }).click();
  await vera.waitForURL(`${town.app}${repository}/pull/5`);
  came_true("she is led back to the page that she came from");
  await is_accessible(vera, "the page with buttons");
  await picture(vera, "buttons");
  await vera.getByRole("button", { name: /approve/i }).click();
  await says(vera, "Asked to approve");
  came_true("her press is taken, and said so");
  await says(page, "Waiting for");
  expect(await page.evaluate(() => globalThis.stays === true), "the page follows by itself");
  await picture(page, "running");

  console.log("▸ a job fails: the gate, where GitHub shows it");
  await until(() => town.act("finish-job", "build (amd64)", "success"));
  await until(() => town.act("finish-job", "build (arm64)", "failure"));
  await says(page, "build (arm64): failed");
  const outside = await browser.newContext({ viewport: { width: 1000, height: 700 } });
  await outside.addInitScript({ content: axe.source });
  const check = await outside.newPage();
  await check.goto(`${town.github}${repository.slice(2)}/pull/5`);
  await is_accessible(check, "the stand-in's page of a pull request");
  await picture(check, "stand-in");
  await check.getByRole("link", { name: "backend-status-check" }).click();
  await check.getByText("build (arm64) did not pass").waitFor({ timeout: PATIENCE });
  await is_accessible(check, "the gate");
  await picture(check, "gate");
  await check.getByRole("link", { name: "View more details" }).click();
  await check.waitForURL(`${town.app}${repository}/pull/5`);
  came_true("its details are the page of the pull request");
  await outside.close();

  console.log("▸ vera has it run again");
  await town.act("comment", "5", "--by", "vera", "/retest");
  for (const job of ["build (arm64)", "test"]) {
    await until(() => town.act("finish-job", job, "success"));
  }
  await page.locator("#main", { hasText: /\d+ jobs passed/ }).waitFor({ timeout: PATIENCE });
  expect(await page.evaluate(() => globalThis.stays === true), "the gate turned green before the reader's eyes");
  await is_accessible(page, "the page of one that passed");
  await picture(page, "passed");

  expect((await text(page)).includes("vera"), "who approved it stands in its history");
  await hers.close();

  console.log("▸ with the keyboard alone");
  await page.goto(town.app + repository);
  await page.keyboard.press("Tab");
  const first = await page.evaluate(() => document.activeElement.getAttribute("href"));
  expect(first === "#main", "the first stop leads to what the page is about", first);
  const seen = new Set();
  for (let stop = 0; stop < 60; stop += 1) {
    await page.keyboard.press("Tab");
    seen.add(await page.evaluate(() => document.activeElement.outerHTML.slice(0, 80)));
  }
  const controls = await page.locator("main a, main input, main select, main button, main summary").count();
  expect(seen.size >= Math.min(controls, 40), "every link and field is a stop", { seen: seen.size, controls });

  console.log("▸ without scripts");
  const plain = await browser.newContext({ javaScriptEnabled: false });
  const still = await plain.newPage();
  await still.goto(`${town.app}${repository}/pull/5`);
  expect(/jobs passed/.test(await text(still)), "the page says the same");
  await plain.close();

  console.log("▸ on a telephone");
  const small = await browser.newContext({ viewport: { width: 360, height: 700 }, isMobile: true });
  const phone = await small.newPage();
  for (const path of ["/", repository, `${repository}/pull/5`, "/deliveries", "/config"]) {
    await phone.goto(town.app + path);
    const wide = await phone.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    expect(wide <= 0, `${path} is not wider than its screen`, wide);
  }
  await phone.goto(`${town.app}${repository}/pull/5`);
  await picture(phone, "telephone");
  await small.close();
  await context.close();
}

/** A server that nobody has set up: what it prints, and the page that this leads to. */
async function setup(browser, town) {
  console.log("▸ a server that nobody has set up yet");
  const DATA_DIR = await mkdtemp(`${tmpdir()}/drawbridge-`);
  const env = { PATH: process.env.PATH, DATA_DIR, PORT: "0", GITHUB_API_URL: town.github };
  const child = spawn(program, ["serve"], { env, stdio: ["ignore", "pipe", "pipe"] });
  try {
    const address = await Promise.race([child.stdout, child.stderr].map(async (stream) => {
      for await (const line of createInterface({ input: stream })) {
        const found = /http:\S+\/setup\?token=\S+/.exec(line);
        if (found) return found[0];
      }
      return new Promise(() => {});
    }));
    const context = await browser.newContext({ viewport: { width: 1000, height: 800 } });
    await context.addInitScript({ content: axe.source });
    const page = await context.newPage();
    await page.goto(address);
    expect(!page.url().includes("token"), "the token is gone from the address");
    await is_accessible(page, "the page of the setup");
    await picture(page, "setup");
    await page.goto(address);
    await is_accessible(page, "the page for a token that was used before");
    await picture(page, "setup-again");
    await context.close();
  } finally {
    child.kill("SIGINT");
    await rm(DATA_DIR, { recursive: true, force: true });
  }
}

await mkdir(pictures, { recursive: true });
const town = await sandbox();
let browser;
try {
  browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-dev-shm-usage"] });
  await story(town, browser);
  await setup(browser, town);
  console.log("\n✓ All is as it should be in a browser.");
} catch (error) {
  console.error(`\n✗ ${error.message}`);
  process.exitCode = 1;
} finally {
  await browser?.close();
  town.end();
}
