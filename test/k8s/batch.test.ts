import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readConfig } from '../../src/config.js'
import { interruptedBy } from '../../src/cli/exit-codes.js'
import { parseShard } from '../../src/cli/folder/shard.js'
import { xception } from '../support/command.js'
import { render, withoutKustomize } from './kustomize.js'

interface FailureRule { readonly action: string, readonly onExitCodes?: { readonly values: number[] } }
interface JobSpec {
  readonly completionMode: string
  readonly completions: number
  readonly parallelism: number
  readonly podFailurePolicy: { readonly rules: readonly FailureRule[] }
  readonly template: {
    readonly metadata: { readonly labels: Readonly<Record<string, string>> }
    readonly spec: {
      readonly containers: ReadonlyArray<{
        readonly command: readonly string[]
        readonly args: readonly string[]
        readonly env: ReadonlyArray<{ readonly name: string, readonly value?: string }>
        readonly volumeMounts: ReadonlyArray<{ readonly mountPath: string, readonly readOnly?: boolean }>
      }>
    }
  }
}

function jobOf (overlay: string): JobSpec {
  const job = render(overlay).find(({ kind }) => kind === 'Job')
  assert.ok(job !== undefined)
  return job.spec as JobSpec
}

test('the Job gives each index its shard and its file, and the command takes its arguments', { skip: withoutKustomize }, () => {
  const { completionMode, completions, parallelism, template } = jobOf('overlays/batch')
  const [container, ...others] = template.spec.containers
  assert.ok(container !== undefined && others.length === 0)
  assert.equal(completionMode, 'Indexed')
  assert.ok(parallelism <= completions)
  const variables = new Map(container.env.map(({ name, value }) => [name, value]))
  assert.equal(variables.get('SHARDS'), String(completions))
  readConfig({ ...Object.fromEntries(variables), TENSORFLOW_THREADS: '2' })

  const outputs = Array.from({ length: completions }, (_, index) => {
    const args = container.args.map((arg) => expand(arg, new Map([...variables, ['JOB_COMPLETION_INDEX', String(index)]])))
    const value = (name: string): string => args.find((arg) => arg.startsWith(`--${name}=`))?.slice(name.length + 3) ?? ''
    assert.deepEqual(parseShard(value('shard')), { index, count: completions })
    return value('output')
  })
  assert.equal(new Set(outputs).size, completions)
  const mounts = new Map(container.volumeMounts.map(({ mountPath, readOnly }) => [mountPath, readOnly === true]))
  assert.deepEqual([mounts.get('/pictures'), mounts.get('/results')], [true, false])
  assert.ok(outputs.every((output) => output.startsWith('/results/')))
  // There is no such folder here, which is found after the arguments are read.
  const { status, stderr } = xception(container.args.map((arg) => expand(arg, new Map([...variables, ['JOB_COMPLETION_INDEX', '0']]))))
  assert.deepEqual([status, stderr], [2, '/pictures is not a folder.\n'])
})

/** As the kubelet does. */
function expand (text: string, variables: ReadonlyMap<string, string | undefined>): string {
  return text.replace(/\$\((\w+)\)/g, (reference, name: string) => variables.get(name) ?? reference)
}

test('a shard that was cut short is tried again, one that is done or wrong is not', { skip: withoutKustomize }, () => {
  const { podFailurePolicy } = jobOf('overlays/batch')
  const rules = podFailurePolicy.rules.filter(({ action }) => action === 'FailIndex')
  const final = rules.flatMap(({ onExitCodes }) => onExitCodes?.values ?? [])
  assert.deepEqual(final, [1, 2])
  assert.ok(!final.includes(interruptedBy('SIGTERM')))
})

test('no Service of the service sends requests to the Job\'s pods', { skip: withoutKustomize }, () => {
  const { labels } = jobOf('overlays/batch').template.metadata
  const service = render('base').find(({ kind }) => kind === 'Service')?.spec as { selector: Record<string, string> }
  assert.ok(Object.entries(service.selector).some(([key, value]) => labels[key] !== value))
})
