// `npm test`: types, lint, format, unit, browser and end-to-end tests, one after the other, with one closing count.

import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensureChromium } from "./chromium.ts";

interface Count {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** Of those passed: only when run again. */
  readonly flaky: number;
}

interface Stage {
  readonly name: string;
  readonly command: readonly string[];
  /** Reads the stage's own report; a stage without one counts as one test by its exit code. */
  readonly count?: (report: string) => Count;
}

/** The part of vitest's JSON report used here. */
interface VitestReport {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  /** Includes files that could not even be loaded. */
  readonly numFailedTestSuites: number;
}

/** The part of Playwright's JSON report used here. */
interface PlaywrightReport {
  readonly stats: {
    readonly expected: number;
    readonly unexpected: number;
    readonly flaky: number;
    readonly skipped: number;
  };
}

const reports = mkdtempSync(join(tmpdir(), "kiln-test-"));
const reportOf = (name: string): string => join(reports, `${name}.json`);

function countVitest(text: string): Count {
  const report = JSON.parse(text) as VitestReport;
  const brokenFiles = report.numFailedTests === 0 ? report.numFailedTestSuites : 0;
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + brokenFiles,
    skipped: report.numPendingTests,
    flaky: 0,
  };
}

function countPlaywright(text: string): Count {
  const { stats } = JSON.parse(text) as PlaywrightReport;
  return {
    passed: stats.expected + stats.flaky,
    failed: stats.unexpected,
    skipped: stats.skipped,
    flaky: stats.flaky,
  };
}

const vitest = (name: string, config: string): Stage => ({
  name,
  command: [
    "vitest",
    "run",
    "--config",
    config,
    "--reporter=default",
    "--reporter=json",
    `--outputFile.json=${reportOf(name)}`,
  ],
  count: countVitest,
});

const STAGES: readonly Stage[] = [
  { name: "types-page", command: ["tsc", "-p", "tsconfig.page.json"] },
  { name: "types-worker", command: ["tsc", "-p", "tsconfig.worker.json"] },
  { name: "types-tests", command: ["tsc", "-p", "tsconfig.tests.json"] },
  { name: "lint", command: ["eslint", "."] },
  { name: "format", command: ["prettier", "--check", "."] },
  vitest("unit", "vitest.config.ts"),
  vitest("browser", "vitest.browser.config.ts"),
  { name: "end-to-end", command: ["playwright", "test", "--reporter=line,json"], count: countPlaywright },
];

async function run(stage: Stage): Promise<Count> {
  const started = Date.now();
  console.log(`\n=== ${stage.name} ===`);
  const child = spawn("npx", ["--no-install", ...stage.command], {
    stdio: ["ignore", "inherit", "inherit"],
    env: { ...process.env, PLAYWRIGHT_JSON_OUTPUT_NAME: reportOf("end-to-end") },
  });
  const code = await new Promise<number>((resolve) => child.on("close", (exit) => resolve(exit ?? 1)));
  const report = reportOf(stage.name);
  const count =
    stage.count && existsSync(report)
      ? stage.count(readFileSync(report, "utf8"))
      : { passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, skipped: 0, flaky: 0 };
  const seconds = Math.round((Date.now() - started) / 1000);
  console.log(`--- ${stage.name}: ${count.passed} passed, ${count.failed} failed in ${seconds} s`);
  // A runner that exits badly without counting a failure (an unhandled rejection, a crash) is a failure all the same.
  return code !== 0 && count.failed === 0 ? { ...count, failed: 1 } : count;
}

ensureChromium();
const wanted = process.argv.slice(2);
const stages = wanted.length > 0 ? STAGES.filter(({ name }) => wanted.includes(name)) : STAGES;
const total = { passed: 0, failed: 0, skipped: 0, flaky: 0 };
for (const stage of stages) {
  const count = await run(stage);
  total.passed += count.passed;
  total.failed += count.failed;
  total.skipped += count.skipped;
  total.flaky += count.flaky;
}
rmSync(reports, { recursive: true, force: true });
if (total.flaky > 0) console.log(`\n${total.flaky} passed only when run again: look for "flaky" above.`);
console.log(
  `\n${total.passed} passed, ${total.failed} failed${total.skipped > 0 ? `, ${total.skipped} skipped` : ""}`,
);
process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0;
