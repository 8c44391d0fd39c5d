import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parse, parseAllDocuments } from 'yaml'

/** One PromQL expression and where it stands. */
export interface Query {
  readonly where: string
  readonly expr: string
}
export interface Alert extends Query {
  readonly name: string
  readonly runbook: string
}
interface Rule {
  readonly record?: string
  readonly alert?: string
  readonly expr: string
  readonly annotations?: Readonly<Record<string, string>>
}
interface RuleFile { readonly groups: ReadonlyArray<{ readonly name: string, readonly rules: readonly Rule[] }> }
interface Panel { readonly title: string, readonly targets?: ReadonlyArray<{ readonly expr: string }> }
interface Dashboard { readonly panels: readonly Panel[] }

export const MONITORING = fileURLToPath(new URL('../../../monitoring/', import.meta.url))
const KEDA = fileURLToPath(new URL('../../../k8s/components/keda/scaledobject.yaml', import.meta.url))

export const ruleFile = (name: 'recording' | 'alerts'): RuleFile =>
  parse(readFileSync(`${MONITORING}rules/${name}.yml`, 'utf8')) as RuleFile
const rulesOf = (name: 'recording' | 'alerts'): RuleFile['groups'][number]['rules'] => ruleFile(name).groups.flatMap(({ rules }) => rules)

/** `where` is the name of the series that the rule makes. */
export const recordingRules = (): Query[] => rulesOf('recording').map(({ record = '', expr }) => ({ where: record, expr }))

export const alerts = (): Alert[] => rulesOf('alerts').map(({ alert = '', expr, annotations = {} }) => {
  return { where: `alert ${alert}`, name: alert, expr, runbook: annotations.runbook_url ?? '' }
})

/** The dashboard's queries with its variables filled in as Grafana would. */
export function dashboardQueries (): Query[] {
  const { panels } = JSON.parse(readFileSync(`${MONITORING}grafana/xception-serve.json`, 'utf8')) as Dashboard
  const filledIn = (expr: string): string => Object.entries({ $namespace: '', $job: 'xception-serve', $__rate_interval: '1m' })
    .reduce((filled, [variable, value]) => filled.replaceAll(variable, value), expr)
  return panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => ({ where: `panel ${title}`, expr: filledIn(expr) })))
}

/** As they are where there is no namespace: beside a Prometheus outside of Kubernetes. */
export function scalingQueries (): Query[] {
  interface ScaledObject { readonly spec: { readonly triggers: Array<{ name: string, metadata: { query: string } }> } }
  const [scaledObject] = parseAllDocuments(readFileSync(KEDA, 'utf8')).map((document) => document.toJS() as ScaledObject)
  return (scaledObject?.spec.triggers ?? []).map(({ name, metadata: { query } }) => {
    return { where: `trigger ${name}`, expr: query.replaceAll('namespace="default"', 'namespace=""') }
  })
}
