import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync, readdirSync } from 'node:fs'
import { test } from 'node:test'
import { parse } from 'yaml'
import { Metrics } from '../../src/telemetry/metrics.js'
import { MONITORING, alerts, dashboardQueries, recordingRules, ruleFile, scalingQueries } from './queries.js'

const withoutPromtool = spawnSync('promtool', ['--version']).error === undefined ? false : 'promtool is not installed'
const promtool = (...args: string[]): string => execFileSync('promtool', args, { cwd: MONITORING, encoding: 'utf8' })
const read = (path: string): string => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8')

test('promtool accepts the configuration and the rules', { skip: withoutPromtool }, () => {
  promtool('check', 'config', '--lint=all', '--lint-fatal', 'prometheus.yml')
  promtool('check', 'rules', '--lint=all', '--lint-fatal', ...readdirSync(`${MONITORING}rules`).map((name) => `rules/${name}`))
})

test('promtool: the rules do what their unit tests say', { skip: withoutPromtool }, () => {
  promtool('test', 'rules', 'tests/alerts.yml')
})

test('every alert is seen firing in a unit test', () => {
  interface AlertTest { readonly alert_rule_test: Array<{ alertname: string, exp_alerts: unknown[] }> }
  const { tests } = parse(read('monitoring/tests/alerts.yml')) as { tests: readonly AlertTest[] }
  const firing = tests.flatMap(({ alert_rule_test: cases }) => cases).filter(({ exp_alerts: expected }) => expected.length > 0)
  assert.deepEqual(new Set(firing.map(({ alertname }) => alertname)), new Set(alerts().map(({ name }) => name)))
})

test('every alert links to its runbook, and every runbook has its alert', () => {
  const headings = [...read('docs/operations.md').matchAll(/^### (Xception\w+)$/gm)].map(([, heading]) => heading)
  assert.deepEqual(headings, alerts().map(({ name }) => name))
  for (const { name, runbook } of alerts()) assert.equal(runbook, `docs/operations.md#${name.toLowerCase()}`)
})

test('the PrometheusRule holds the same rules', () => {
  const { spec } = parse(read('k8s/components/prometheus-operator/prometheusrule.yaml')) as { spec: unknown }
  assert.deepEqual(spec, { groups: [...ruleFile('recording').groups, ...ruleFile('alerts').groups] }, 'npm run generate writes it anew')
})

test('rules, dashboard and scaling only name metrics that the service has', async () => {
  const metrics = new Map((await new Metrics().registry.getMetricsAsJSON()).map(({ name, type }) => [name, String(type)]))
  const recorded = new Set(recordingRules().map(({ where }) => where))
  let checked = 0
  for (const { where, expr } of [...recordingRules(), ...alerts(), ...dashboardQueries(), ...scalingQueries()]) {
    for (const [name] of expr.matchAll(/\b(?:xception|nodejs|process)_\w+|\bnamespace_job(?:_\w+)?:[\w:]+/g)) {
      checked++
      if (name.includes(':')) {
        assert.ok(recorded.has(name), `${where} reads ${name}, which no rule records`)
      } else {
        const isHistogram = metrics.get(name.replace(/_(?:bucket|sum|count)$/, '')) === 'histogram'
        assert.ok(metrics.has(name) || isHistogram, `${where} reads ${name}, which the service does not have`)
      }
    }
  }
  assert.ok(checked > 40, 'names were found')
})
