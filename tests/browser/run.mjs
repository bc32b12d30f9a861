// Opens HTML reports in the system's Chromium and checks what a reader would notice.
//
// node tests/browser/run.mjs FOLDER [LASTGOOD]
// FOLDER holds what `cargo run --example pages -- FOLDER` wrote; LASTGOOD is the program that makes the pages.
// Writes the pages, a PDF and screenshots into FOLDER, to be looked at.

import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const project = fileURLToPath(new URL("../..", import.meta.url));
const folder = resolve(process.argv[2] ?? join(project, "target/browser"));
const lastgood = resolve(process.argv[3] ?? join(project, "target/release/lastgood"));
const axe = readFileSync(fileURLToPath(import.meta.resolve("axe-core/axe.min.js")), "utf8");
const executablePath = ["chromium", "chromium-browser", "google-chrome"]
  .flatMap((name) => (process.env.PATH ?? "").split(":").map((where) => join(where, name)))
  .find((path) => existsSync(path));
assert.ok(executablePath, "there is no chromium on the PATH");

// Makes the page of a policy and its evidence, as a user would, and returns its path.
const made = (name, args) => {
  const out = join(folder, name);
  const run = spawnSync(lastgood, [...args, "--fail-on", "never", "--out", out], { cwd: project, encoding: "utf8" });
  assert.equal(run.status, 0, run.stderr);
  return join(out, "report.html");
};
const evaluated = (name) =>
  made(name, ["evaluate", join(folder, name, "policy.yaml"), "--evidence", join(folder, name, "seen.jsonl"), "--as-of", "2026-11-23T12:00:00Z"]);
const pages = {
  zowe: made("zowe", ["audit", "policies/zowe-2020.yaml", "--offline", "--as-of", "2020-07-22T00:00:00Z"]),
  estate: evaluated("estate"),
  many: evaluated("many"),
  hostile: evaluated("hostile"),
};

// Over HTTP, so that a request for anything else would be seen, an icon too.
const asked = [];
const server = createServer((request, response) => {
  asked.push(request.url);
  const name = request.url.slice(1);
  if (!(name in pages)) return response.writeHead(404).end();
  response.writeHead(200, { "content-type": "text/html; charset=utf-8" }).end(readFileSync(pages[name]));
});
await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
const origin = `http://127.0.0.1:${server.address().port}`;

const profile = mkdtempSync(join(tmpdir(), "lastgood-browser-"));
const args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
const browser = await chromium.launchPersistentContext(profile, { executablePath, args, headless: true });

// Opens a page; whatever it says, asks for or runs besides itself is a fault.
const open = async (name, { width = 1280, scheme = "light" } = {}) => {
  const page = await browser.newPage();
  const faults = [];
  page.on("console", (message) => ["error", "warning"].includes(message.type()) && faults.push(message.text()));
  page.on("pageerror", (error) => faults.push(String(error)));
  page.on("dialog", (dialog) => (faults.push(`a dialog: ${dialog.message()}`), dialog.dismiss()));
  page.on("request", (request) => {
    const url = request.url();
    if (url !== `${origin}/${name}` && !url.startsWith("data:,")) faults.push(`a request: ${url}`);
  });
  await page.setViewportSize({ width, height: 900 });
  await page.emulateMedia({ colorScheme: scheme });
  await page.goto(`${origin}/${name}`);
  return { page, faults };
};

// How many times longer than promised anything may take, so that a busy machine fails no test.
const slack = 3;

let passed = 0;
const failed = [];
const test = async (name, body) => {
  try {
    await body();
    passed += 1;
    console.log(`ok   ${name}`);
  } catch (error) {
    failed.push(name);
    console.log(`FAIL ${name}\n${error.stack ?? error}`);
  }
};
// The ids of the assets that a reader sees in the register, in order.
const shown = (page) => page.locator("table.register > tbody > tr:visible > th .id").allTextContents();

