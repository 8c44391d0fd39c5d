import assert from 'node:assert/strict'
import { readFileSync, readdirSync } from 'node:fs'
import { test } from 'node:test'
import fastify from 'fastify'
import { parse } from 'yaml'
import { readConfig } from '../../src/config.js'
import { SETTINGS } from '../../src/settings.js'
import { Metrics } from '../../src/telemetry/metrics.js'
import { probeRoutes } from '../../src/routes/status.js'
import { Slot } from '../../src/service/slot.js'
import { K8S, KUSTOMIZATIONS, SERVICES, render, withoutKustomize, type Manifest } from './kustomize.js'

interface Probe {
  readonly httpGet: { readonly path: string, readonly port: string }
  readonly periodSeconds: number
  readonly failureThreshold: number
}
interface EnvVar {
  readonly name: string
  readonly value?: string
  readonly valueFrom?: { readonly resourceFieldRef?: { readonly resource: string, readonly divisor: string } }
}
interface Container {
  readonly name: string
  readonly image: string
  readonly env: readonly EnvVar[]
  readonly ports?: ReadonlyArray<{ readonly name: string, readonly containerPort: number }>
  readonly lifecycle?: { readonly preStop: { readonly sleep: { readonly seconds: number } } }
  readonly startupProbe: Probe
  readonly readinessProbe: Probe
  readonly livenessProbe: Probe
  readonly resources: { readonly limits: Readonly<Record<string, string>>, readonly requests: Readonly<Record<string, string>> }
  readonly volumeMounts: ReadonlyArray<{ readonly name: string, readonly mountPath: string, readonly readOnly?: boolean }>
}
interface DeploymentSpec {
  readonly selector: { readonly matchLabels: Readonly<Record<string, string>> }
  readonly template: {
    readonly metadata: { readonly labels: Readonly<Record<string, string>> },
    readonly spec: {
      readonly containers: readonly Container[]
      readonly initContainers?: readonly Container[]
      readonly terminationGracePeriodSeconds: number
      readonly volumes: ReadonlyArray<{ readonly name: string, readonly emptyDir?: object }>
    }
  }
}

interface Policy {
  readonly podSelector: { readonly matchLabels: Readonly<Record<string, string>> }
  readonly ingress: ReadonlyArray<{ readonly from?: readonly object[], readonly ports: ReadonlyArray<{ readonly port: string }> }>
}

const VERSION = (JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as { version: string }).version
/** Variables of the init container's script, not of the service. */
const DOWNLOAD_VARIABLES = ['MODEL_URL', 'MODEL_JSON_SHA256', 'WEIGHTS_SHA256']

function named<T> (manifests: readonly Manifest[], kind: string): T {
  const [found, ...others] = manifests.filter((manifest) => manifest.kind === kind)
  assert.ok(found !== undefined && others.length === 0, `exactly one ${kind}`)
  return found.spec as T
}

function server (manifests: readonly Manifest[]): Container {
  const found = named<DeploymentSpec>(manifests, 'Deployment').template.spec.containers.find(({ name }) => name === 'server')
  assert.ok(found !== undefined)
  return found
}

/** The service's own reading of the settings that the manifest gives it. */
function configOf ({ env }: Container): ReturnType<typeof readConfig> {
  return readConfig(Object.fromEntries(env.map(({ name, value }) => [name, value])))
}

