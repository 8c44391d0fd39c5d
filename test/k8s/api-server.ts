import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { before, test } from 'node:test'
import { stringify } from 'yaml'
import { shared } from '../support/shared.js'
import { KUSTOMIZATIONS, render, renderText } from './kustomize.js'

/*
 * Run by `npm run test:kube` against the API server that kubectl's configuration names. Its name keeps it out of `npm test`.
 * Accepted means: every object passes admission and strict validation, without a warning, in a namespace that enforces the
 * restricted pod security standard, and so does the pod that the Deployment would make.
 */
const NAMESPACE = 'xception-serve-test'
const CRD_TIMEOUT_MS = 60_000

interface Answer { readonly status: number | null, readonly stderr: string }

function apply (yaml: string, ...options: string[]): Answer {
  const command = ['apply', '--server-side', '--dry-run=server', '--validate=strict', '-n', NAMESPACE, '-f', '-', ...options]
  const { status, stderr } = spawnSync('kubectl', command, { input: yaml, encoding: 'utf8' })
  return { status, stderr }
}

/** The pod of a rendered Deployment. */
function podOf (kustomization: string): { apiVersion: 'v1', kind: 'Pod', metadata: object, spec: Record<string, unknown> } {
  const deployment = render(kustomization).find(({ kind }) => kind === 'Deployment')
  assert.ok(deployment !== undefined)
  const { metadata, spec } = (deployment.spec as { template: { metadata: object, spec: Record<string, unknown> } }).template
  return { apiVersion: 'v1', kind: 'Pod', metadata: { ...metadata, name: 'from-template' }, spec }
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
  const pod = podOf('base')
  const refusal = /unknown field "spec.hostName"|\.spec\.hostName: field not declared/
  assert.match(apply(stringify({ ...pod, spec: { ...pod.spec, hostName: 'x' } })).stderr, refusal)
  assert.match(apply(stringify({ ...pod, spec: { ...pod.spec, securityContext: {} } })).stderr, /violates PodSecurity "restricted/)
})
