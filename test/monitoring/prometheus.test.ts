import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { parse, stringify } from 'yaml'
import { CAT } from '../support/cat.js'
import { childOf } from '../support/child.js'
import { freePort } from '../support/free-port.js'
import { startServer } from '../support/server.js'
import { tempFolder } from '../support/temp-folder.js'
import { MONITORING, alerts, dashboardQueries, recordingRules, scalingQueries, type Query } from './queries.js'

/*
 * A real Prometheus with the configuration and the rules of monitoring/ scrapes a real server under load. The intervals
 * are shorter, nothing else differs.
 */
const withoutPrometheus = spawnSync('prometheus', ['--version']).error === undefined ? false : 'prometheus is not installed'
const DEADLINE_MS = 120_000

interface Configuration {
  global: Record<string, string>
  rule_files: string[]
  scrape_configs: Array<{ job_name: string, static_configs: Array<{ targets: string[] }> }>
}

type Samples = Array<{ metric: Record<string, string>, value: [number, string] }>

interface Prometheus {
  query (expr: string): Promise<Samples>
}

/** Writes the configuration for one target into a folder, with rules evaluated every second. */
function writeConfiguration (folder: string, target: string): string {
  const configuration = parse(readFileSync(`${MONITORING}prometheus.yml`, 'utf8')) as Configuration
  const [scrape] = configuration.scrape_configs
  assert.ok(scrape !== undefined)
  scrape.static_configs = [{ targets: [target] }]
  configuration.global = { scrape_interval: '1s', evaluation_interval: '1s' }
  configuration.rule_files = ['recording', 'alerts'].map((name) => {
    const rules = parse(readFileSync(`${MONITORING}rules/${name}.yml`, 'utf8')) as { groups: Array<{ interval?: string }> }
    for (const group of rules.groups) group.interval = '1s'
    const path = join(folder, `${name}.yml`)
    writeFileSync(path, stringify(rules))
    return path
  })
  const path = join(folder, 'prometheus.yml')
  writeFileSync(path, stringify(configuration))
  return path
}

/** Starts Prometheus for `target`; the result asks it one query and gives the samples. */
async function startPrometheus (t: TestContext, target: string): Promise<Prometheus> {
  const folder = tempFolder(t)
  const address = `127.0.0.1:${await freePort()}`
  childOf(t, spawn('prometheus', [
    `--config.file=${writeConfiguration(folder, target)}`, `--storage.tsdb.path=${join(folder, 'data')}`,
    `--web.listen-address=${address}`, '--log.level=warn'
  ], { stdio: ['ignore', 'ignore', 'inherit'] }))
  return {
    query: async (expr) => {
      const body = new URLSearchParams({ query: expr })
      const response = await fetch(`http://${address}/api/v1/query`, { method: 'POST', body }).catch(() => undefined)
      if (response === undefined) return []
      const reply = await response.json() as { status: string, error?: string, data?: { result: Samples } }
      // Not ready yet, which says nothing about the query.
      if (response.status === 503) return []
      assert.equal(reply.status, 'success', `${expr}: ${reply.error}`)
      return reply.data?.result ?? []
    }
  }
}

/** The alert's expression as a value instead of a filter, so that it gives a sample whether it fires or not. */
function unfiltered (expr: string): string {
  return expr.replace(/ (>|<|==) /g, ' $1 bool ')
}

test('every rule, panel, scaling query and alert returns data from a real server', { skip: withoutPrometheus }, async (t) => {
  const server = await startServer(t)
  const prometheus = await startPrometheus(t, new URL(server.url).host)
  const loading = new AbortController()
  const load = Array.from({ length: 2 }, async () => {
    const photoRequest = { method: 'POST', body: CAT, headers: { 'content-type': 'image/jpeg' } }
    while (!loading.signal.aborted) await (await fetch(`${server.url}/classify`, photoRequest)).arrayBuffer()
  })
  try {
    // A recorded series is asked for by its name, so that the rule itself is what made it.
    let missing: Query[] = [
      ...recordingRules().map(({ where }) => ({ where, expr: where })),
      ...dashboardQueries(),
      ...scalingQueries(),
      ...alerts().map(({ where, expr }) => ({ where, expr: unfiltered(expr) }))
    ]
    const asked = missing.length
    const deadline = Date.now() + DEADLINE_MS
    while (missing.length > 0) {
      assert.ok(Date.now() < deadline, `no data for ${missing.map(({ where, expr }) => `${where}: ${expr}`).join('\n')}`)
      await new Promise((resolve) => setTimeout(resolve, 500))
      const answers = await Promise.all(missing.map(async ({ expr }) => await prometheus.query(expr)))
      missing = missing.filter((_query, index) => answers[index]?.every(({ value }) => !Number.isFinite(Number(value[1]))) !== false)
    }
    assert.ok(asked > 40)
    assert.deepEqual(await prometheus.query('ALERTS{alertstate="firing"}'), [])
    const [requests] = await prometheus.query('namespace_job:xception_requests:rate5m')
    assert.equal(requests?.metric.job, 'xception-serve')
    assert.ok(Number(requests?.value[1]) > 0)
  } finally {
    loading.abort()
    await Promise.all(load)
    await server.stop()
  }
})
