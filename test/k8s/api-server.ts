import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { before, test } from 'node:test'
import { stringify } from 'yaml'
import { shared } from '../support/shared.js'
import { KUSTOMIZATIONS, render, renderText, type Manifest } from './kustomize.js'

/*
 * Run by `npm run test:kube` against the API server that kubectl's configuration names. Its name keeps it out of `npm test`.
 * Accepted means: every object passes admission and strict validation, without a warning, in a namespace that enforces the
 * restricted pod security standard, and so does the pod that the Deployment would make.
 */
/** That of the overlay that names one. */
const NAMESPACE = 'xception-serve'
const CRD_TIMEOUT_MS = 60_000

interface Answer { readonly status: number | null, readonly stderr: string }

function apply (yaml: string, ...options: string[]): Answer {
  const command = ['apply', '--server-side', '--dry-run=server', '--validate=strict', '-n', NAMESPACE, '-f', '-', ...options]
  const { status, stderr } = spawnSync('kubectl', command, { input: yaml, encoding: 'utf8' })
  return { status, stderr }
}

interface Pod { readonly apiVersion: 'v1', readonly kind: 'Pod', readonly metadata: object, readonly spec: Record<string, unknown> }

const pod = (metadata: object, spec: Record<string, unknown>): Pod => {
  return { apiVersion: 'v1', kind: 'Pod', metadata: { ...metadata, name: 'from-template' }, spec }
}

/** The pod of a rendered Deployment, Job, or of what KServe makes one of. */
function podOf (kustomization: string): Pod {
  const manifests = render(kustomization)
  const template = manifests.find(({ kind }) => kind === 'Deployment' || kind === 'Job')
  if (template === undefined) return podOfKServe(manifests)
  const { metadata, spec } = (template.spec as { template: { metadata: object, spec: Record<string, unknown> } }).template
  return pod(metadata, spec)
}

/** The runtime's containers and volumes with what the predictor says of the pod, without what only KServe knows. */
function podOfKServe (manifests: readonly Manifest[]): Pod {
  const specOf = <T>(wanted: string): T => manifests.find(({ kind }) => kind === wanted)?.spec as T
  const { containers, volumes } = specOf<{ containers: object[], volumes: object[] }>('ServingRuntime')
  const { predictor } = specOf<{ predictor: Record<string, unknown> }>('InferenceService')
  const own = ['model', 'minReplicas', 'maxReplicas', 'scaleMetric', 'scaleTarget', 'deploymentStrategy']
  return pod({}, { ...Object.fromEntries(Object.entries(predictor).filter(([key]) => !own.includes(key))), containers, volumes })
}

before(() => {
  const crds = shared('kube/crds/')
  for (const file of readdirSync(crds)) {
    execFileSync('kubectl', ['apply', '--server-side', '-f', crds + file], { stdio: ['ignore', 'ignore', 'inherit'] })
  }
  // kubectl wait fails at once on a definition that has no conditions yet.
  const deadline = Date.now() + CRD_TIMEOUT_MS
  while (spawnSync('kubectl', ['wait', '--for=condition=Established', '--timeout=10s', 'crd', '--all']).status !== 0) {
    assert.ok(Date.now() < deadline, 'the custom resource definitions are not established')
  }
  execFileSync('kubectl', ['apply', '-f', '-'], {
    input: stringify({
      apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE, labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } }
    }),
    stdio: ['pipe', 'ignore', 'inherit']
  })
})

for (const kustomization of KUSTOMIZATIONS) {
  test(`the API server accepts k8s/${kustomization} without a warning`, () => {
    assert.deepEqual(apply(renderText(kustomization)), { status: 0, stderr: '' })
  })

  test(`the pod of k8s/${kustomization} is admitted under the restricted standard`, () => {
    assert.deepEqual(apply(stringify(podOf(kustomization))), { status: 0, stderr: '' })
  })
}

test('the server refuses a field that does not exist and a pod that may run as root', () => {
  const base = podOf('base')
  const refusal = /unknown field "spec.hostName"|\.spec\.hostName: field not declared/
  assert.match(apply(stringify({ ...base, spec: { ...base.spec, hostName: 'x' } })).stderr, refusal)
  assert.match(apply(stringify({ ...base, spec: { ...base.spec, securityContext: {} } })).stderr, /violates PodSecurity "restricted/)
})