for (const kustomization of SERVICES) {
  test(`k8s/${kustomization} agrees with the code`, { skip: withoutKustomize }, async () => {
    const manifests = render(kustomization)
    const { template, selector } = named<DeploymentSpec>(manifests, 'Deployment')
    const container = server(manifests)
    const config = configOf(container)

    const known = new Set<string>(Object.values(SETTINGS).map(({ env }) => env))
    assert.deepEqual(container.env.map(({ name }) => name).filter((name) => !known.has(name)), [])
    for (const init of template.spec.initContainers ?? []) assert.deepEqual(init.env.map(({ name }) => name), DOWNLOAD_VARIABLES)

    const threads = container.env.find(({ name }) => name === SETTINGS.tensorflowThreads.env)?.valueFrom?.resourceFieldRef
    assert.deepEqual([threads?.resource, threads?.divisor], ['limits.cpu', '1'])
    assert.ok(container.resources.limits.cpu !== undefined, 'without a limit the node\'s cores would be taken')

    const grpcPort = config.grpcPort === 'off' ? undefined : config.grpcPort
    const forClients = grpcPort === undefined ? ['http'] : ['http', 'grpc']
    const ports = new Map(container.ports?.map(({ name, containerPort }) => [name, containerPort]))
    assert.deepEqual(new Set(ports.keys()), new Set([...forClients, 'admin']))
    assert.deepEqual([ports.get('http'), ports.get('grpc'), ports.get('admin')], [config.port, grpcPort, config.adminPort])
    assert.equal(config.adminHost, '::', 'Prometheus comes from outside of the pod, and may have addresses of either family alone')
    const app = fastify()
    await app.register(probeRoutes, { slot: new Slot(new Metrics()) })
    const probes = [container.startupProbe, container.readinessProbe, container.livenessProbe].map(({ httpGet }) => httpGet)
    assert.deepEqual(probes.map(({ path }) => path), ['/readyz', '/readyz', '/livez'])
    for (const { path } of probes) assert.ok(app.hasRoute({ method: 'GET', url: path }), path)
    // Clients that hold every connection of their port make the pod unready at most.
    assert.deepEqual(probes.map(({ port }) => port), ['admin', 'http', 'admin'])

    const cache = container.volumeMounts.find(({ mountPath }) => mountPath === config.cacheDir)
    const isWritable = template.spec.volumes.some(({ name, emptyDir }) => name === cache?.name && emptyDir !== undefined)
    assert.ok(isWritable, 'MODEL_CACHE_DIR is a writable volume')

    const graceMs = template.spec.terminationGracePeriodSeconds * 1000
    const drainedMs = (container.lifecycle?.preStop.sleep.seconds ?? 0) * 1000 + config.drainDelayMs + config.shutdownGraceMs
    assert.ok(drainedMs < graceMs, 'SIGKILL comes after the last step of draining')
    const unready = container.readinessProbe.periodSeconds * container.readinessProbe.failureThreshold * 1000
    assert.ok(unready <= config.drainDelayMs, 'the pod is found not ready while it still takes requests')

    const images = [container, ...template.spec.initContainers ?? []].map(({ image }) => image)
    assert.deepEqual(new Set(images), new Set([`xception-serve:${VERSION}${config.backend === 'gpu' ? '-gpu' : ''}`]))

    const labels = Object.entries(template.metadata.labels)
    const service = named<{ selector: Record<string, string>, ports: Array<{ name: string, targetPort: string }> }>(manifests, 'Service')
    const budget = named<{ selector: { matchLabels: Record<string, string> } }>(manifests, 'PodDisruptionBudget')
    const policy = named<Policy>(manifests, 'NetworkPolicy')
    for (const wanted of [selector.matchLabels, service.selector, budget.selector.matchLabels, policy.podSelector.matchLabels]) {
      assert.ok(Object.keys(wanted).length > 0)
      for (const pair of Object.entries(wanted)) assert.deepEqual(labels.find(([key]) => key === pair[0]), pair)
    }
    assert.deepEqual(new Set(service.ports.map(({ targetPort }) => targetPort)), new Set(ports.keys()))

    const isOpen = (port: string, sources: boolean): boolean => {
      return policy.ingress.some(({ from, ports }) => (from !== undefined) === sources && ports.some((open) => open.port === port))
    }
    assert.deepEqual(forClients.filter((port) => !isOpen(port, false)), [])
    assert.ok(isOpen('admin', true))
    assert.equal(isOpen('admin', false), false, 'what asks for no key is not open to everybody')
    for (const monitor of manifests.filter(({ kind }) => kind === 'ServiceMonitor')) {
      const [endpoint] = (monitor.spec as { endpoints: Array<{ port: string, path: string }> }).endpoints
      const scraped = service.ports.find(({ name }) => name === endpoint?.port)
      assert.deepEqual([scraped?.targetPort, endpoint?.path], ['admin', '/metrics'])
    }
  })
}

test('the overlays together use every component', () => {
  const componentsOf = (path: string): readonly string[] => {
    return (parse(readFileSync(`${K8S}${path}/kustomization.yaml`, 'utf8')) as { components?: string[] }).components ?? []
  }
  const used = KUSTOMIZATIONS.flatMap(componentsOf)
  assert.deepEqual(new Set(used.map((path) => path.split('/').at(-1))), new Set(readdirSync(`${K8S}components`)))
})

test('only the overlay of gRPC opens its port', { skip: withoutKustomize }, () => {
  const open = SERVICES.filter((path) => configOf(server(render(path))).grpcPort !== 'off')
  assert.deepEqual(open, ['overlays/grpc'])
})

test('KEDA takes the HorizontalPodAutoscaler\'s place', { skip: withoutKustomize }, () => {
  const scalers = ['ScaledObject', 'HorizontalPodAutoscaler']
  const kinds = (path: string): string[] => render(path).map(({ kind }) => kind).filter((kind) => scalers.includes(kind))
  assert.deepEqual(kinds('overlays/keda'), ['ScaledObject'])
  assert.deepEqual(kinds('overlays/cpu'), ['HorizontalPodAutoscaler'])
  assert.deepEqual(kinds('overlays/gpu'), [])
})

test('the GPU overlay asks for a GPU and refuses to serve without one', { skip: withoutKustomize }, () => {
  const container = server(render('overlays/gpu'))
  assert.equal(container.resources.limits['nvidia.com/gpu'], '1')
  assert.equal(configOf(container).backend, 'gpu')
})
