import { execFileSync, spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseAllDocuments } from 'yaml'

/** An object as the cluster gets it; what it holds is for the schemas and the tests to say. */
export interface Manifest {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string, readonly labels?: Readonly<Record<string, string>> }
  readonly spec?: unknown
  readonly data?: Readonly<Record<string, string>>
}

export const K8S = fileURLToPath(new URL('../../../k8s/', import.meta.url))

const COMMANDS = [['kustomize', 'build'], ['kubectl', 'kustomize']] as const
const command = COMMANDS.find(([name]) => spawnSync(name, ['version', '--client']).error === undefined)

/** For a test's `skip` option: false, or the reason. */
export const withoutKustomize: string | false = command === undefined ? 'neither kustomize nor kubectl is installed' : false

/** Every folder that can be applied: `base` and the overlays, as paths under k8s/. */
export const KUSTOMIZATIONS: readonly string[] = ['base', ...readdirSync(`${K8S}overlays`).sort().map((name) => `overlays/${name}`)]

/** Those that are the service's own Deployment with what belongs to it. */
export const SERVICES: readonly string[] = KUSTOMIZATIONS.filter((path) => !['overlays/batch', 'overlays/kserve'].includes(path))

/** The YAML that `kubectl apply -k` would send. Throws with kustomize's own message. */
export function renderText (kustomization: string): string {
  if (command === undefined) throw new Error('neither kustomize nor kubectl is installed')
  return execFileSync(command[0], [command[1], K8S + kustomization], { encoding: 'utf8' })
}

export function render (kustomization: string): Manifest[] {
  return parseAllDocuments(renderText(kustomization)).map((document) => document.toJS() as Manifest)
}
