import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pino } from 'pino'
import { buildApp } from '../../src/app.js'
import { readConfig } from '../../src/config.js'
import { SETTINGS } from '../../src/settings.js'
import { ByteBudget } from '../../src/intake/byte-budget.js'
import { Slot } from '../../src/service/slot.js'
import { Metrics } from '../../src/telemetry/metrics.js'
import { render, withoutKustomize, type Manifest } from './kustomize.js'

interface Probe { readonly httpGet: { readonly path: string, readonly port: number } }
interface RuntimeSpec {
  readonly annotations: Readonly<Record<string, string>>
  readonly protocolVersions: readonly string[]
  readonly supportedModelFormats: ReadonlyArray<{ readonly name: string, readonly version?: string }>
  readonly containers: ReadonlyArray<{
    readonly name: string
    readonly env: ReadonlyArray<{ readonly name: string, readonly value?: string }>
    readonly ports: ReadonlyArray<{ readonly containerPort: number }>
    readonly lifecycle: { readonly preStop: { readonly sleep: { readonly seconds: number } } }
    readonly startupProbe: Probe
    readonly readinessProbe: Probe
    readonly livenessProbe: Probe
  }>
}
interface ServiceSpec {
  readonly predictor: {
    readonly terminationGracePeriodSeconds: number
    readonly model: {
      readonly modelFormat: { readonly name: string, readonly version: string }
      readonly runtime: string
      readonly protocolVersion: string
    }
  }
}

function only (manifests: readonly Manifest[], kind: string): Manifest {
  const [found, ...others] = manifests.filter((manifest) => manifest.kind === kind)
  assert.ok(found !== undefined && others.length === 0)
  return found
}

test('runtime, service and code agree', { skip: withoutKustomize }, async () => {
  const manifests = render('overlays/kserve')
  const runtime = only(manifests, 'ServingRuntime')
  const service = only(manifests, 'InferenceService')
  const { annotations, protocolVersions, supportedModelFormats, containers } = runtime.spec as RuntimeSpec
  const { predictor: { model, terminationGracePeriodSeconds } } = service.spec as ServiceSpec
  assert.equal(model.runtime, runtime.metadata.name)
  assert.ok(protocolVersions.includes(model.protocolVersion))
  assert.ok(supportedModelFormats.some(({ name, version }) => name === model.modelFormat.name && version === model.modelFormat.version))

  const [container, ...others] = containers
  assert.ok(container?.name === 'kserve-container' && others.length === 0)
  const known = new Set<string>(Object.values(SETTINGS).map(({ env }) => env))
  assert.deepEqual(container.env.map(({ name }) => name).filter((name) => !known.has(name)), [])
  // KServe fills in the InferenceService's name.
  const valueOf = (value: string | undefined): string | undefined => value?.replace('{{.Name}}', service.metadata.name)
  const config = readConfig(Object.fromEntries(container.env.map(({ name, value }) => [name, valueOf(value)])))
  assert.deepEqual([config.model, config.modelName], ['/mnt/models', service.metadata.name])
  assert.equal(annotations['prometheus.kserve.io/port'], String(config.adminPort))
  const metrics = new Metrics()
  const budget = new ByteBudget(config.maxBytesInFlight)
  const app = await buildApp({ config, slot: new Slot(metrics), keys: undefined, budget, metrics, logger: pino({ level: 'silent' }) })
  for (const { httpGet: { path } } of [container.startupProbe, container.readinessProbe, container.livenessProbe]) {
    assert.ok(app.hasRoute({ method: 'GET', url: path }), path)
  }
  const portsOfProbes = [container.startupProbe, container.livenessProbe, container.readinessProbe].map(({ httpGet }) => httpGet.port)
  assert.deepEqual(portsOfProbes, [config.adminPort, config.adminPort, config.port], 'clients cannot get the pod killed')
  await app.close()
  assert.deepEqual(container.ports.map(({ containerPort }) => containerPort), [config.port])
  const drainedMs = container.lifecycle.preStop.sleep.seconds * 1000 + config.drainDelayMs + config.shutdownGraceMs
  assert.ok(drainedMs < terminationGracePeriodSeconds * 1000, 'SIGKILL comes after the last step of draining')
})