for (const name of ["zowe", "estate", "hostile"]) {
  for (const [scheme, width] of [["light", 1280], ["dark", 1280], ["light", 400], ["dark", 400]]) {
    await test(`${name}, ${scheme}, ${width} px: no fault, nothing wider than the screen, accessible`, async () => {
      const { page, faults } = await open(name, { scheme, width });
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(wide <= 0, `the page is ${wide} px wider than the screen`);
      await page.screenshot({ path: join(folder, `${name}-${scheme}-${width}.png`), fullPage: name !== "estate" });
      assert.deepEqual(faults, []);
      // The policy of the page forbids it to run, as it forbids everything; the tester steps around it.
      const session = await page.context().newCDPSession(page);
      await session.send("Runtime.evaluate", { expression: axe });
      const result = await page.evaluate(() => axe.run(document, { resultTypes: ["violations"] }));
      const grave = result.violations.filter((violation) => ["serious", "critical"].includes(violation.impact));
      const told = grave.map((violation) => `${violation.id}: ${violation.nodes.slice(0, 3).map((node) => `${node.html} ${node.failureSummary}`).join("\n  ")}`);
      assert.deepEqual(told, []);
      assert.ok(result.passes.length > 10, "axe looked at the page");
      await page.close();
    });
  }
}

await test("a column is sorted both ways, worse is more, and the heading says so", async () => {
  const { page, faults } = await open("estate");
  const table = page.locator("table.register").nth(1);
  const heading = table.locator("thead th", { hasText: "exposure" });
  const column = () => table.locator("tbody tr td:nth-child(5)").evaluateAll((cells) => cells.map((cell) => Number(cell.dataset.sort)));
  const before = await column();
  assert.ok(before.some((value, index) => index > 0 && value < before[index - 1]), "the order is not that of the column");
  await heading.getByRole("button").click();
  assert.equal(await heading.getAttribute("aria-sort"), "descending", "the worst comes first");
  const down = await column();
  assert.deepEqual(down, [...before].sort((a, b) => b - a));
  const apart = await table.locator("tbody").evaluateAll((bodies) => bodies.filter((body) => {
    const id = body.querySelector("th .id").textContent;
    return Array.from(body.querySelectorAll(".why .id")).some((finding) => !finding.textContent.includes(`:${id}`));
  }).length);
  assert.equal(apart, 0, "what is open of an asset stays with it");
  // By the keyboard.
  await heading.getByRole("button").focus();
  await page.keyboard.press("Enter");
  assert.equal(await heading.getAttribute("aria-sort"), "ascending");
  assert.deepEqual(await column(), down.reverse());
  const verdicts = () => table.locator("tbody > tr:first-child > td:first-child .v").allTextContents();
  const ranks = ["GAP", "UNKNOWN", "accepted", "new", "met"];
  const worstFirst = (await verdicts()).sort((a, b) => ranks.indexOf(a) - ranks.indexOf(b));
  await table.locator("thead th", { hasText: "verdict" }).getByRole("button").click();
  assert.deepEqual(await verdicts(), worstFirst);
  await table.locator("thead th", { hasText: "asset" }).getByRole("button").click();
  assert.equal(await heading.getAttribute("aria-sort"), null);
  assert.deepEqual(faults, []);
  await page.close();
});

