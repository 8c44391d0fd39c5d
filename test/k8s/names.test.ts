import assert from 'node:assert/strict'
import { test } from 'node:test'
import { alerts, scalingQueries } from '../monitoring/queries.js'
import { renderOwn, withoutKustomize, type Manifest } from './kustomize.js'

const OWN = { namespace: 'production', namePrefix: 'cats-', nameSuffix: '-v2' }

function only<T> (manifests: readonly Manifest[], kind: string): Manifest & { readonly spec: T } {
  const [found, ...others] = manifests.filter((manifest) => manifest.kind === kind)
  assert.ok(found !== undefined && others.length === 0, `exactly one ${kind}`)
  return found as Manifest & { spec: T }
}

test('an overlay with a namespace, a prefix and a suffix scales its own Deployment by its own series', { skip: withoutKustomize }, (t) => {
  const manifests = renderOwn(t, { ...OWN, resources: ['k8s/overlays/keda'], transformers: ['k8s/components/keda/namespace'] })
  interface ScaledObject {
    readonly scaleTargetRef: { readonly name: string }
    readonly triggers: ReadonlyArray<{ readonly metadata: { readonly query: string } }>
  }
  const { scaleTargetRef, triggers } = only<ScaledObject>(manifests, 'ScaledObject').spec
  assert.equal(scaleTargetRef.name, 'cats-xception-serve-v2')
  assert.equal(only(manifests, 'Deployment').metadata.name, 'cats-xception-serve-v2')

  const selectors = triggers.flatMap(({ metadata }) => [...metadata.query.matchAll(/\{(.*?)\}/g)].map(([, selector]) => selector))
  assert.deepEqual(new Set(selectors), new Set(['namespace="production",job="xception-serve"']))
  const inSource = scalingQueries().flatMap(({ expr }) => expr.match(/\{/g) ?? [])
  assert.equal(selectors.length, inSource.length, 'every selector has its namespace')
})

test('whatever the Service is called, its series have the job that rules and scaling select', { skip: withoutKustomize }, (t) => {
  const manifests = renderOwn(t, { ...OWN, resources: ['k8s/overlays/full'] })
  const { jobLabel, selector } = only<{ jobLabel: string, selector: { matchLabels: object } }>(manifests, 'ServiceMonitor').spec
  const { labels = {} } = only(manifests, 'Service').metadata
  assert.equal(labels[jobLabel], 'xception-serve')
  for (const pair of Object.entries(selector.matchLabels)) assert.ok(Object.entries(labels).some((label) => String(label) === String(pair)))
  const selected = [...alerts(), ...scalingQueries()].flatMap(({ expr }) => [...expr.matchAll(/job="(.*?)"/g)].map(([, job]) => job))
  assert.deepEqual(new Set(selected), new Set(['xception-serve']))
})

test('an InferenceService with a prefix and a suffix names its own runtime', { skip: withoutKustomize }, (t) => {
  const manifests = renderOwn(t, { ...OWN, resources: ['k8s/overlays/kserve'] })
  const { predictor } = only<{ predictor: { model: { runtime: string } } }>(manifests, 'InferenceService').spec
  assert.equal(predictor.model.runtime, only(manifests, 'ServingRuntime').metadata.name)
})

test('on OpenShift no pod names a user or a group, whatever it is made of', { skip: withoutKustomize }, (t) => {
  const overlays = ['k8s/overlays/cpu', 'k8s/overlays/batch', 'k8s/overlays/kserve']
  const manifests = overlays.flatMap((overlay) => renderOwn(t, { resources: [overlay], components: ['k8s/components/openshift'] }))
  const contexts = manifests.map(({ spec }) => JSON.stringify(spec)).filter((spec) => spec?.includes('"runAsNonRoot":true'))
  assert.equal(contexts.length, overlays.length)
  for (const context of contexts) assert.doesNotMatch(context, /runAsUser|runAsGroup|"fsGroup"/)
})
