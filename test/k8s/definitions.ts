import { readFileSync, readdirSync } from 'node:fs'
import { Errors } from 'typebox/schema'
import { parse } from 'yaml'
import { shared } from '../support/shared.js'
import type { Manifest } from './kustomize.js'

/** As far as it matters here: https://kubernetes.io/docs/reference/kubernetes-api/extend-resources/custom-resource-definition-v1 */
interface Definition {
  readonly spec: {
    readonly group: string
    readonly names: { readonly kind: string }
    readonly versions: ReadonlyArray<{ readonly name: string, readonly schema: { readonly openAPIV3Schema: Schema } }>
  }
}
type Schema = Readonly<Record<string, unknown>>

/** What a manifest breaks of the definition of its kind in ../shared, fields that the definition does not have included. */
export function definitionErrors (manifest: Manifest): string[] {
  const [, errors] = Errors(strict(schemaOf(manifest)) as Schema, manifest)
  return errors.map(({ instancePath, message }) => `${instancePath}: ${message}`)
}

function schemaOf ({ apiVersion, kind }: Manifest): Schema {
  const folder = shared('kube/crds/')
  const definitions = readdirSync(folder).map((file) => parse(readFileSync(folder + file, 'utf8')) as Definition)
  const versions = definitions.filter(({ spec }) => spec.names.kind === kind && apiVersion.startsWith(`${spec.group}/`))
    .flatMap(({ spec }) => spec.versions.filter(({ name }) => apiVersion === `${spec.group}/${name}`))
  const [version] = versions
  if (version === undefined) throw new Error(`no definition is known for ${apiVersion} ${kind}`)
  return version.schema.openAPIV3Schema
}

/** With unknown fields forbidden, as `kubectl apply --validate=strict` does. */
function strict (schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(strict)
  if (typeof schema !== 'object' || schema === null) return schema
  const inner = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, strict(value)]))
  const isClosed = 'properties' in schema && !('x-kubernetes-preserve-unknown-fields' in schema) && !('additionalProperties' in schema)
  return isClosed && 'type' in schema ? { ...inner, additionalProperties: false } : inner
}