await test("the register is filtered by text, verdict and section", async () => {
  const { page, faults } = await open("estate");
  const all = await shown(page);
  assert.equal(all.length, 60);
  const report = JSON.parse(readFileSync(join(folder, "estate/report.json"), "utf8"));
  const ids = (is) => report.assets.filter(is).map((asset) => asset.id).sort();
  const now = async () => (await shown(page)).sort();

  await page.getByLabel("Text").fill("-00001");
  await page.waitForFunction(() => document.getElementById("f-count").textContent !== "");
  assert.deepEqual(await now(), ids((asset) => asset.id.includes("-00001")));
  await page.getByLabel("Verdict").selectOption("gap");
  assert.deepEqual(await now(), ids((asset) => asset.id.includes("-00001") && asset.verdict === "gap"));
  await page.getByLabel("Text").fill("");
  await page.waitForTimeout(300);
  for (const verdict of ["gap", "unknown", "met"]) {
    await page.getByLabel("Verdict").selectOption(verdict);
    const expected = ids((asset) => asset.verdict === verdict);
    assert.ok(expected.length > 0, `the estate has something ${verdict}`);
    assert.deepEqual(await now(), expected);
    assert.equal(await page.locator("#f-count").textContent(), `${expected.length} of 60 rows shown`);
  }
  await page.getByLabel("Verdict").selectOption("");
  await page.getByLabel("Section").selectOption("Source code / tools");
  assert.deepEqual(await now(), ids((asset) => asset.section === "Source code / tools"));
  await page.getByLabel("Section").selectOption("");
  assert.deepEqual(await shown(page), all);
  await page.getByRole("button", { name: "Fold all", exact: true }).click();
  assert.deepEqual(await shown(page), []);
  await page.getByRole("button", { name: "Unfold all" }).click();
  assert.deepEqual(await shown(page), all);
  assert.deepEqual(faults, []);
  await page.close();
});

// The text of a page as it is printed.
const printed = async (page, name) => {
  const path = join(folder, `${name}.pdf`);
  await page.pdf({ path, preferCSSPageSize: true, printBackground: true });
  return execFileSync("pdftotext", ["-raw", path, "-"], { encoding: "utf8" });
};

await test("on paper stands all of it with its reasons, whatever was filtered and folded", async () => {
  const { page, faults } = await open("estate");
  const ids = await shown(page);
  await page.getByLabel("Verdict").selectOption("met");
  const filtered = await shown(page);
  assert.ok(filtered.length > 0 && filtered.length < ids.length);
  const paper = (await printed(page, "estate-filtered")).replace(/\s/g, "");
  const lacking = ids.filter((id) => !paper.includes(id));
  assert.deepEqual(lacking, [], "what was filtered out is on paper");
  assert.ok(paper.includes("policyline"), "the reasons are on paper");
  assert.deepEqual(await shown(page), filtered, "on the screen the filter stands as before");
  assert.deepEqual(faults, []);
  await page.close();
});

await test("without script everything is there, and nothing that would need it", async () => {
  const plain = await chromium.launch({ executablePath, args, headless: true });
  const page = await (await plain.newContext({ javaScriptEnabled: false })).newPage();
  await page.goto(`${origin}/estate`);
  assert.equal((await shown(page)).length, 60);
  assert.equal(await page.locator("#tools").isVisible(), false);
  assert.equal(await page.locator("thead button").count(), 0);
  assert.match((await printed(page, "estate-no-script")).replace(/\s/g, ""), /policyline/, "the reasons are on paper");
  await page.locator("details.section > summary").first().click();
  assert.equal((await shown(page)).length, 40, "folding needs no script");
  await plain.close();
});

await test("hostile text is shown and does nothing", async () => {
  const { page, faults } = await open("hostile");
  await page.waitForTimeout(200);
  const found = await page.evaluate(() => ({
    ran: window.pwned,
    elements: document.querySelectorAll("img, iframe, object, embed, [onmouseover], [onload], [onerror], svg[onload], base, link:not([rel=icon])").length,
    scripts: document.scripts.length,
    styles: document.querySelectorAll("style").length,
    links: Array.from(document.links, (link) => link.href).filter((href) => !href.startsWith(location.origin)),
    steering: /[\u202a-\u202e\u2066-\u2069\u200b-\u200f]/.test(document.documentElement.outerHTML),
    shown: document.body.innerText.includes("<script>window.pwned=1</script>"),
    computed: document.body.innerText.includes("{{ 7*7 }}"),
    headings: Array.from(document.querySelectorAll("h1, h2"), (heading) => heading.textContent).filter((text) => text.includes("Forged")),
  }));
  assert.deepEqual(found, { ran: undefined, elements: 0, scripts: 1, styles: 1, links: ["https://example.org/"], steering: false, shown: true, computed: true, headings: [] });
  assert.deepEqual(faults, []);
  await page.close();
});

