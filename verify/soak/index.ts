import { parseArgs } from 'node:util'
import { formatTable } from '../table.js'
import { memorySlope } from './growth.js'
import { soak } from './run.js'

/*
 * Does the service keep its word for a long time, whatever befalls it? Mixed traffic with faults at random; every request has
 * one definite answer, the counts of /metrics equal what clients saw, and nothing grows.
 */
const HELP = `Usage: npm run soak -- [options]

  --minutes N   for how long (30)
  --seed S      what clients do, and what befalls the server, is drawn from it (1)

Ends with 1 if anything was wrong.
`
const MINUTE_MS = 60_000
const ACTIONS = 600

const { values } = parseArgs({ options: { help: { type: 'boolean' }, minutes: { type: 'string' }, seed: { type: 'string' } } })
if (values.help === true) {
  process.stdout.write(HELP)
} else {
  const minutes = Number(values.minutes ?? 30)
  const { ledger, checkpoints, faults } = await soak({
    seed: Number(values.seed ?? 1),
    actions: ACTIONS,
    goesOn: (_rounds, elapsedMs) => elapsedMs < minutes * MINUTE_MS,
    onCheckpoint: ({ minutes: passed, requests, rssMiB, handles, threads, processes }) => {
      const held = `${rssMiB} MiB, ${handles} handles, ${threads} threads, ${processes} processes`
      print(`${passed.toFixed(1)} min: ${requests} requests; ${held}`)
    }
  })
  print('')
  print(formatTable({ header: ['outcome', 'requests', 'images'], rows: rowsOf(ledger.requests, ledger.images) }))
  print(`Left before their answer, counted once each: ${ledger.uncertain}`)
  for (const [fault, times] of Object.entries(faults)) print(`${fault}: ${times} times`)
  print(`Memory after warming up: ${memorySlope(checkpoints).toFixed(0)} MiB an hour`)
  for (const violation of ledger.violations) print(`WRONG: ${violation}`)
  print(ledger.violations.length === 0 ? 'All is well.' : `${ledger.violations.length} things were wrong.`)
  process.exitCode = ledger.violations.length === 0 ? 0 : 1
}

function rowsOf (requests: Readonly<Record<string, number>>, images: Readonly<Record<string, number>>): string[][] {
  const outcomes = [...new Set([...Object.keys(requests), ...Object.keys(images)])].sort()
  return outcomes.map((outcome) => [outcome, String(requests[outcome] ?? 0), String(images[outcome] ?? 0)])
}

function print (line: string): void {
  process.stdout.write(`${line}\n`)
}
