#!/usr/bin/env node
// Writes the Prometheus Operator's form of monitoring/rules, which is the source: npm run generate runs it.
import { readFileSync, writeFileSync } from 'node:fs'
import { parse, stringify } from 'yaml'

const at = path => new URL(`../${path}`, import.meta.url)
const groups = ['recording', 'alerts'].flatMap(name => parse(readFileSync(at(`monitoring/rules/${name}.yml`), 'utf8')).groups)
const rule = {
  apiVersion: 'monitoring.coreos.com/v1',
  kind: 'PrometheusRule',
  metadata: { name: 'xception-serve', labels: { 'app.kubernetes.io/name': 'xception-serve' } },
  spec: { groups }
}
const target = at('k8s/components/prometheus-operator/prometheusrule.yaml')
writeFileSync(target, `# Made from monitoring/rules by npm run generate.\n${stringify(rule)}`)