await test("even a script that were in the page would not run", async () => {
  const { page, faults } = await open("zowe");
  await page.evaluate(() => {
    const script = document.createElement("script");
    script.textContent = "window.pwned = 1";
    document.body.append(script);
    const image = document.createElement("img");
    image.src = "/pixel.png";
    document.body.append(image);
  });
  await page.waitForTimeout(200);
  assert.equal(await page.evaluate(() => window.pwned), undefined);
  assert.ok(!asked.includes("/pixel.png"), "the picture was fetched");
  assert.ok(faults.length >= 2, "the browser says what it refused");
  await page.close();
});

await test("on paper the first page stands alone", async () => {
  for (const name of ["zowe", "estate", "hostile", "many"]) {
    const { page } = await open(name);
    const path = join(folder, `${name}.pdf`);
    await page.pdf({ path, preferCSSPageSize: true, printBackground: true });
    const text = (first, last) => execFileSync("pdftotext", ["-f", String(first), "-l", String(last), "-layout", path, "-"], { encoding: "utf8" });
    const [one, two] = [text(1, 1), text(2, 2)];
    for (const needed of ["Decisions needed", "If nobody decides", "Counts", "All assets"]) assert.ok(one.includes(needed), `${name}: page 1 lacks “${needed}”:\n${one}`);
    assert.ok(!one.includes("What we would lose"), `${name}: page 1 goes on`);
    assert.match(two.trimStart(), /^What we would lose/, `${name}: page 2 begins with something else`);
    await page.close();
  }
});

await test("of 100,000 assets the page is below 30 MB, says what it leaves out, and opens and filters at once", async () => {
  const bytes = statSync(pages.many).size;
  assert.ok(bytes < 30_000_000, `${bytes} bytes`);
  assert.equal(readFileSync(join(folder, "many/register.csv"), "utf8").trimEnd().split("\n").length, 100_001);
  const begun = performance.now();
  const { page, faults } = await open("many");
  await page.locator("#tools").waitFor();
  const opened = performance.now() - begun;
  const left = page.locator("#register > .left").first();
  assert.match(await left.textContent(), /Of 100000 assets.*register\.csv/s);
  const filtering = await page.evaluate(async () => {
    const before = performance.now();
    const text = document.getElementById("f-text");
    text.value = "core-0000";
    text.dispatchEvent(new Event("input"));
    await new Promise((done) => {
      new MutationObserver(() => requestAnimationFrame(() => requestAnimationFrame(done))).observe(document.getElementById("f-count"), { childList: true, characterData: true, subtree: true });
    });
    return performance.now() - before;
  });
  const said = await page.locator("#f-count").textContent();
  const [, shown, hidden] = said.match(/ of (\d+) rows shown; (\d+) more assets are not on this page/) ?? assert.fail(said);
  assert.equal(Number(shown) + Number(hidden), 100_000);
  console.log(`     ${(bytes / 1e6).toFixed(2)} MB, opened in ${opened.toFixed(0)} ms, filtered in ${filtering.toFixed(0)} ms`);
  assert.ok(opened < 2_000 * slack, `opened in ${opened} ms`);
  assert.ok(filtering < 2_000 * slack, `filtered in ${filtering} ms`);
  assert.deepEqual(faults, []);
  await page.close();
});

await browser.close();
server.close();
rmSync(profile, { recursive: true, force: true });
console.log(`${passed} passed, ${failed.length} failed`);
process.exitCode = failed.length === 0 ? 0 : 1;
