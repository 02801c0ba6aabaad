import { readFileSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { parse } from 'yaml';
import { requireCommand, suiteNeeding } from '../../support/requirements.ts';
import { run } from '../../support/run.ts';

const rules = 'src/operations/fleet/alerts.yaml';
const scenarios = 'test/operations/fleet/alerts.rules-test.yaml';

const test = suiteNeeding('alert rules of the fleet', requireCommand('promtool'));

test('alert rules: Prometheus accepts them', async () => {
  const { stdout } = await run('promtool', ['check', 'rules', '--lint-fatal', rules]);
  assert.match(stdout, /SUCCESS: 3 rules found/);
});

test('alert rules: each fires for what it is about, and only then', async () => {
  await run('promtool', ['test', 'rules', scenarios]);
});

test('alert rules: each has a scenario in which it fires and one in which it is silent', () => {
  const alerts: string[] = parse(readFileSync(rules, 'utf8')).groups[0].rules.map(
    (rule: { alert: string }) => rule.alert,
  );
  const tests: { alert_rule_test: { alertname: string; exp_alerts: unknown[] }[] }[] = parse(
    readFileSync(scenarios, 'utf8'),
  ).tests;
  const checks = tests.flatMap(({ alert_rule_test }) => alert_rule_test);
  for (const alert of alerts)
    for (const fires of [true, false])
      assert.ok(
        checks.some(({ alertname, exp_alerts }) => alertname === alert && exp_alerts.length > 0 === fires),
        `${alert}, ${fires}`,
      );
});

test.run();
