import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { withoutShared } from '../support/shared.js'
import { definitionErrors } from './definitions.js'
import { KUSTOMIZATIONS, render, withoutKustomize, type Manifest } from './kustomize.js'

/*
 * The schemas that the Kubernetes API, KEDA and the Prometheus Operator publish, twice: their validators find what is
 * missing, mistyped or malformed, and their types find fields that do not exist, which the validators let pass.
 */
const PACKAGES = [
  { package: 'kubernetes-models', groups: ['v1', 'apps/v1', 'batch/v1', 'policy/v1', 'autoscaling/v2', 'networking.k8s.io/v1'] },
  { package: '@kubernetes-models/keda', groups: ['keda.sh/v1alpha1'] },
  { package: '@kubernetes-models/prometheus-operator', groups: ['monitoring.coreos.com/v1'] }
] as const

const require = createRequire(import.meta.url)
type ModelClass = new (data: unknown) => { validate (): void }

function modelPath ({ apiVersion, kind }: Manifest): string {
  const known = PACKAGES.find(({ groups }) => groups.some((group) => group === apiVersion))
  if (known === undefined) throw new Error(`no schemas are known for ${apiVersion} ${kind}`)
  return `${known.package}/${apiVersion}/${kind}`
}

function validate (manifest: Manifest): void {
  const Model = (require(modelPath(manifest)) as Record<string, ModelClass>)[manifest.kind]
  if (Model === undefined) throw new Error(`no schema is known for ${manifest.apiVersion} ${manifest.kind}`)
  new Model(manifest).validate()
}

/** What the compiler says of the manifests as literals of their types. */
function typeErrors (manifests: readonly Manifest[]): string[] {
  const source = manifests.map((manifest, index) => [
    `import type { I${manifest.kind} as T${index} } from '${modelPath(manifest)}'`,
    `export const object${index}: T${index} = ${JSON.stringify(manifest, null, 1)}\n`
  ].join('\n')).join('')
  // A file that exists nowhere, beside this one, so that packages are found.
  const name = fileURLToPath(new URL('manifests.ts', import.meta.url))
  const options: ts.CompilerOptions = {
    module: ts.ModuleKind.CommonJS,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    types: [],
    target: ts.ScriptTarget.ES2022
  }
  const host = ts.createCompilerHost(options)
  const { fileExists, readFile, getSourceFile } = host
  host.fileExists = (path) => path === name || fileExists(path)
  host.readFile = (path) => path === name ? source : readFile(path)
  host.getSourceFile = (path, ...rest) => {
    return path === name ? ts.createSourceFile(path, source, ts.ScriptTarget.ES2022, true) : getSourceFile(path, ...rest)
  }
  return ts.getPreEmitDiagnostics(ts.createProgram([name], options, host)).map(({ messageText, file, start }) => {
    const line = file === undefined || start === undefined ? '' : file.text.slice(start, file.text.indexOf('\n', start))
    return `${ts.flattenDiagnosticMessageText(messageText, '\n')}: ${line}`
  })
}

// KServe publishes its definitions alone.
for (const kustomization of KUSTOMIZATIONS.filter((name) => name !== 'overlays/kserve')) {
  test(`k8s/${kustomization} renders to what the published schemas allow`, { skip: withoutKustomize }, () => {
    const manifests = render(kustomization)
    assert.ok(manifests.length > 0)
    for (const manifest of manifests) validate(manifest)
    assert.deepEqual(typeErrors(manifests), [])
  })
}

test('the schemas find a wrong value, a missing field and a field that does not exist', { skip: withoutKustomize }, () => {
  const [deployment] = render('base').filter(({ kind }) => kind === 'Deployment')
  assert.ok(deployment !== undefined)
  type Spec = { selector?: unknown, strategy: { type: unknown }, template: { spec: Record<string, unknown> } }
  const changed = (change: (spec: Spec) => void): Manifest => {
    const copy = structuredClone(deployment)
    change(copy.spec as Parameters<typeof change>[0])
    return copy
  }
  assert.throws(() => { validate(changed((spec) => { delete spec.selector })) }, /selector/)
  assert.throws(() => { validate(changed((spec) => { spec.strategy.type = 5 })) }, /strategy/)
  const [error, ...others] = typeErrors([changed((spec) => { spec.template.spec.terminationGracePeriod = 45 })])
  assert.match(error ?? '', /"terminationGracePeriod"' does not exist/)
  assert.deepEqual(others, [])
})

test('k8s/overlays/kserve keeps to KServe\'s definitions', { skip: withoutKustomize || withoutShared }, () => {
  const manifests = render('overlays/kserve')
  assert.deepEqual(manifests.map(({ kind }) => kind).sort(), ['InferenceService', 'ServingRuntime'])
  for (const manifest of manifests) {
    assert.deepEqual(definitionErrors(manifest), [])
    assert.match(definitionErrors({ ...manifest, spec: { ...manifest.spec as object, modell: 1 } }).join(), /\/spec/)
  }
})
